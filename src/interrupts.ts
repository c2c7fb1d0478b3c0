import { setMaxListeners } from 'node:events';

/** Why a run is to end: a signal, or the `signal` of whoever called us as a function. */
export type InterruptCause = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'abort';

/** Ctrl-C and the like, as the rest of the program sees them. */
export interface Interrupts {
  /** Aborted when the run is to end. */
  readonly signal: AbortSignal;
  /**
   * From now on the first interrupt is told to `onInterrupt` and ends nothing by itself. While several hold at the same time nobody is
   * told, and the run ends as usual.
   */
  hold(onInterrupt: (cause: InterruptCause) => void): Hold;
}

export interface Hold {
  /** The run ends after all. */
  end(): void;
  /** The interrupt is settled: the next one is a first one again. */
  forget(): void;
  /** Interrupts are no longer of interest here. */
  release(): void;
}

/** Where interrupts come in. */
export interface InterruptSource extends Interrupts {
  /** Answers `again` for an interrupt that follows another: the process may end at once. */
  interrupt(cause: InterruptCause): 'first' | 'again';
}

export function createInterrupts(): InterruptSource {
  const controller = new AbortController();
  // All calls that are under way at a time listen to it: many listeners are no leak.
  setMaxListeners(0, controller.signal);
  const holders = new Set<(cause: InterruptCause) => void>();
  let pending = false;
  return {
    signal: controller.signal,
    hold(onInterrupt) {
      const told = (cause: InterruptCause): void => onInterrupt(cause);
      holders.add(told);
      return {
        end: () => controller.abort(),
        forget: () => (pending = false),
        release: () => void holders.delete(told),
      };
    },
    interrupt(cause) {
      if (pending || controller.signal.aborted) return 'again';
      pending = true;
      const [only] = holders;
      if (only !== undefined && holders.size === 1) only(cause);
      else controller.abort();
      return 'first';
    },
  };
}
