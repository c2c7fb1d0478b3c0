import { appendFileSync } from 'node:fs';

import { messageOf } from '../errors.ts';
import { createPlainLines, escapeCommand, type LineOptions, type Lines } from './lines.ts';
import { renderAnswer, renderError, type ShownError } from './render.ts';
import type { Answer, ReportEvent, Reporter, Table } from './reporter.ts';
import { createSecrets, type Secrets } from './secrets.ts';
import type { Sink, Streams } from './streams.ts';
import { createStyle, wantsColor } from './style.ts';

export type OutputFormat = 'table' | 'json' | 'ndjson';

export interface OutputOptions {
  readonly format: OutputFormat;
  readonly color: boolean | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
}

/** The reporter of a run, and the end of it. */
export interface Output {
  readonly reporter: Reporter;
  /** Prints the answer and, after a failure, the error: stdout gets the answer or the document, stderr the rest. */
  finish(command: string, error: ShownError | undefined, knownResult: unknown): Promise<void>;
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
  const lineOptions: LineOptions = { stderr: shown, style: errorStyle, verbose: options.verbose, now: options.now, github };

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
  let answer: Answer | undefined;
  const writeEvent = (event: ReportEvent): void => {
    if (format === 'ndjson') stdout.write(`${JSON.stringify(event, secrets.replacer)}\n`);
  };
  const reporter: Reporter = {
    async step(title, work) {
      if (options.quiet) return work({ progress: noop, note: noop, rows: noop, output: noop, summary: noop });
      await prepareSteps();
      return lines.step(title, work);
    },
    info: (message) => {
      if (!options.quiet) lines.info(typeof message === 'string' ? message : message(errorStyle));
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
    async finish(command, error, knownResult) {
      lines.close();
      const result = answer?.data ?? knownResult;
      // What a command answers is wanted as it is; what went wrong may quote anything.
      const replacer = error === undefined ? undefined : secrets.replacer;
      if (format !== 'table') stdout.write(document(format, { command, error, result, warnings }, replacer));
      else if (answer !== undefined && error === undefined) {
        stdout.write(renderAnswer(answer, answerStyle, stdout.isTTY === true ? stdout.columns : undefined));
      }
      if (error !== undefined) {
        shown.write(renderError(error, errorStyle));
        if (github) shown.write(`::error title=${escapeCommand(error.code)}::${escapeCommand(error.message)}\n`);
      } else if (answer !== undefined) {
        writeStepSummary(env, command, answer, reporter);
      }
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

interface End {
  readonly command: string;
  readonly error: ShownError | undefined;
  readonly result: unknown;
  readonly warnings: readonly string[];
}

function document(format: 'json' | 'ndjson', { command, error, result, warnings }: End, replacer: Secrets['replacer'] | undefined): string {
  const shown =
    error === undefined
      ? undefined
      : {
          code: error.code,
          message: error.message,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
          ...(error.cause === undefined ? {} : { cause: error.cause }),
          ...(error.details.length === 0 ? {} : { details: error.details }),
        };
  const body = {
    ok: error === undefined,
    command,
    ...(shown === undefined ? {} : { error: shown }),
    ...(result === undefined ? (shown === undefined ? { result: null } : {}) : { result }),
    warnings,
  };
  return format === 'json' ? `${JSON.stringify(body, replacer, 2)}\n` : `${JSON.stringify({ type: 'end', ...body }, replacer)}\n`;
}

/** In GitHub Actions the answer also goes to the summary page of the job. The work is done by then: a failure is only told. */
function writeStepSummary(env: OutputOptions['env'], command: string, answer: Answer, reporter: Reporter): void {
  const file = env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '') return;
  const tables = answer.human.filter((part): part is Table => typeof part === 'object' && part.rows.length > 0);
  if (tables.length === 0) return;
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const text = tables
    .map((table) => [row(table.columns), row(table.columns.map(() => '---')), ...table.rows.map(row)].join('\n'))
    .join('\n\n');
  try {
    appendFileSync(file, `### lambda-tool ${command}\n\n${text}\n\n`);
  } catch (error) {
    reporter.info(`The step summary ${file} could not be written: ${messageOf(error)}`);
  }
}
