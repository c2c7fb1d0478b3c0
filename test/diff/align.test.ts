import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { align } from '../../src/diff/align.ts';

const items = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

describe('the way from one list to another', () => {
  it('leads from the first to the second', () => {
    fc.assert(
      fc.property(items, items, (before, after) => {
        const steps = align(before, after);
        const kept = (kind: 'removed' | 'added') => steps.filter((step) => step.kind !== kind);
        expect(kept('added').map((step) => before[step.before])).toEqual(before);
        expect(kept('removed').map((step) => after[step.after])).toEqual(after);
        for (const step of steps) if (step.kind === 'same') expect(before[step.before]).toBe(after[step.after]);
      }),
    );
  });

  it('keeps as much as can be kept', () => {
    const steps = align('abcabba'.split(''), 'cbabac'.split(''));
    expect(steps.filter((step) => step.kind === 'same')).toHaveLength(4);
  });

  it('takes very long lists as replaced where they differ, and at once', () => {
    const before = ['first', ...Array.from({ length: 3000 }, (_, index) => `old ${index}`), 'last'];
    const after = ['first', ...Array.from({ length: 3000 }, (_, index) => `new ${index}`), 'last'];
    const steps = align(before, after);
    expect(steps).toHaveLength(6002);
    expect(steps.filter((step) => step.kind === 'same').map((step) => before[step.before])).toEqual(['first', 'last']);
  });
});
