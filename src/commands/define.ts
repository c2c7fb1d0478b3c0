import type { Context } from '../context.ts';
import type { AwsOption, CommonOption, OptionName, OptionValues } from './options.ts';

/** A word on the command line that is no switch. */
export interface PositionalSpec {
  readonly name: string;
  readonly describe: string;
  readonly required?: boolean;
  /** Takes all the words that follow. */
  readonly variadic?: boolean;
  /** The switch whose value it gives when the switch itself is not there. */
  readonly option?: OptionName;
}

export interface Example {
  readonly command: string;
  readonly describe: string;
}

export interface Command {
  /** One word, or two (`bucket create`). */
  readonly name: string;
  readonly summary: string;
  readonly group: CommandGroup;
  readonly positionals: readonly PositionalSpec[];
  readonly options: readonly OptionName[];
  readonly examples: readonly Example[];
  /** Whether the switches for credentials and endpoints are taken as well. */
  readonly aws: boolean;
  /** Keys that --persist-config-file saves, besides region and profile. */
  readonly persist: readonly OptionName[];
  run(options: Readonly<Record<string, unknown>>, context: Context): Promise<number | void>;
}

export const COMMAND_GROUPS = ['Applications', 'Buckets', 'Projects', 'Local target'] as const;
export type CommandGroup = (typeof COMMAND_GROUPS)[number];

/** What `run` is given: the values of the options `N`, and of those that every command takes. */
export type RunOptions<N extends OptionName, Aws extends boolean> = OptionValues<
  N | CommonOption | (Aws extends true ? AwsOption : never)
> & {
  readonly positionals: readonly string[];
};

interface CommandDefinition<N extends OptionName, Aws extends boolean> {
  readonly name: string;
  readonly summary: string;
  readonly group: CommandGroup;
  readonly positionals?: readonly PositionalSpec[];
  readonly options: readonly N[];
  readonly examples: readonly Example[];
  readonly aws: Aws;
  readonly persist?: readonly NoInfer<N>[];
  /**
   * The steps of the command. Answers with an exit code other than 0 where the outcome is no error but not plain success. What it does the
   * work with is imported by it: the definitions of all commands are loaded for every run.
   */
  run(options: RunOptions<N, Aws>, context: Context): Promise<number | void>;
}

/** Makes a command whose `run` is given its options with their types. */
export function defineCommand<const N extends OptionName, const Aws extends boolean>(definition: CommandDefinition<N, Aws>): Command {
  return {
    ...definition,
    positionals: definition.positionals ?? [],
    persist: definition.persist ?? [],
    run: (options, context) => definition.run(options as never, context),
  };
}
