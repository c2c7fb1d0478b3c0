import { appendFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { messageOf } from '../errors.ts';
import type { Answer } from '../output/reporter.ts';
import { messageFiles } from '../output/workflow-command.ts';
import { annotateFailure, annotateFindings } from './annotations.ts';
import type { DeliveryWorld } from './deliveries.ts';
import { stepOutputs } from './github-outputs.ts';
import { renderHtml } from './html.ts';
import { checkOutputsFile, writeOutputsFile } from './outputs-file.ts';
import { record, reportRun, type RunEnd, type RunReport } from './run-report.ts';
import { checkWritable, writeAtomically } from './safe-file.ts';
import { renderSummary } from './summary.ts';

/** GitHub takes so much for the summary of a step, and none of it when it is more. */
const SUMMARY_BYTES = 1024 * 1024;

export interface HandOver {
  readonly end: RunEnd;
  readonly answer: Answer | undefined;
  readonly hide: (text: string) => string;
  readonly info: (message: string) => void;
  readonly world: DeliveryWorld;
  readonly github: boolean;
  /** Absolute. */
  readonly report: string | undefined;
  readonly outputsFile: string | undefined;
}

/** Where the files go, made sure of. Paths count from where the user is. Throws UserError FILE_NOT_WRITABLE. */
export function checkFiles(given: { readonly report: unknown; readonly outputsFile: unknown }, cwd: string) {
  const [report, outputsFile] = [given.report, given.outputsFile].map((path) =>
    typeof path === 'string' ? resolve(cwd, path) : undefined,
  );
  if (report !== undefined) checkWritable(report, 'The report');
  if (outputsFile !== undefined) checkOutputsFile(outputsFile);
  return { report, outputsFile };
}

/** Writes what is wanted; answers the annotations. See `Deliveries.hand`. */
export function handOver(request: HandOver): readonly string[] {
  const { end, hide, report: path, world } = request;
  const report = reportRun(end, hide);
  const attempt = end.error === undefined ? (work: () => void): void => work() : (work: () => void): void => told(work, request.info);
  attempt(() => writeOutputs(request));
  if (path !== undefined) attempt(() => writeAtomically(path, renderHtml(report, world.version), 'The report'));
  return request.github ? forGithub(report, request) : [];
}

/** Only a deployment that came to its end has outputs that hold; a preview, a declined or a detached one has none. */
function writeOutputs({ end, info, outputsFile }: HandOver): void {
  const { outputs, stackName, action, finished } = record(end.result);
  if (outputsFile === undefined || end.error !== undefined || outputs === undefined || action === 'declined') return;
  if (finished === false) return info(`${outputsFile} is not written: the outputs are not known before the end`);
  writeOutputsFile(outputsFile, String(stackName), record(outputs) as Record<string, string>);
}

function forGithub(report: RunReport, { end, answer, world, hide, info }: HandOver): readonly string[] {
  const { env, cwd } = world;
  const files = messageFiles(cwd, env['GITHUB_WORKSPACE']);
  const append = (name: string, write: (file: string) => string): void => {
    const file = env[name];
    if (file === undefined || file === '') return;
    try {
      const text = write(file);
      if (text !== '') appendFileSync(file, text);
    } catch (error) {
      // The work is done by then, and must not count as failed because of a page about it.
      info(`${name} (${file}) could not be written: ${messageOf(error)}`);
    }
  };
  append('GITHUB_OUTPUT', () => stepOutputs(end.result));
  append('GITHUB_STEP_SUMMARY', (file) => {
    if (answer === undefined && end.error === undefined) return '';
    const used = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    return hide(renderSummary(report, answer, SUMMARY_BYTES - used));
  });
  if (end.error !== undefined) return annotateFailure(report, end.result, files);
  // Of a deployment that went well they have been warned of on the way.
  return end.command === 'validate' ? annotateFindings(end.result, files) : [];
}

function told(work: () => void, info: (message: string) => void): void {
  try {
    work();
  } catch (error) {
    info(messageOf(error));
  }
}
