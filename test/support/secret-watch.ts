import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a secret may look like: as it is, and inside of anything that was put into base64. */
function spellingsOf(secret: string): Buffer[] {
  const encoded = [0, 1, 2].map((shift) => {
    const text = Buffer.from(`${'x'.repeat(shift)}${secret}`)
      .toString('base64')
      .replaceAll('=', '');
    // The first and the last characters depend on the neighbours.
    return text.slice(Math.ceil((shift * 8) / 6), -2);
  });
  const spellings = [secret, ...encoded, ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
  return [...new Set(spellings)].map((text) => Buffer.from(text, 'latin1'));
}

export interface SecretWatch {
  /** Where the secret was seen so far: paths of files, `/proc/…` included. */
  readonly seen: ReadonlySet<string>;
  /** How often everything was looked at. */
  readonly looks: number;
  isIn(content: Buffer | string): boolean;
  end(): Promise<void>;
}

const LONGEST_READ_BYTES = 4 * 1024 * 1024;

/**
 * Looks for a secret again and again, until its end: in the command line and the environment of every process of this machine, and in
 * all files below the folders, those included that are there for a moment only.
 */
export function watchForSecret(secret: string, folders: readonly string[]): SecretWatch {
  const spellings = spellingsOf(secret);
  const isIn = (content: Buffer | string): boolean => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return spellings.some((spelling) => bytes.includes(spelling));
  };
  const seen = new Set<string>();
  const state = { looks: 0, ended: false };
  const look = (): void => {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const ofProcesses = processes.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
    for (const path of [...ofProcesses, ...folders.flatMap(filesBelow)]) {
      const content = attempt(() => readFileSync(path));
      if (content !== undefined && isIn(content.subarray(0, LONGEST_READ_BYTES))) seen.add(path);
    }
    state.looks += 1;
  };
  const loop = (async () => {
    while (!state.ended) {
      look();
      await sleep(5);
    }
  })();
  return {
    seen,
    isIn,
    get looks() {
      return state.looks;
    },
    async end() {
      state.ended = true;
      await loop;
      look();
    },
  };
}

function filesBelow(folder: string): string[] {
  const entries = attempt(() => readdirSync(folder, { recursive: true, withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Processes end and files go away between two calls. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
