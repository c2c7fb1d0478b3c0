import { passingTrouble } from '../clients/aws-errors.ts';
import type { Clock } from '../context.ts';
import { messageOf } from '../errors.ts';
import { formatSeconds } from '../output/format.ts';

/** What the pause until the next look depends on. */
export interface Outlook {
  /** Since the following began. */
  readonly elapsedMs: number;
  /** How many resources have not begun yet; undefined where that is not known. */
  readonly waiting: number | undefined;
}

/** Times between looks, and patience with what passes by itself. */
export interface Pace {
  pauseMs(outlook: Outlook): number;
  /** Does the work, and again for as long as what stops it may pass: throttling for ever, failing servers and networks for some minutes. */
  patiently<T>(work: () => Promise<T>): Promise<T>;
}

export interface PaceRequest {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly longestPauseMs?: number | undefined;
  /** Told when it takes long until the endpoint answers again. */
  readonly onTrouble?: ((text: string) => void) | undefined;
}

const FAST_MS = 250;
const FAST_UNTIL_MS = 6_000;
/** With the time of the call itself still less than a second: the end of a stack is told within one. */
const USUAL_MS = 750;
const SLOW_MS = 2_500;
const SLOW_AFTER_MS = 60_000;
/** As long as so many resources have not begun, the end is further away than a slow pause. */
const WAITING_WHEN_SLOW = 3;

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 15_000;
const MOST_SLOWNESS = 8;
const SAY_AFTER_MS = 10_000;
const SAY_AGAIN_AFTER_MS = 60_000;
const UNAVAILABLE_MS = 180_000;

/** Fast at first and when little is left to wait for, slow in the long middle of a large operation, slower after throttling. */
export function createPace({ clock, signal, longestPauseMs, onTrouble }: PaceRequest): Pace {
  let slowness = 1;
  return {
    pauseMs({ elapsedMs, waiting }) {
      const isMiddle = elapsedMs > SLOW_AFTER_MS && waiting !== undefined && waiting >= WAITING_WHEN_SLOW;
      const usual = elapsedMs < FAST_UNTIL_MS ? FAST_MS : isMiddle ? SLOW_MS : USUAL_MS;
      const pause = longestPauseMs === undefined ? usual : Math.min(usual, longestPauseMs);
      const jittered = pause * slowness * (0.85 + 0.15 * Math.random());
      slowness = Math.max(1, slowness * 0.9);
      return jittered;
    },
    async patiently(work) {
      const began = clock.now();
      let said = began - SAY_AGAIN_AFTER_MS + SAY_AFTER_MS;
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await work();
        } catch (error) {
          const trouble = passingTrouble(error);
          const since = clock.now() - began;
          if (trouble === undefined || signal.aborted || (trouble === 'unavailable' && since > UNAVAILABLE_MS)) throw error;
          if (trouble === 'throttled') slowness = Math.min(slowness * 2, MOST_SLOWNESS);
          if (clock.now() - said >= SAY_AGAIN_AFTER_MS) {
            said = clock.now();
            onTrouble?.(describe(trouble, since, error));
          }
          const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** attempt, LONGEST_BACKOFF_MS);
          await clock.sleep(backoff * (0.5 + Math.random() / 2), signal);
        }
      }
    },
  };
}

function describe(trouble: 'throttled' | 'unavailable', sinceMs: number, error: unknown): string {
  const since = `for ${formatSeconds(sinceMs)}`;
  return trouble === 'throttled'
    ? `CloudFormation throttles our questions ${since}; the operation goes on, and so do we, more slowly`
    : `No answer ${since} (${messageOf(error)}); the operation goes on, and we try again`;
}
