/** "0.4 s", "38.2 s", "1 min 34 s". */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** "1 file", "2 files". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const AGES: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "2 hours ago", "just now"; what lies ahead (another clock) is now as well. */
export function formatAge(then: Date, now: number): string {
  const age = now - then.getTime();
  const [unit, ms] = AGES.find(([, length]) => age >= length) ?? ['', 0];
  return ms === 0 ? 'just now' : `${plural(Math.floor(age / ms), unit)} ago`;
}
