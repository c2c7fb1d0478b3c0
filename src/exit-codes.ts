/** What the process ends with; the table in `--help` and in the docs. */
export const EXIT = { done: 0, failed: 1, usage: 2, changes: 3, functionError: 4, interrupted: 130 } as const;

export type ExitName = keyof typeof EXIT;

const RARE: Partial<Readonly<Record<ExitName, readonly string[]>>> = { changes: ['fail', 'fail-on-changes'], functionError: [] };

/** The exit codes that a command with these switches may end with; some belong to switches. */
export function exitNamesOf(options: readonly string[]): ExitName[] {
  return (Object.keys(EXIT) as ExitName[]).filter((name) => RARE[name]?.some((option) => options.includes(option)) ?? true);
}
