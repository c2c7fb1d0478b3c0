import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LAST_MESSAGE, runJob, type FailedResult, type ZipJob, type ZipResult } from './zip-jobs.ts';

/** Where jobs are done. */
export interface JobRunner {
  /** So many jobs at a time keep it busy. */
  readonly width: number;
  /** Does not reject for what goes wrong in a thread: that is a result without a path. */
  run(job: ZipJob): Promise<ZipResult>;
  /** Ends what was started for this user, after the few jobs that threads have begun. Jobs that it still waits for fail. */
  release(): Promise<void>;
}

/** More threads hardly help a single disk, and each takes some 10 MB. This thread works as well. */
const MAX_THREADS = 7;
/** Their garbage is small, and collecting it early saves some MB a thread. */
const YOUNG_MB = 2;
/** Jobs that wait in a thread, so that it need not wait for the next. */
const JOBS_PER_THREAD = 2;
/** The one that is done on this thread, and those that lie ready for the others meanwhile. */
const JOBS_HERE = 3;
/**
 * For less work than this a thread does not earn back its start (some 40 ms of a core, measured with Node 20). Opening a
 * file counts like the bytes that could be deflated meanwhile.
 */
const BYTES_PER_THREAD = 6 * 1024 * 1024;
const BYTES_PER_FILE = 1000;

interface Crew {
  users: number;
  width(): number;
  /** Starts threads until there are so many. */
  grow(threads: number): void;
  run(job: ZipJob): Promise<ZipResult>;
  end(): Promise<void>;
}

/** The threads of this process, shared by the zips that are made at the same time. */
let shared: Crew | undefined;

/** For work on so many files and bytes: this thread, and as many others as there are cores and pay off. */
export function acquireRunner(files: number, bytes: number, threadFile = findThreadFile()): JobRunner {
  const others = Math.min(availableParallelism() - 1, MAX_THREADS, Math.floor((bytes + files * BYTES_PER_FILE) / BYTES_PER_THREAD));
  if (threadFile === undefined || others < 1) return onThisThread;
  const crew = (shared ??= startCrew(threadFile));
  crew.users += 1;
  crew.grow(others);
  return {
    get width() {
      return crew.width();
    },
    run: (job) => crew.run(job),
    async release() {
      crew.users -= 1;
      if (crew.users > 0) return;
      if (shared === crew) shared = undefined;
      await crew.end();
    },
  };
}

const onThisThread: JobRunner = {
  width: 1,
  async run(job) {
    // Signals and progress get their turn between jobs.
    await turn();
    return runJob(job);
  },
  release: () => Promise.resolve(),
};

/** Beside the chunk with this code or one folder up; not there when the source itself is run. */
function findThreadFile(): string | undefined {
  const paths = ['./zip-worker.js', '../zip-worker.js'].map((name) => fileURLToPath(new URL(name, import.meta.url)));
  return paths.find((path) => existsSync(path));
}

interface Waiting {
  readonly job: ZipJob;
  readonly answer: (result: ZipResult) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly busyWith: Waiting[];
  readonly ended: Promise<void>;
}

function startCrew(threadFile: string): Crew {
  const queue: Waiting[] = [];
  const threads: Thread[] = [];
  let isBusyHere = false;
  let broken: FailedResult | undefined;
  const fail = (cause: unknown): void => {
    broken ??= { kind: 'failed', cause };
    for (const waiting of [...threads.flatMap(({ busyWith }) => busyWith.splice(0)), ...queue.splice(0)]) waiting.answer(broken);
  };
  const handOut = (): void => {
    for (const { worker, busyWith } of threads.toSorted((a, b) => a.busyWith.length - b.busyWith.length)) {
      const next = busyWith.length < JOBS_PER_THREAD ? queue.shift() : undefined;
      if (next === undefined) continue;
      busyWith.push(next);
      worker.postMessage(next.job, []);
    }
    if (isBusyHere || queue.length === 0) return;
    isBusyHere = true;
    // What the other threads have answered comes first.
    setImmediate(() => {
      const next = queue.shift();
      next?.answer(runJob(next.job));
      isBusyHere = false;
      handOut();
    });
  };
  const start = (): Thread => {
    const worker = new Worker(threadFile, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    const busyWith: Waiting[] = [];
    worker.on('message', (result: ZipResult) => {
      // A thread answers in the order in which it was asked.
      busyWith.shift()?.answer(result);
      handOut();
    });
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`A thread that compresses ended early (${code})`)));
    return { worker, busyWith, ended: new Promise<void>((resolve) => worker.once('exit', () => resolve())) };
  };
  return {
    users: 0,
    width: () => threads.length * JOBS_PER_THREAD + JOBS_HERE,
    grow(wanted) {
      while (threads.length < wanted) threads.push(start());
    },
    run: (job) =>
      new Promise((answer) => {
        if (broken !== undefined) return answer(broken);
        queue.push({ job, answer });
        handOut();
      }),
    // Not `terminate()`: in the middle of zlib's work it fails an assertion of Node, which aborts the whole process.
    async end() {
      fail(new Error('The zip was given up'));
      for (const { worker } of threads) worker.postMessage(LAST_MESSAGE, []);
      await Promise.all(threads.map(({ ended }) => ended));
    },
  };
}
