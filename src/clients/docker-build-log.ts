import { stripVTControlCharacters } from 'node:util';
import { decodeTrace, TRACE_ID, type BuildStep, type StepLog } from './docker-buildkit.ts';
import { failureIn, type EngineMessage } from './docker-stream.ts';

/** Lines kept for the message about a failed build. */
const KEPT_LINES = 20;

/** Follows a build: turns the engine's messages into lines and remembers what matters at the end. */
export interface BuildLog {
  read(message: EngineMessage): void;
  /** Hands out what has not ended with a line break yet. */
  flush(): void;
  /** `sha256:…`, once the engine has told it. */
  imageId(): string | undefined;
  /** Why the build failed, if it did. */
  failure(): string | undefined;
  /** The step that failed, as the Dockerfile has it; undefined when the engine does not tell. */
  failedStep(): string | undefined;
  lastLines(): readonly string[];
}

/** For both builders: the classic one writes text, BuildKit traces. */
export function createBuildLog(onLine: (line: string) => void): BuildLog {
  const kept: string[] = [];
  const write = (line: string): void => {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    onLine(line);
  };
  const classic = lineSplitter(write);
  const steps = stepFollower(write);
  let imageId: string | undefined;
  let failure: string | undefined;
  let classicStep: string | undefined;

  return {
    read(message) {
      failure = failureIn(message) ?? failure;
      if (message.id === TRACE_ID && typeof message.aux === 'string') return steps.read(message.aux);
      imageId = idIn(message.aux) ?? imageId;
      if (message.stream !== undefined) {
        classicStep = /^Step \d+\/\d+ : (.+)/.exec(message.stream)?.[1] ?? classicStep;
        classic.write(message.stream);
      } else if (message.status !== undefined && message.progressDetail === undefined) {
        write(message.id === undefined ? message.status : `${message.id}: ${message.status}`);
      }
    },
    flush() {
      classic.flush();
      steps.flush();
    },
    imageId: () => imageId,
    failure: () => failure,
    failedStep: () => steps.failed() ?? classicStep,
    lastLines: () => kept,
  };
}

function idIn(aux: unknown): string | undefined {
  return typeof aux === 'object' && aux !== null && 'ID' in aux && typeof aux.ID === 'string' ? aux.ID : undefined;
}

/** Says each step of BuildKit once, as it begins, and what it writes. */
function stepFollower(write: (line: string) => void): { read(trace: string): void; flush(): void; failed(): string | undefined } {
  const begun = new Set<string>();
  const splitters = new Map<string, ReturnType<typeof lineSplitter>>();
  let failed: string | undefined;

  const readStep = (step: BuildStep): void => {
    if (step.error !== '' && failed === undefined) failed = step.name.replace(/^\[[^\]]*\] /, '');
    const isInternal = step.name.startsWith('[internal]') || step.name === 'copy /context /';
    if (!step.started || isInternal || begun.has(step.digest)) return;
    begun.add(step.digest);
    write(step.cached ? `${step.name} (cached)` : step.name);
  };
  const readLog = (log: StepLog): void => {
    const splitter = splitters.get(log.step) ?? lineSplitter(write);
    splitters.set(log.step, splitter);
    splitter.write(log.text);
  };
  return {
    read(trace) {
      const { steps, logs, warnings } = decodeTrace(trace);
      steps.forEach(readStep);
      logs.forEach(readLog);
      warnings.forEach((warning) => write(`warning: ${warning}`));
    },
    flush: () => splitters.forEach((splitter) => splitter.flush()),
    failed: () => failed,
  };
}

/** Cuts text that comes in pieces into lines, without colours; empty ones are dropped. */
function lineSplitter(write: (line: string) => void): { write(text: string | Uint8Array): void; flush(): void } {
  const decoder = new TextDecoder();
  let rest = '';
  const tell = (line: string): void => {
    // The classic builder paints what a program writes to stderr.
    const plain = stripVTControlCharacters(line).trimEnd();
    if (plain !== '') write(plain);
  };
  return {
    write(text) {
      const lines = (rest + (typeof text === 'string' ? text : decoder.decode(text, { stream: true }))).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) tell(line);
    },
    flush() {
      tell(rest);
      rest = '';
    },
  };
}
