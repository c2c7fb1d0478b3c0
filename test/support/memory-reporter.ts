import type { Answer, ReportEvent, Reporter } from '../../src/output/reporter.ts';

/** A reporter that remembers everything it is told. */
export function memoryReporter(): Reporter & { readonly lines: string[]; readonly events: ReportEvent[]; readonly answers: Answer[] } {
  const lines: string[] = [];
  const events: ReportEvent[] = [];
  const answers: Answer[] = [];
  return {
    lines,
    events,
    answers,
    async step(title, work) {
      const prefix = `[${title.kind} ${title.name}]`;
      try {
        return await work({
          progress: () => undefined,
          note: (text) => lines.push(`${prefix} ${text}`),
          output: (line) => lines.push(`${prefix} | ${line}`),
          summary: (text) => lines.push(`${prefix} = ${text}`),
        });
      } catch (error) {
        lines.push(`${prefix} failed`);
        throw error;
      }
    },
    info: (message) => lines.push(message),
    debug: (message) => lines.push(`debug: ${message}`),
    warn: (message) => lines.push(`warning: ${message}`),
    event: (event) => events.push(event),
    result: (answer) => answers.push(answer),
  };
}
