import type { StackEvent } from '../clients/cloudformation.ts';

/** The resource with which an operation went wrong. */
export interface FailureCause {
  readonly logicalId: string;
  readonly resourceType: string;
  readonly physicalId: string;
  readonly status: string;
  readonly reason: string;
}

const CANCELLED = /^Resource (creation|update|deletion) cancelled$|^The following resource\(s\) failed|^Resource creation Initiated$/i;

/** The first failed event that is not a consequence of another one. `events` are oldest first. */
export function findFirstCause(events: readonly StackEvent[]): FailureCause | undefined {
  const failed = events.filter((event) => event.status.endsWith('_FAILED') && !CANCELLED.test(event.reason ?? ''));
  const cause = failed.find((event) => event.physicalId !== event.stackId) ?? failed[0];
  if (cause === undefined) return undefined;
  const { logicalId, resourceType, physicalId, status } = cause;
  return { logicalId, resourceType, physicalId, status, reason: cleanReason(cause.reason) };
}

/** How many other resources were cancelled because of the first one. */
export function countCancelled(events: readonly StackEvent[]): number {
  return events.filter((event) => event.status.endsWith('_FAILED') && /cancelled$/i.test(event.reason ?? '')).length;
}

/** AWS's words without the frame that resource handlers put around them. */
function cleanReason(reason: string | undefined): string {
  if (reason === undefined || reason === '') return 'AWS gave no reason';
  const framed = /^Resource handler returned message: "(.*)" \(RequestToken: [^)]*\)$/s.exec(reason);
  return (framed?.[1] ?? reason).replace(/ \((Service: [^()]*)\)( \(SDK [^()]*\))?$/, '').trim();
}
