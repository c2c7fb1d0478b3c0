import type { Command } from '../commands/define.ts';
import { AWS_OPTIONS, COMMON_OPTIONS, OPTIONS, optionSpec, type OptionName } from '../commands/options.ts';

/** Every switch that a command takes, by each of its spellings in lower case (`--stack-name`, `-sn`). */
export type SwitchTable = ReadonlyMap<string, SwitchMeaning>;

export interface SwitchMeaning {
  readonly name: OptionName;
  /** `--no-recreate` stands for `--recreate false`. */
  readonly negated: boolean;
}

/** The options of a command: its own, then those that all take. */
export function optionsOf(command: Command): readonly OptionName[] {
  return [...new Set<OptionName>([...command.options, ...(command.aws ? AWS_OPTIONS : []), ...COMMON_OPTIONS])];
}

export function switchTable(names: readonly OptionName[]): SwitchTable {
  const table = new Map<string, SwitchMeaning>();
  for (const name of names) {
    const spec = optionSpec(name);
    for (const long of [name, ...(spec.aliases ?? [])]) {
      table.set(`--${long}`, { name, negated: false });
      if (spec.type === 'boolean') table.set(`--no-${long}`, { name, negated: true });
    }
    if (spec.short !== undefined) table.set(`-${spec.short}`, { name, negated: false });
  }
  return table;
}

/** All switches of all commands, for finding the command among them. */
export function everySwitch(): SwitchTable {
  return switchTable(Object.keys(OPTIONS) as OptionName[]);
}
