import { optionSpec, type OptionName } from '../commands/options.ts';
import { UserError } from '../errors.ts';
import type { SwitchTable } from './switches.ts';
import { suggest } from './suggest.ts';

/** A command line in one form: `--long=value` for each switch, then the words that are none. */
export interface NormalisedArguments {
  readonly switches: readonly string[];
  readonly words: readonly string[];
  /** Words that stand right behind a boolean switch without a value: meant as its value, perhaps. */
  readonly doubtful: readonly { readonly token: string; readonly word: string }[];
}

export interface NormaliseRequest {
  readonly table: SwitchTable;
  /** For the hint of an unknown switch. */
  readonly commandName: string;
  /** Which other commands know a switch that this one does not. */
  readonly othersWith: (spelling: string) => readonly string[];
}

/**
 * Brings the spellings of the reference tool into the one that the parser knows: switches with several letters after one
 * dash, in any case; values as the next word or after `=`; booleans with or without a value; `/p:…` for MSBuild.
 * Throws UserError USAGE for an unknown switch or a missing value.
 */
export function normaliseArguments(args: readonly string[], request: NormaliseRequest): NormalisedArguments {
  const switches: string[] = [];
  const words: string[] = [];
  const msbuild: string[] = [];
  const doubtful: { token: string; word: string }[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const token = args[index] ?? '';
    if (token === '--') {
      words.push(...args.slice(index + 1));
      break;
    }
    if (/^\/p:/i.test(token) && request.table.has('--msbuild-parameters')) {
      msbuild.push(token);
    } else if (isSwitch(token)) {
      const read = readSwitch(token, args[index + 1], request);
      switches.push(read.text);
      if (read.usedNext) index += 1;
      const next = args[index + 1];
      if (read.open && next !== undefined && !isSwitch(next)) doubtful.push({ token, word: next });
    } else {
      words.push(token);
    }
  }
  return { switches: msbuild.length === 0 ? switches : appendMsbuild(switches, msbuild.join(' ')), words, doubtful };
}

/** A dash alone is a value (stdin or stdout), and so is a negative number. */
export function isSwitch(token: string): boolean {
  return token.startsWith('-') && token !== '-' && !/^-\d/.test(token);
}

/** Splits `--switch=value`. */
export function splitSwitch(token: string): { readonly spelling: string; readonly value: string | undefined } {
  const equals = token.indexOf('=');
  return equals < 0
    ? { spelling: token.toLowerCase(), value: undefined }
    : { spelling: token.slice(0, equals).toLowerCase(), value: token.slice(equals + 1) };
}

interface ReadSwitch {
  readonly text: string;
  readonly usedNext: boolean;
  /** A boolean switch without a value. */
  readonly open?: boolean;
}

function readSwitch(token: string, next: string | undefined, request: NormaliseRequest): ReadSwitch {
  const { spelling, value } = splitSwitch(token);
  const meaning = request.table.get(spelling);
  if (meaning === undefined) throw unknownSwitch(token, spelling, request);
  const { name, negated } = meaning;
  if (optionSpec(name).type === 'boolean') {
    const word = value ?? (next !== undefined && /^\s*(true|false)\s*$/i.test(next) ? next : undefined);
    if (negated && word !== undefined) throw new UserError('USAGE', `${token} takes no value`, { hint: `Write --${name} ${word}` });
    if (word === undefined && !negated && next !== undefined && looksLikeValue(next, name)) throw notBoolean(token, next);
    const text = `--${name}=${negated ? 'false' : (word ?? 'true')}`;
    return { text, usedNext: value === undefined && word !== undefined, open: word === undefined && !negated };
  }
  if (value !== undefined) return { text: `--${name}=${value}`, usedNext: false };
  if (next === undefined || request.table.has(splitSwitch(next).spelling)) {
    throw new UserError('USAGE', `${token} needs a value${next === undefined ? '' : `, but ${next} follows`}`, {
      hint: `${token} ${optionSpec(name).value ?? 'VALUE'}`,
    });
  }
  return { text: `--${name}=${next}`, usedNext: true };
}

/** A word that cannot be anything but the value of the boolean switch before it: that switch alone would say nothing new. */
function looksLikeValue(next: string, name: OptionName): boolean {
  return /^(yes|no|y|n|on|off|0|1)$/i.test(next) || (optionSpec(name).default === true && !isSwitch(next));
}

/** The error for a boolean switch with a value that is none. */
export function notBoolean(token: string, word: string): UserError {
  return new UserError('USAGE', `${token} takes true or false, not "${word}"`, { hint: `Write ${token} true or ${token} false` });
}

function unknownSwitch(token: string, spelling: string, request: NormaliseRequest): UserError {
  const near = suggest(spelling, [...request.table.keys()]);
  const others = request.othersWith(spelling);
  const hint =
    near !== undefined
      ? `Did you mean ${near}?`
      : others.length > 0
        ? `It is a switch of ${others.join(', ')}`
        : `lambda-tool ${request.commandName} --help lists its switches`;
  return new UserError('USAGE', `Unknown switch ${splitSwitchName(token)} for ${request.commandName}`, { hint });
}

function splitSwitchName(token: string): string {
  return token.split('=', 1)[0] ?? token;
}

function appendMsbuild(switches: readonly string[], text: string): string[] {
  const prefix = '--msbuild-parameters=';
  const at = switches.findLastIndex((item) => item.startsWith(prefix));
  const known = at < 0 ? '' : `${switches[at]?.slice(prefix.length)} `;
  return [...switches.filter((_, index) => index !== at), `${prefix}${known}${text}`];
}
