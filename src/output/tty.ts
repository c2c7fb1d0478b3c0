import { stripVTControlCharacters } from 'node:util';

import type { Ora } from 'ora';

import { formatSeconds } from './format.ts';
import type { LineOptions, Lines } from './lines.ts';
import type { StepTitle } from './reporter.ts';
import { wordForEnd } from './step-end.ts';
import { wrapLines } from './wrap.ts';

const NAME_WIDTH = 24;
/** Lines of a running build that are shown below its row. */
const TAIL_LINES = 4;
/** What ora and we put before a row. */
const MARGIN = 6;
/** What is left of a row goes on under its kind. */
const ROW_HANG = 2;
/** How often rows are drawn anew for the sake of their seconds. */
const REDRAW_MS = 500;

interface Row {
  readonly title: StepTitle;
  readonly started: number;
  progress: string;
  tail: string[];
  inner: () => readonly string[];
}

/** Rows that turn while work runs and stay as one line each when it has ended: for a person at a terminal. */
export async function createTerminalLines(options: LineOptions): Promise<Lines> {
  const { default: ora } = await import('ora');
  const { style, stderr } = options;
  const rows = new Set<Row>();
  let spinner: Ora | undefined;
  let timer: NodeJS.Timeout | undefined;
  let paused = false;

  const stop = (): void => {
    clearInterval(timer);
    spinner?.stop();
    spinner = undefined;
  };
  const draw = (): void => {
    if (rows.size === 0 || paused) return stop();
    const text = clip([...rows].flatMap((row) => describe(row, options))).join('\n    ');
    if (spinner === undefined) {
      spinner = ora({ text, stream: process.stderr, prefixText: ' ', discardStdin: false, hideCursor: true }).start();
      timer = setInterval(draw, REDRAW_MS);
      timer.unref();
    } else spinner.text = text;
  };
  /** Writes above the rows that turn. */
  const write = (text: string): void => {
    spinner?.clear();
    stderr.write(`${text}\n`);
    spinner?.render();
  };
  const reflow = (): void => {
    if (spinner !== undefined) settleAfterResize(spinner.text);
    draw();
  };
  process.stderr.on('resize', reflow);

  return {
    async step(title, work) {
      const row: Row = { title, started: options.now(), progress: '', tail: [], inner: () => [] };
      rows.add(row);
      draw();
      let summary = '';
      const finish = (mark: string, text: string): void => {
        rows.delete(row);
        draw();
        write(wrapLines(`  ${mark} ${label(title)} ${text}`.trimEnd(), width(), ROW_HANG));
      };
      try {
        const result = await work({
          progress(text) {
            row.progress = text;
            draw();
          },
          note(text, note) {
            if (options.verbose || note?.lasting === true) write(style('dim', wrapLines(`      ${text}`, width())));
            else row.progress = text;
            draw();
          },
          rows(render) {
            row.inner = render;
            draw();
          },
          output(line) {
            if (options.verbose) write(style('dim', `      ${line}`));
            else row.tail = [...row.tail, line].slice(-TAIL_LINES);
            draw();
          },
          summary: (text) => (summary = text),
        });
        finish(style('green', '✔'), `${summary}${style('dim', ` ${formatSeconds(options.now() - row.started)}`)}`);
        return result;
      } catch (error) {
        const word = wordForEnd(error);
        const mark = word === 'failed' ? style('red', '✖') : style('yellow', '■');
        finish(mark, style('dim', `${word} after ${formatSeconds(options.now() - row.started)}`));
        throw error;
      }
    },
    info: (message) => write(wrapLines(`  ${message}`, width(), 2)),
    warn: (message) => write(wrapLines(`  ${style('yellow', '⚠')} ${message}`, width())),
    pause() {
      paused = true;
      stop();
    },
    resume() {
      paused = false;
      draw();
    },
    close() {
      process.stderr.off('resize', reflow);
      rows.clear();
      draw();
    },
  };
}

function label(title: StepTitle): string {
  return `${title.kind.padEnd(6)} ${title.name.padEnd(NAME_WIDTH)}`;
}

function describe(row: Row, options: LineOptions): string[] {
  const seconds = Math.floor((options.now() - row.started) / 1000);
  const clock = seconds > 0 ? ` ${seconds} s` : '';
  const room = width() - MARGIN;
  const inner = [...row.inner(), ...row.tail].map((line) => options.style('dim', cut(`  ${line}`, room)));
  // The seconds stay where the rest does not fit.
  return [`${cut(`${label(row.title)} ${row.progress}`.trimEnd(), room - clock.length)}${clock}`, ...inner];
}

function width(): number {
  return Math.max(20, process.stderr.columns ?? 80);
}

function cut(line: string, room: number): string {
  return line.length <= room ? line : `${line.slice(0, Math.max(0, room - 1))}…`;
}

/** No more lines than the terminal has: what scrolls out at its top cannot be taken back. */
function clip(lines: readonly string[]): readonly string[] {
  const height = Math.max(1, (process.stderr.rows ?? 24) - 2);
  return lines.length <= height ? lines : lines.slice(0, height);
}

/**
 * A narrower terminal has wrapped the rows into more lines than ora knows of. They are cleared here, and the cursor is put where ora
 * expects it: as many lines below the first as ora has drawn.
 */
function settleAfterResize(text: string): void {
  const lines = text.split('\n').map((line, index) => visibleLength(line) + (index === 0 ? 4 : 0));
  const now = lines.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / (process.stderr.columns || 80))), 0);
  if (now <= lines.length) return;
  process.stderr.write(`\r\u{1B}[${now - 1}A\u{1B}[0J${'\n'.repeat(lines.length - 1)}`);
}

function visibleLength(line: string): number {
  return stripVTControlCharacters(line).length;
}
