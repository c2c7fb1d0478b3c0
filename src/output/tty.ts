import type { Ora } from 'ora';

import { formatSeconds } from './format.ts';
import type { LineOptions, Lines } from './lines.ts';
import type { StepTitle } from './reporter.ts';

const NAME_WIDTH = 24;
/** Lines of a running build that are shown below its row. */
const TAIL_LINES = 4;

interface Row {
  readonly title: StepTitle;
  readonly started: number;
  progress: string;
  tail: string[];
}

/** Rows that turn while work runs and stay as one line each when it has ended: for a person at a terminal. */
export async function createTerminalLines(options: LineOptions): Promise<Lines> {
  const { default: ora } = await import('ora');
  const { style, stderr } = options;
  const rows = new Set<Row>();
  let spinner: Ora | undefined;

  const draw = (): void => {
    if (rows.size === 0) {
      spinner?.stop();
      spinner = undefined;
      return;
    }
    const text = [...rows].map((row) => describe(row, options)).join('\n  ');
    if (spinner === undefined)
      spinner = ora({ text, stream: process.stderr, prefixText: ' ', discardStdin: false, hideCursor: true }).start();
    else spinner.text = text;
  };
  /** Writes above the rows that turn. */
  const write = (text: string): void => {
    spinner?.clear();
    stderr.write(`${text}\n`);
    spinner?.render();
  };

  return {
    async step(title, work) {
      const row: Row = { title, started: options.now(), progress: '', tail: [] };
      rows.add(row);
      draw();
      let summary = '';
      const finish = (mark: string, text: string): void => {
        rows.delete(row);
        draw();
        write(`  ${mark} ${label(title)} ${text}`.trimEnd());
      };
      try {
        const result = await work({
          progress(text) {
            row.progress = text;
            draw();
          },
          note(text, note) {
            if (options.verbose || note?.lasting === true) write(style('dim', `      ${text}`));
            else row.progress = text;
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
        finish(style('red', '✖'), style('dim', `failed after ${formatSeconds(options.now() - row.started)}`));
        throw error;
      }
    },
    info: (message) => write(`  ${message}`),
    warn: (message) => write(`  ${style('yellow', '⚠')} ${message}`),
    close() {
      rows.clear();
      draw();
    },
  };
}

function label(title: StepTitle): string {
  return `${title.kind.padEnd(6)} ${title.name.padEnd(NAME_WIDTH)}`;
}

function describe(row: Row, options: LineOptions): string {
  const seconds = Math.floor((options.now() - row.started) / 1000);
  const clock = seconds > 0 ? ` ${seconds} s` : '';
  const width = Math.max(40, (process.stderr.columns ?? 80) - 8);
  const head = `${label(row.title)} ${row.progress}${clock}`.slice(0, width);
  return [head, ...row.tail.map((line) => options.style('dim', `    ${line}`.slice(0, width)))].join('\n  ');
}
