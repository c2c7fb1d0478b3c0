/** What kind of value a switch takes; see `docs/configuration.md` for the syntax of each. */
export type OptionType = 'string' | 'boolean' | 'number' | 'list' | 'map';

/** Headings of `--help`, in their order there. */
export const OPTION_GROUPS = ['Stack', 'Template', 'Artifacts', 'Project', 'Local target', 'AWS', 'Settings', 'Output'] as const;
export type OptionGroup = (typeof OPTION_GROUPS)[number];

/** One switch: the only place where it is described. Parser, types, help, defaults file and docs are made from it. */
export interface OptionSpec {
  readonly type: OptionType;
  /** Without its dash; may have several letters (`sn`). */
  readonly short?: string;
  /** What stands for the value in help (`NAME`). Booleans have none. */
  readonly value?: string;
  readonly describe: string;
  readonly group: OptionGroup;
  readonly choices?: readonly string[];
  /** Shown in help and used when nothing else gives a value. */
  readonly default?: string | boolean | number;
  /** False: never read from the defaults file. */
  readonly inFile?: false;
  /** False: never written by --persist-config-file. */
  readonly persist?: false;
  /** How a person is asked for it, when a command needs it. */
  readonly question?: string;
  /** The value is a secret: it is not shown anywhere. */
  readonly secret?: true;
  /** Other long names that mean the same. */
  readonly aliases?: readonly string[];
  /** A number has to be at least this. */
  readonly minimum?: number;
  /** And at most this. */
  readonly maximum?: number;
}

export type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : S;

export interface OptionTypes {
  string: string;
  boolean: boolean;
  number: number;
  list: readonly string[];
  map: Readonly<Record<string, string>>;
}

export type OptionValue = OptionTypes[OptionType];

/** `stack-name` → `stackName`. */
export function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** `stack-name` → `LAMBDA_TOOL_STACK_NAME`. */
export function environmentName(name: string): string {
  return `LAMBDA_TOOL_${name.replaceAll('-', '_').toUpperCase()}`;
}
