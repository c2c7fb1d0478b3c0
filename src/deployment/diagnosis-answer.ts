import { formatSeconds, plural } from '../output/format.ts';
import type { Answer } from '../output/reporter.ts';
import type { Style } from '../output/style.ts';
import { wrapLines } from '../output/wrap.ts';
import type { Diagnosis, ExplainedOperation } from '../stack/diagnose.ts';
import { describeCause, failureLines, row } from '../stack/explain-failure.ts';
import { failureData } from '../stack/failed.ts';
import type { Identity } from './identity.ts';

/** The answer of `diagnose`. */
export function answerDiagnosis(diagnosis: Diagnosis, identity: Identity): Answer {
  const { stack, meaning, healthy, last, earlier, changeSet, next, consoleUrl } = diagnosis;
  return {
    data: {
      stackName: stack.name,
      stackId: stack.id,
      ...identity,
      status: stack.status,
      ...(stack.statusReason === undefined || stack.statusReason === '' ? {} : { statusReason: stack.statusReason }),
      meaning,
      healthy,
      ...(last === undefined ? {} : { operation: operationData(last) }),
      ...(last?.failure === undefined ? {} : failureData(last.failure)),
      ...(earlier === undefined ? {} : { earlier: { operation: operationData(earlier), ...explained(earlier) } }),
      ...(changeSet.length === 0 ? {} : { changeSetFindings: changeSet }),
      ...(consoleUrl === undefined ? {} : { consoleUrl }),
      next,
    },
    human: [(style, columns) => wrapLines(renderDiagnosis(diagnosis, style), columns)],
  };
}

function explained({ failure }: ExplainedOperation) {
  return failure === undefined ? {} : failureData(failure);
}

function operationData({ operation, operationId }: ExplainedOperation) {
  const { kind, outcome, status, startedAt, endedAt } = operation;
  return {
    kind,
    outcome,
    status,
    startedAt: startedAt.toISOString(),
    ...(endedAt === undefined ? {} : { endedAt: endedAt.toISOString(), durationMs: endedAt.getTime() - startedAt.getTime() }),
    ...(operationId === undefined ? {} : { operationId }),
  };
}

function renderDiagnosis(diagnosis: Diagnosis, style: Style): string {
  const { stack, meaning, healthy, last, earlier, changeSet, next, consoleUrl } = diagnosis;
  const lines = [
    `${style('bold', stack.name)} · ${style(healthy ? 'green' : 'red', stack.status)}: ${meaning}`,
    '',
    row('Last', last === undefined ? 'no operation yet' : describeOperation(last)),
    ...(last?.failure === undefined ? [] : failureLines(last.failure, { withHint: true })),
    ...(earlier === undefined ? [] : earlierLines(earlier, stack.status === 'DELETE_COMPLETE')),
    ...(changeSet.length === 0
      ? []
      : [
          row('Since', `a change set was made, and refused with ${plural(changeSet.length, 'finding')}`),
          ...changeSet.flatMap((cause) => describeCause('', cause)),
        ]),
    ...(consoleUrl === undefined || healthy ? [] : [row('Console', consoleUrl)]),
    row('Next', next.text),
    ...(next.command === undefined ? [] : [row('', style('bold', next.command))]),
  ];
  return lines.map((line) => line.replace(/^(\S+)(?=\s{2,})/, (title) => style('bold', title))).join('\n');
}

/** What failed before is the question when the stack is deleted, and a remark when it is well. */
function earlierLines(earlier: ExplainedOperation, isDeleted: boolean): string[] {
  const head = row('Before', describeOperation(earlier));
  if (earlier.failure === undefined) return [head];
  if (isDeleted) return [head, ...failureLines(earlier.failure, { withHint: true })];
  const { cause } = earlier.failure;
  return cause === undefined ? [head] : [head, ...describeCause('', cause)];
}

const KIND_WORDS = {
  create: 'creation',
  update: 'update',
  delete: 'deletion',
  import: 'import',
  rollback: 'rollback',
  'continue-rollback': 'continued rollback',
} as const;

function describeOperation({ operation }: ExplainedOperation): string {
  const { kind, outcome, startedAt, endedAt } = operation;
  const when = `${startedAt.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const took = endedAt === undefined ? '' : `, ${formatSeconds(endedAt.getTime() - startedAt.getTime())}`;
  const end = { succeeded: 'succeeded', failed: 'failed', 'in-progress': 'still runs' }[outcome];
  return `${KIND_WORDS[kind]} of ${when}${took}: ${end}`;
}
