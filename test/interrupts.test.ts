import { describe, expect, it } from 'vitest';

import { createInterrupts, type InterruptCause } from '../src/interrupts.ts';

describe('interrupts', () => {
  it('end the run, the first one by the signal, a second one at once', () => {
    const interrupts = createInterrupts();
    expect(interrupts.interrupt('SIGINT')).toBe('first');
    expect(interrupts.signal.aborted).toBe(true);
    expect(interrupts.interrupt('SIGTERM')).toBe('again');
  });

  it('are told to who holds them, until he lets go', () => {
    const interrupts = createInterrupts();
    const told: InterruptCause[] = [];
    const hold = interrupts.hold((cause) => told.push(cause));
    expect(interrupts.interrupt('SIGINT')).toBe('first');
    expect(interrupts.interrupt('SIGINT')).toBe('again');
    hold.forget();
    expect(interrupts.interrupt('SIGTERM')).toBe('first');
    expect(told).toEqual(['SIGINT', 'SIGTERM']);
    expect(interrupts.signal.aborted).toBe(false);
    hold.forget();
    hold.release();
    interrupts.interrupt('SIGINT');
    expect(interrupts.signal.aborted).toBe(true);
  });

  it('end the run when several hold them: nobody is asked twice', () => {
    const interrupts = createInterrupts();
    const told: InterruptCause[] = [];
    interrupts.hold((cause) => told.push(cause));
    interrupts.hold((cause) => told.push(cause));
    interrupts.interrupt('SIGINT');
    expect(told).toEqual([]);
    expect(interrupts.signal.aborted).toBe(true);
  });
});
