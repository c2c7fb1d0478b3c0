import { renderDocument } from './document.ts';
import { createPlainLines, type LineOptions, type Lines } from './lines.ts';
import { renderAnswer, renderError, type ShownError } from './render.ts';
import type { Answer, ReportEvent, Reporter } from './reporter.ts';
import { createSecrets } from './secrets.ts';
import type { Sink, Streams } from './streams.ts';
import { createStyle, wantsColor } from './style.ts';
import { messageFiles } from './workflow-command.ts';

/** Types of events that are kept until the run ends; a log that is followed may go on for days. */
const KEPT = new Set(['identity', 'artifact', 'stack-event', 'stack-failed']);
/** Width of a waterfall where no terminal gives one. */
const PIPE_COLUMNS = 104;

export type OutputFormat = 'table' | 'json' | 'ndjson';

export interface OutputOptions {
  readonly format: OutputFormat;
  readonly color: boolean | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Where the user is. */
  readonly cwd: string;
  /** Switches that lead another command to the same place: ` --local`, or nothing. */
  readonly target: string;
  /** `--timeline` or `--no-timeline`; undefined when neither was given. */
  readonly timeline: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/** The reporter of a run, and the end of it. */
export interface Output {
  readonly reporter: Reporter;
  /** What the run has told and answered so far. */
  told(): Told;
  /**
   * Prints the answer and, after a failure, the error: stdout gets the answer or the document, stderr the rest, `annotations` for
   * GitHub Actions among it.
   */
  finish(command: string, error: ShownError | undefined, knownResult: unknown, annotations?: readonly string[]): void;
}

export interface Told {
  readonly answer: Answer | undefined;
  readonly warnings: readonly string[];
  /** Those that somebody may want at the end. */
  readonly events: readonly ReportEvent[];
  /** Masks secrets. */
  readonly hide: (text: string) => string;
  readonly info: (message: string) => void;
}

/** Chooses how a run speaks: live rows on a terminal, plain lines elsewhere, documents for machines. */
export async function createOutput(streams: Streams, options: OutputOptions): Promise<Output> {
  const { stdout, stderr } = streams;
  const { env, format } = options;
  const live = stderr.isTTY === true && stderr.columns !== 0 && !isCi(env) && env['TERM'] !== 'dumb';
  const github = env['GITHUB_ACTIONS'] === 'true';
  const errorStyle = createStyle(wantsColor({ option: options.color, env, isTerminal: stderr.isTTY === true }));
  const answerStyle = createStyle(wantsColor({ option: options.color, env, isTerminal: stdout.isTTY === true }));
  const secrets = createSecrets();
  // What is told while a question stands there waits until it is answered.
  let held: string[] | undefined;
  const shown: Sink = {
    isTTY: stderr.isTTY,
    write: (text) => void (held === undefined ? stderr.write(secrets.hide(text)) : held.push(text)),
  };
  const files = messageFiles(options.cwd, env['GITHUB_WORKSPACE']);
  const columns = (): number | undefined => (live ? stderr.columns : undefined);
  const { verbose, now } = options;
  const lineOptions: LineOptions = { stderr: shown, style: errorStyle, verbose, now, github, columns, files };

  // ora is loaded for the first step only: most answers come without one.
  let lines: Lines = createPlainLines(lineOptions);
  let upgrade: Promise<void> | undefined;
  const prepareSteps = async (): Promise<void> => {
    if (!live || options.quiet) return;
    upgrade ??= import('./tty.ts').then(async ({ createTerminalLines }) => {
      lines = await createTerminalLines(lineOptions);
    });
    await upgrade;
  };

  const warnings: string[] = [];
  const events: ReportEvent[] = [];
  let answer: Answer | undefined;
  const writeEvent = (event: ReportEvent): void => {
    if (KEPT.has(event.type)) events.push(event);
    if (format === 'ndjson') stdout.write(`${JSON.stringify(event, secrets.replacer)}\n`);
  };
  /** In a pipe and in CI only on request: the lines there have told everything already. */
  const showTimeline = async (stackName: string, from: number): Promise<void> => {
    if (!(options.timeline ?? (live && format === 'table'))) return;
    const { stepTimeline } = await import('../report/step-timeline.ts');
    const { showsUnicode } = await import('./timeline-text.ts');
    const view = { style: errorStyle, columns: (stderr.columns ?? PIPE_COLUMNS) - 4, unicode: showsUnicode(env) };
    const { target, timeline, verbose } = options;
    const shownLines = stepTimeline({ ...view, stackName, target, events: events.slice(from), all: timeline === true, verbose });
    for (const line of shownLines) lines.info(line === '' ? '' : `  ${line}`);
  };
  const reporter: Reporter = {
    async step(title, work) {
      if (options.quiet) return work({ progress: noop, note: noop, rows: noop, output: noop, summary: noop });
      await prepareSteps();
      const from = events.length;
      try {
        return await lines.step(title, work);
      } finally {
        if (title.kind === 'stack') await showTimeline(title.name, from);
      }
    },
    info: (message) => {
      if (!options.quiet) lines.info(typeof message === 'string' ? message : message(errorStyle, columns()));
    },
    debug: (message) => {
      if (options.verbose) lines.info(errorStyle('dim', message));
    },
    warn(message) {
      if (warnings.includes(message)) return;
      warnings.push(secrets.hide(message));
      lines.warn(message);
      writeEvent({ type: 'warning', message });
    },
    async pause(work) {
      lines.pause();
      held = [];
      try {
        return await work();
      } finally {
        const waiting = held;
        held = undefined;
        for (const text of waiting) shown.write(text);
        lines.resume();
      }
    },
    event: writeEvent,
    conceal: (texts) => secrets.add(texts),
    line(text) {
      if (format === 'table') stdout.write(`${text}\n`);
    },
    result(given) {
      answer = given;
    },
  };

  return {
    reporter,
    told: () => ({ answer, warnings, events, hide: (text) => secrets.hide(text), info: (message) => reporter.info(message) }),
    finish(command, error, knownResult, annotations = []) {
      lines.close();
      const result = answer?.data ?? knownResult;
      // What a command answers is wanted as it is; what went wrong may quote anything.
      const replacer = error === undefined ? undefined : secrets.replacer;
      if (format !== 'table') stdout.write(renderDocument(format, { command, error, result, warnings }, replacer));
      else if (answer !== undefined && error === undefined) {
        stdout.write(renderAnswer(answer, answerStyle, stdout.isTTY === true ? stdout.columns || undefined : undefined));
      }
      if (error !== undefined) shown.write(renderError(error, errorStyle, columns()));
      for (const line of annotations) shown.write(`${line}\n`);
    },
  };
}

function noop(): void {
  // A quiet run shows no steps.
}

/** Whether this is a build server: `CI` with any value but `false` and `0`. */
export function isCi(env: OutputOptions['env']): boolean {
  return env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false' && env['CI'] !== '0';
}
