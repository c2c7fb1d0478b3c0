import { randomUUID } from 'node:crypto';

import { record } from './run-report.ts';

/**
 * What is appended to GITHUB_OUTPUT: `stack-id`, `action`, `change-set`, and each output of the stack under its name. An output of
 * the stack beats a word of ours with the same name, because the last one counts.
 */
export function stepOutputs(data: unknown): string {
  const result = record(data);
  const own = { 'stack-id': result['stackId'], action: result['action'], 'change-set': result['changeSet'] };
  // Outputs of a deployment that nobody waits for are those from before it.
  const outputs = result['finished'] === false ? {} : record(result['outputs']);
  return [...Object.entries(own), ...Object.entries(outputs)]
    .flatMap(([name, value]) => (typeof value === 'string' ? [assignment(stepOutputName(name), value)] : []))
    .join('');
}

/** Names of step outputs are letters, digits, - and _, and do not begin with a digit. */
function stepOutputName(name: string): string {
  return name.replaceAll(/[^\w-]/g, '_').replace(/^(?=[\d-])/, '_');
}

function assignment(name: string, value: string): string {
  if (!/[\r\n]/.test(value)) return `${name}=${value}\n`;
  // A value must not be able to end itself and set other outputs.
  const delimiter = `end-${randomUUID()}`;
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
}
