import { formatSeconds } from './format.ts';
import type { Step, StepTitle } from './reporter.ts';
import { wordForEnd } from './step-end.ts';
import type { Sink } from './streams.ts';
import type { Style } from './style.ts';
import { wrapLines } from './wrap.ts';
import { annotation, escapeCommand, parsePlace, type MessageFiles } from './workflow-command.ts';

/** How steps and messages reach stderr. One for a pipe, one for a terminal. */
export interface Lines {
  step<T>(title: StepTitle, work: (step: Step) => Promise<T>): Promise<T>;
  info(message: string): void;
  warn(message: string): void;
  /** Nothing moves until `resume`: somebody else has the terminal. */
  pause(): void;
  resume(): void;
  /** Called once at the end; nothing may be left turning. */
  close(): void;
}

export interface LineOptions {
  readonly stderr: Sink;
  readonly style: Style;
  readonly verbose: boolean;
  readonly now: () => number;
  /** Set in GitHub Actions: warnings become annotations and steps become groups. */
  readonly github: boolean;
  /** Width of the terminal, asked for each time; undefined elsewhere. */
  readonly columns: () => number | undefined;
  /** The files of messages that begin with a place. */
  readonly files: MessageFiles;
}

/** One complete line per fact, prefixed by what it is about: for pipes, CI and logs. */
export function createPlainLines(options: LineOptions): Lines {
  const write = (text: string): void => options.stderr.write(`${text}\n`);
  const group = createGroup(options.github ? write : () => undefined);
  return {
    async step(title, work) {
      const prefix = `[${title.kind} ${title.name}]`;
      const started = options.now();
      let summary: string | undefined;
      try {
        const result = await work({
          progress: () => undefined,
          rows: () => undefined,
          note: (text) => write(`${prefix} ${text}`),
          output: (line) => {
            group.open(prefix);
            write(`${prefix} | ${line}`);
          },
          summary: (text) => (summary = text),
        });
        group.close(prefix);
        write(`${prefix} ${summary ?? 'done'} (${formatSeconds(options.now() - started)})`);
        return result;
      } catch (error) {
        group.close(prefix);
        const word = wordForEnd(error);
        write(`${prefix} ${options.style(word === 'failed' ? 'red' : 'yellow', word)} (${formatSeconds(options.now() - started)})`);
        throw error;
      }
    },
    info: (message) => write(wrapLines(message, options.columns(), 2)),
    warn(message) {
      const { github, style, files } = options;
      if (github) return write(annotation('warning', message, { place: parsePlace(message, files), files }));
      write(wrapLines(`${style('yellow', 'Warning:')} ${message}`, options.columns(), 2));
    },
    pause: () => undefined,
    resume: () => undefined,
    close: () => undefined,
  };
}

/** The log of what a step runs folds away in GitHub Actions. Groups cannot be nested: the first step that writes one has it. */
function createGroup(write: (text: string) => void) {
  let owner: string | undefined;
  return {
    open(prefix: string): void {
      if (owner !== undefined) return;
      owner = prefix;
      write(`::group::${escapeCommand(prefix)} log`);
    },
    close(prefix: string): void {
      if (owner !== prefix) return;
      owner = undefined;
      write('::endgroup::');
    },
  };
}
