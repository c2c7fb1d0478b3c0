import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Puts colours around text, or leaves it alone. */
export type Style = (format: Format, text: string) => string;

export interface ColorRequest {
  /** `--color` or `--no-color`; undefined when neither was given. */
  readonly option: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/** NO_COLOR and FORCE_COLOR as their conventions say; a switch beats both. */
export function wantsColor({ option, env, isTerminal }: ColorRequest): boolean {
  if (option !== undefined) return option;
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '') return env['FORCE_COLOR'] !== '0';
  return isTerminal && env['TERM'] !== 'dumb';
}

export function createStyle(color: boolean): Style {
  return color ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text;
}
