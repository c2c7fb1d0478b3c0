import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CliOptions, Workspace } from './cli.ts';

/** Keeps steps of `LocalTarget::Test::Probe` from ending until they are released, however long that takes on this machine. */
export interface Hold {
  /** Properties of a probe that is held in these steps (`create`, `update`, `delete`; by default in all). */
  in(...steps: readonly string[]): Readonly<Record<string, unknown>>;
  release(): void;
  /** Options of a run that releases once it has said this on stderr. */
  untilSaid(pattern: RegExp): Pick<CliOptions, 'onStderr'>;
}

let holds = 0;

/** Holds from now on. A workspace that is closed releases what is still held. */
export function openHold(workspace: Workspace): Hold {
  const file = join(workspace.folder, `hold-${(holds += 1)}`);
  writeFileSync(file, '');
  const release = (): void => rmSync(file, { force: true });
  return {
    in: (...steps) => ({ HoldWhile: file, ...(steps.length === 0 ? {} : { HoldOn: steps.join(',') }) }),
    release,
    untilSaid: (pattern) => ({
      onStderr(text) {
        if (pattern.test(text)) release();
      },
    }),
  };
}
