import type { Clock } from '../context.ts';
import type { Output } from '../output/index.ts';
import type { ShownError } from '../output/render.ts';
import type { Settings } from '../settings/resolve.ts';

/** Where the answer of a run goes besides stdout. */
export interface Deliveries {
  /** Finds out before any work whether the files can be written. Throws UserError FILE_NOT_WRITABLE. */
  prepare(settings: Settings): Promise<void>;
  /**
   * Writes `--report`, `--outputs-file` and what GitHub Actions reads, and answers the annotations for stderr. After a success a file
   * that cannot be written is a failure of the run: throws UserError FILE_NOT_WRITABLE. After a failure it is only told.
   */
  hand(command: string, error: ShownError | undefined, knownResult: unknown, output: Output): Promise<readonly string[]>;
}

export interface DeliveryWorld {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly version: string;
}

/** Nothing is loaded until it is known that something is wanted. */
export function openDeliveries(world: DeliveryWorld): Deliveries {
  const startedAt = world.clock.now();
  const github = world.env['GITHUB_ACTIONS'] === 'true';
  let wished: string | undefined;
  let files: { readonly report: string | undefined; readonly outputsFile: string | undefined } | undefined;
  return {
    async prepare({ values }) {
      const { report, outputsFile, stackName } = values;
      wished = typeof stackName === 'string' ? stackName : undefined;
      if (typeof report !== 'string' && typeof outputsFile !== 'string') return;
      const { checkFiles } = await import('./hand-over.ts');
      files = checkFiles({ report, outputsFile }, world.cwd);
    },
    async hand(command, error, knownResult, output) {
      if (!github && files === undefined) return [];
      const { handOver } = await import('./hand-over.ts');
      const { answer, warnings, events, hide, info } = output.told();
      const end = { command, wished, error, result: answer?.data ?? knownResult, warnings, events, startedAt, endedAt: world.clock.now() };
      return handOver({ end, answer, hide, info, world, github, report: files?.report, outputsFile: files?.outputsFile });
    },
  };
}
