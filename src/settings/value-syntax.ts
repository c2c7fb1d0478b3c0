import { UserError } from '../errors.ts';

/**
 * Reads `k=v;k2=v2` by the rules of the reference tool: only the first `=` splits, a `"` protects a token only as its
 * first character, nothing is trimmed, the last of a repeated name wins. Throws UserError USAGE.
 */
export function parseMap(text: string, name: string): Record<string, string> {
  const result: Record<string, string> = Object.create(null) as Record<string, string>;
  let position = 0;
  while (position < text.length) {
    const key = readToken(text, position, '=', name);
    const value = readToken(text, key.next, ';', name);
    if (key.token === '') throw new UserError('USAGE', `${name}: a name is missing before "=" in "${text}"`, mapHint(name));
    result[key.token] = value.token;
    position = value.next;
  }
  return result;
}

function readToken(text: string, start: number, separator: string, name: string): { token: string; next: number } {
  if (text[start] === '"') {
    const close = text.indexOf('"', start + 1);
    if (close < 0) throw new UserError('USAGE', `${name}: the quote in "${text.slice(start)}" is not closed`, mapHint(name));
    const end = text.indexOf(separator, close + 1);
    return { token: text.slice(start + 1, close), next: end < 0 ? text.length : end + 1 };
  }
  const end = text.indexOf(separator, start);
  return end < 0 ? { token: text.slice(start), next: text.length } : { token: text.slice(start, end), next: end + 1 };
}

function mapHint(name: string): { hint: string } {
  return { hint: `${name} takes name=value pairs separated by ";", as one shell word: ${name} "A=1;B=2"` };
}

/**
 * The written form of a map, names and values in quotes, as the reference tool saves it. A text with a quote in it goes
 * without them, where the syntax can hold it at all: undefined where it cannot.
 */
export function formatMap(map: Readonly<Record<string, string>>): string | undefined {
  const pairs = Object.entries(map).map(([key, value]) => [formatToken(key, '='), formatToken(value, ';')]);
  return pairs.some((pair) => pair.includes(undefined)) ? undefined : pairs.map((pair) => pair.join('=')).join(';');
}

function formatToken(text: string, separator: string): string | undefined {
  if (!text.includes('"')) return `"${text}"`;
  return text.startsWith('"') || text.includes(separator) ? undefined : text;
}

/** Splits at commas and drops empty items; items are not trimmed and cannot hold a comma. */
export function parseList(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}

/** `true` or `false` in any case, blanks around it allowed. Throws UserError USAGE. */
export function parseBoolean(text: string, name: string): boolean {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  throw new UserError('USAGE', `${name} takes true or false, not "${text}"`);
}

export interface IntegerBounds {
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A whole number of 32 bits, as the reference tool takes them. Throws UserError USAGE. */
export function parseInteger(text: string, name: string, { minimum, maximum }: IntegerBounds = {}): number {
  const value = Number(text.trim());
  if (!/^\s*[-+]?\d+\s*$/.test(text) || Math.abs(value) > 0x7fffffff) {
    throw new UserError('USAGE', `${name} takes a whole number, not "${text}"`);
  }
  if (minimum !== undefined && value < minimum) throw new UserError('USAGE', `${name} must be at least ${minimum}, not ${value}`);
  if (maximum !== undefined && value > maximum) throw new UserError('USAGE', `${name} must be at most ${maximum}, not ${value}`);
  return value;
}

/** Replaces `$(NAME)` by the environment variable NAME; unknown names stay as written. */
export function expandEnvironment(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\$\(([^()]+)\)/g, (whole, name: string) => env[name] ?? whole);
}
