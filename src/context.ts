import type { Clients } from './clients/index.ts';
import type { Interrupts } from './interrupts.ts';
import type { Installation } from './local-edge.ts';
import type { Reporter } from './output/reporter.ts';
import type { Prompts } from './output/prompts.ts';
import type { Settings } from './settings/resolve.ts';

/** Time as the rest of the program sees it, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Everything a command has besides its options. Built once per run. */
export interface Context {
  /** Absolute path of the directory the user is in. */
  readonly cwd: string;
  /** Absolute path of the project: `--project-location`, or `cwd`. */
  readonly projectDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly installation: Installation;
  readonly reporter: Reporter;
  readonly prompts: Prompts;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** For work that an interrupt is not to end at once. */
  readonly interrupts: Pick<Interrupts, 'hold'>;
  readonly clock: Clock;
  readonly settings: Settings;
  /** Clients of AWS and of the container engine, each made on first use. */
  readonly clients: Clients;
}
