import type { Reporter } from '../../src/output/reporter.ts';

/** A reporter that keeps everything it is told, as one text a line. */
export function recordingReporter(): Reporter & { readonly lines: string[] } {
  const lines: string[] = [];
  const put = (kind: string, text: string): void => void lines.push(`${kind}: ${text}`);
  return {
    lines,
    async step(title, work) {
      const name = `${title.kind} ${title.name}`;
      put('begin', name);
      try {
        const result = await work({
          progress: (text) => put('progress', text),
          note: (text) => put('note', text),
          rows: () => undefined,
          output: (line) => put('output', line),
          summary: (text) => put('summary', `${name}: ${text}`),
        });
        put('done', name);
        return result;
      } catch (error) {
        put('failed', `${name}: ${String(error)}`);
        throw error;
      }
    },
    info: (message) => put('info', typeof message === 'string' ? message : message((_, text) => text)),
    debug: (message) => put('debug', message),
    warn: (message) => put('warn', message),
    pause: (work) => work(),
    event: (event) => put('event', JSON.stringify(event)),
    line: (text) => put('line', text),
    conceal: () => undefined,
    result: (answer) => put('result', JSON.stringify(answer.data)),
  };
}
