import { UserError } from '../errors.ts';

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/** `30d`, `12h`, `45m`, `90s` or `0` in milliseconds. Throws UserError USAGE. */
export function parseAge(text: string, name: string): number {
  const parts = /^\s*(\d{1,6})\s*([dhms]?)\s*$/i.exec(text);
  const count = Number(parts?.[1]);
  const unit = UNITS[parts?.[2]?.toLowerCase() ?? ''];
  if (parts !== null && count === 0) return 0;
  if (parts !== null && unit !== undefined) return count * unit;
  throw new UserError('USAGE', `${name} takes an age like 30d, 12h or 45m, not "${text}"`);
}
