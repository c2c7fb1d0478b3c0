/** What the process ends with; the table in `--help` and in the docs. */
export const EXIT = { done: 0, failed: 1, usage: 2, changes: 3, functionError: 4, interrupted: 130 } as const;
