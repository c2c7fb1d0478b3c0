import { environmentName, camelCase, type OptionSpec, type OptionValue } from '../commands/option-spec.ts';
import { optionSpec, type OptionName } from '../commands/options.ts';
import { UserError } from '../errors.ts';
import type { DefaultsFile } from './defaults-file.ts';
import { expandEnvironment, parseBoolean, parseInteger, parseList, parseMap } from './value-syntax.ts';

export type SettingSource = 'command line' | 'environment' | 'defaults file' | 'default' | 'asked';

export interface Setting {
  readonly name: OptionName;
  readonly value: OptionValue | undefined;
  /** As it was written, before `$(NAME)` was replaced: what --persist-config-file saves. */
  readonly written: OptionValue | undefined;
  readonly source: SettingSource | undefined;
  /** Which variable or file: for --explain-settings and for messages. */
  readonly origin: string | undefined;
}

/** All settings of a run: flags, environment, defaults file and defaults, in that order. */
export interface Settings {
  readonly all: ReadonlyMap<OptionName, Setting>;
  readonly file: DefaultsFile;
  /** Values under camelCase names, as commands get them. */
  readonly values: Readonly<Record<string, OptionValue | undefined>>;
  get(name: OptionName): Setting;
  /** Takes in what a person has answered, so that it is saved with the rest. */
  remember(name: OptionName, answer: string): void;
}

export interface ResolveRequest {
  readonly names: readonly OptionName[];
  /** Raw text by long name, as the parser found it. */
  readonly flags: ReadonlyMap<OptionName, string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: DefaultsFile;
}

/** Works out every setting. Throws UserError USAGE or CONFIG_FILE_INVALID with the switch or key in it. */
export function resolveSettings(request: ResolveRequest): Settings {
  const all = new Map<OptionName, Setting>();
  for (const name of request.names) all.set(name, resolveOne(name, request));
  const values: Record<string, OptionValue | undefined> = {};
  for (const setting of all.values()) values[camelCase(setting.name)] = setting.value;
  const absent = (name: OptionName): Setting => ({ name, value: undefined, written: undefined, source: undefined, origin: undefined });
  return {
    all,
    values,
    file: request.file,
    get: (name) => all.get(name) ?? absent(name),
    remember: (name, answer) => all.set(name, { name, value: answer, written: answer, source: 'asked', origin: 'your answer' }),
  };
}

function resolveOne(name: OptionName, { flags, env, file }: ResolveRequest): Setting {
  const spec = optionSpec(name);
  const make = (written: OptionValue, source: SettingSource, origin: string): Setting => ({
    name,
    written,
    source,
    origin,
    value: typeof written === 'string' && spec.type === 'string' ? expandEnvironment(written, env) : written,
  });

  const flag = flags.get(name);
  if (flag !== undefined) {
    const value = readText(flag, spec, `--${name}`);
    // An empty string is "not set", but an empty list or map is said on purpose.
    if (value !== '') return make(value, 'command line', `--${name}`);
  }
  const variable = environmentName(name);
  const text = env[variable];
  if (text !== undefined && text !== '') return make(readText(text, spec, variable), 'environment', variable);
  if (spec.inFile !== false) {
    const value = readFileValue(file, name, spec);
    if (value !== undefined && value !== '') return make(value, 'defaults file', file.displayName);
  }
  if (spec.default !== undefined) return make(spec.default, 'default', 'built in');
  return { name, value: undefined, written: undefined, source: undefined, origin: undefined };
}

function readText(text: string, spec: OptionSpec, where: string): OptionValue {
  switch (spec.type) {
    case 'string':
      return oneOf(text, spec, where);
    case 'boolean':
      return parseBoolean(text, where);
    case 'number':
      return parseInteger(text, where, spec);
    case 'list':
      return parseList(text);
    case 'map':
      return parseMap(text, where);
  }
}

function oneOf(text: string, spec: OptionSpec, where: string): string {
  if (spec.choices === undefined || text === '') return text;
  const match = spec.choices.find((choice) => choice === text.toLowerCase());
  if (match === undefined) throw new UserError('USAGE', `${where} takes ${listWords(spec.choices)}, not "${text}"`);
  return match;
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/**
 * A value of the defaults file. The reference tool reads only JSON strings for lists and maps; real arrays and objects
 * are taken as well, and so are booleans and numbers in quotes. A value of a wrong type is an error, where the reference
 * tool silently ignores it.
 */
function readFileValue(file: DefaultsFile, name: string, spec: OptionSpec): OptionValue | undefined {
  const key = [name, ...(spec.aliases ?? [])].find((candidate) => Object.hasOwn(file.values, candidate));
  if (key === undefined) return undefined;
  const raw = file.values[key];
  if (raw === null) return undefined;
  const where = `"${key}" in ${file.displayName}`;
  if (typeof raw === 'string') return raw === '' ? undefined : inFile(() => readText(raw, spec, where));
  if (typeof raw === 'boolean' && spec.type === 'boolean') return raw;
  if (typeof raw === 'number') {
    if (spec.type === 'string' && Number.isSafeInteger(raw)) return String(raw);
    if (spec.type === 'number') return inFile(() => parseInteger(String(raw), where, spec));
  }
  if (Array.isArray(raw) && spec.type === 'list') return raw.map((item) => scalar(item, where));
  if (typeof raw === 'object' && !Array.isArray(raw) && spec.type === 'map') {
    return Object.fromEntries(Object.entries(raw).map(([entry, value]) => [entry, scalar(value, `${where}, "${entry}"`)]));
  }
  throw new UserError('CONFIG_FILE_INVALID', `${where} must be a ${spec.type}, not ${JSON.stringify(raw)}`);
}

function scalar(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new UserError('CONFIG_FILE_INVALID', `${where} must hold text, not ${JSON.stringify(value)}`);
}

function inFile<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) throw new UserError('CONFIG_FILE_INVALID', error.message, { hint: error.hint });
    throw error;
  }
}
