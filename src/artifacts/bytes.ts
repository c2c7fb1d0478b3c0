const UNITS = ['B', 'KB', 'MB', 'GB'] as const;

/** A size for people: `812 B`, `1.9 MB`, `250 MB`. Counts in 1024s, as AWS's limits do. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? 'B'}`;
}
