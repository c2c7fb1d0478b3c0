/** Which processes were started, on disk: after a crash of the daemon the next one ends those that are left. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killProcessGroup } from './process-sandbox.ts';
import { processIdentity } from './process-identity.ts';

export interface ProcessRecords {
  /** Remembers a process until `forget`. */
  remember(pid: number): Promise<void>;
  forget(pid: number): void;
  /** Kills what earlier daemons have left behind, if it surely is theirs; answers how many processes that were. */
  killLeftovers(): Promise<number>;
}

export function createProcessRecords(folder: string): ProcessRecords {
  const fileOf = (pid: number): string => join(folder, `${pid}.json`);
  return {
    async remember(pid) {
      const identity = await processIdentity(pid);
      if (identity === undefined) return;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(fileOf(pid), JSON.stringify({ pid, identity }), { mode: 0o600 });
    },
    forget: (pid) => rmSync(fileOf(pid), { force: true }),
    async killLeftovers() {
      if (!existsSync(folder)) return 0;
      let killed = 0;
      for (const name of readdirSync(folder)) {
        const record = readRecord(join(folder, name));
        if (record !== undefined && (await processIdentity(record.pid)) === record.identity) {
          await killProcessGroup(record.pid);
          killed += 1;
        }
        rmSync(join(folder, name), { force: true });
      }
      return killed;
    },
  };
}

function readRecord(path: string): { readonly pid: number; readonly identity: string } | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as { pid?: unknown; identity?: unknown };
    return typeof value.pid === 'number' && value.pid > 1 && typeof value.identity === 'string'
      ? { pid: value.pid, identity: value.identity }
      : undefined;
  } catch (error) {
    // Cut off by the crash that left it.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
