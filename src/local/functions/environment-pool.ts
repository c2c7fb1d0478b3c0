/** The warm environments of one version of a function: one for each request under way, kept for the next. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, CallResult, ExecutionEnvironment } from './execution-environment.ts';

/** More environments of one function than this are not started on one machine. */
export const MAX_ENVIRONMENTS = 10;
/** How long an unused environment is kept, in milliseconds. */
export const IDLE_MS = 5 * 60_000;
/** How long a call waits for an environment when the machine's own limit is reached, in milliseconds. */
export const QUEUE_MS = 10_000;
/** How long a call waits for an environment that has answered and is about to be free, before another is started. */
const FINISHING_MS = 50;

/** There are as many requests under way as there may be. */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';
}

export interface PoolOptions {
  readonly create: () => ExecutionEnvironment;
  readonly idleMs?: number | undefined;
  readonly queueMs?: number | undefined;
  readonly log: (message: string) => void;
}

/** Must be retired (gently) or closed (at once). */
export class EnvironmentPool {
  readonly #options: PoolOptions;
  readonly #all = new Set<ExecutionEnvironment>();
  readonly #idle: ExecutionEnvironment[] = [];
  readonly #timers = new Map<ExecutionEnvironment, NodeJS.Timeout>();
  readonly #waiting: ((environment: ExecutionEnvironment | undefined) => void)[] = [];
  #finishing = 0;
  #retired = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Starts an environment ahead of the first call. */
  prewarm(): void {
    if (this.#retired || this.#all.size > 0) return;
    const environment = this.#create();
    environment.warm();
    this.#giveBack(environment);
  }

  /** Runs a call in an environment of its own. `reserved` is the function's own limit. Throws ThrottledError. */
  async run(call: Call, reserved?: number): Promise<CallResult> {
    const environment = await this.#acquire(reserved);
    let result: CallResult;
    try {
      result = await environment.invoke(call);
    } catch (error) {
      await environment.stop();
      throw error;
    }
    this.#finishing += 1;
    void environment.free().then((alive) => {
      this.#finishing -= 1;
      if (alive) this.#giveBack(environment);
    });
    return result;
  }

  /** Takes no more calls; environments end when their calls have. */
  retire(): void {
    this.#retired = true;
    for (const environment of this.#idle.splice(0)) this.#end(environment);
  }

  /** Ends all environments, whatever they are doing. */
  async close(): Promise<void> {
    this.#retired = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const hand of this.#waiting.splice(0)) hand(undefined);
    await Promise.all([...this.#all].map((environment) => environment.abandon()));
  }

  async #acquire(reserved: number | undefined): Promise<ExecutionEnvironment> {
    const limit = Math.min(reserved ?? MAX_ENVIRONMENTS, MAX_ENVIRONMENTS);
    const idle = this.#takeIdle();
    if (idle !== undefined) return idle;
    if (this.#finishing > 0) {
      const soon = await this.#wait(FINISHING_MS);
      if (soon !== undefined) return soon;
    }
    if (this.#all.size < limit) return this.#create();
    const later = reserved !== undefined && reserved <= limit ? undefined : await this.#wait(this.#options.queueMs ?? QUEUE_MS);
    if (later === undefined) throw new ThrottledError('Rate Exceeded.');
    return later;
  }

  #takeIdle(): ExecutionEnvironment | undefined {
    const environment = this.#idle.pop();
    if (environment === undefined) return undefined;
    clearTimeout(this.#timers.get(environment));
    this.#timers.delete(environment);
    return environment;
  }

  async #wait(milliseconds: number): Promise<ExecutionEnvironment | undefined> {
    const clock = new AbortController();
    let hand!: (environment: ExecutionEnvironment | undefined) => void;
    const handed = new Promise<ExecutionEnvironment | undefined>((resolve) => {
      hand = resolve;
      this.#waiting.push(resolve);
    });
    const late = sleep(milliseconds, undefined, { signal: clock.signal });
    late.catch(() => undefined); // the clock is stopped when an environment came in time
    const environment = await Promise.race([handed, late]);
    clock.abort();
    const position = this.#waiting.indexOf(hand);
    if (position >= 0) this.#waiting.splice(position, 1);
    return environment ?? (position < 0 ? await handed : undefined);
  }

  #create(): ExecutionEnvironment {
    const environment = this.#options.create();
    this.#all.add(environment);
    void environment.ended.then(() => {
      this.#all.delete(environment);
      const position = this.#idle.indexOf(environment);
      if (position >= 0) this.#idle.splice(position, 1);
      clearTimeout(this.#timers.get(environment));
      // There is room for another now.
      if (!this.#retired && this.#waiting.length > 0) this.#waiting.shift()?.(this.#create());
    });
    return environment;
  }

  #giveBack(environment: ExecutionEnvironment): void {
    if (this.#retired) {
      this.#end(environment);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting(environment);
      return;
    }
    this.#idle.push(environment);
    const timer = setTimeout(() => this.#end(environment), this.#options.idleMs ?? IDLE_MS);
    timer.unref();
    this.#timers.set(environment, timer);
  }

  #end(environment: ExecutionEnvironment): void {
    const position = this.#idle.indexOf(environment);
    if (position >= 0) this.#idle.splice(position, 1);
    environment.stop().catch((error: Error) => this.#options.log(`An execution environment could not be stopped: ${error.message}`));
  }
}
