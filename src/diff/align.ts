/** One step from one list to another; indexes are those of the lists given. */
export interface AlignStep {
  readonly kind: 'same' | 'removed' | 'added';
  /** Where the item is in the first list; of an added one, where it would be. */
  readonly before: number;
  /** Where the item is in the second list; of a removed one, where it would be. */
  readonly after: number;
}

/** Cells of the table below from which on exactness is not worth its time: 4 MB. */
const MAX_CELLS = 1_000_000;

/**
 * The shortest way from one list to another in which items stay, go and come (longest common subsequence). What differs between very
 * long lists is taken as replaced altogether.
 */
export function align(before: readonly string[], after: readonly string[]): AlignStep[] {
  const steps: AlignStep[] = [];
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) {
    steps.push({ kind: 'same', before: start, after: start });
    start += 1;
  }
  let endBefore = before.length;
  let endAfter = after.length;
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore -= 1;
    endAfter -= 1;
  }
  steps.push(...alignMiddle(before.slice(start, endBefore), after.slice(start, endAfter), start));
  for (let index = 0; endBefore + index < before.length; index += 1) {
    steps.push({ kind: 'same', before: endBefore + index, after: endAfter + index });
  }
  return steps;
}

function alignMiddle(before: readonly string[], after: readonly string[], offset: number): AlignStep[] {
  const steps: AlignStep[] = [];
  const push = (kind: AlignStep['kind'], i: number, j: number): void => void steps.push({ kind, before: i + offset, after: j + offset });
  const isSmall = before.length * after.length <= MAX_CELLS;
  const common = isSmall ? commonLengths(before, after) : undefined;
  const width = after.length + 1;
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && common !== undefined && before[i] === after[j]) push('same', i++, j++);
    else if (j >= after.length) push('removed', i++, j);
    else if (i >= before.length) push('added', i, j++);
    else if (common === undefined || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) push('removed', i++, j);
    else push('added', i, j++);
  }
  return steps;
}

/** How many items the rests of both lists have in common, from every pair of places on. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const here = i * width + j;
      lengths[here] =
        before[i] === after[j] ? (lengths[here + width + 1] ?? 0) + 1 : Math.max(lengths[here + width] ?? 0, lengths[here + 1] ?? 0);
    }
  }
  return lengths;
}
