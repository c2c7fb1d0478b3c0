import { align } from './align.ts';

export interface TextLine {
  readonly kind: 'same' | 'removed' | 'added' | 'skipped';
  readonly text: string;
}

/** Lines shown before and after those that differ. */
const CONTEXT = 1;

/** The lines in which two texts differ, with a line around them. */
export function textDiff(before: string, after: string): TextLine[] {
  const [old, own] = [before.split(/\r?\n/), after.split(/\r?\n/)];
  const lines = align(old, own).map((step): TextLine => {
    const text = (step.kind === 'added' ? own[step.after] : old[step.before]) ?? '';
    return { kind: step.kind, text };
  });
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => line.kind !== 'same');
  const shown: TextLine[] = [];
  lines.forEach((line, index) => {
    if (isNear(index)) shown.push(line);
    else if (shown.length > 0 && shown.at(-1)?.kind !== 'skipped') shown.push({ kind: 'skipped', text: '…' });
  });
  if (shown.at(-1)?.kind === 'skipped') shown.pop();
  return shown;
}
