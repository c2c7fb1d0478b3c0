import {
  DescribeEventsCommand,
  type CloudFormationClient,
  type OperationEvent as SdkOperationEvent,
  type StackEvent as SdkStackEvent,
} from '@aws-sdk/client-cloudformation';

import { serviceFailure } from './aws-errors.ts';
import { abort } from './cloudformation-change-sets.ts';
import type { HookResult, OperationEvent, OperationEventsQuery } from './cloudformation-types.ts';

const MAX_PAGES = 40;

/** DescribeEvents, oldest first; undefined where that call is not offered or not allowed, so that the older one can be asked. */
export async function readOperationEvents(
  client: CloudFormationClient,
  query: OperationEventsQuery,
  signal: AbortSignal | undefined,
): Promise<OperationEvent[] | undefined> {
  const about = {
    ...(query.stackId === undefined ? {} : { StackName: query.stackId }),
    ...(query.changeSetId === undefined ? {} : { ChangeSetName: query.changeSetId }),
    ...(query.operationId === undefined ? {} : { OperationId: query.operationId }),
    ...(query.failedOnly === true ? { Filters: { FailedEvents: true } } : {}),
  };
  const found: OperationEvent[] = [];
  let token: string | undefined;
  try {
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const next: { NextToken?: string } = token === undefined ? {} : { NextToken: token };
      const answer = await client.send(new DescribeEventsCommand({ ...about, ...next }), abort(signal));
      found.push(...(answer.OperationEvents ?? []).map(readEvent));
      token = answer.NextToken;
      if (token === undefined) break;
    }
  } catch (error) {
    if (isNotOffered(error)) return undefined;
    throw error;
  }
  return found.toSorted((one, other) => one.timestamp.getTime() - other.timestamp.getTime());
}

/** An endpoint without the call says so in several ways; a policy written before the call existed does not allow it. */
function isNotOffered(error: unknown): boolean {
  const failure = serviceFailure(error);
  if (failure === undefined) return false;
  if (failure.status === 501) return true;
  return /^(InvalidAction|NotImplemented|UnknownOperation|UnknownOperationException|AccessDenied|AccessDeniedException)$/.test(
    failure.name,
  );
}

/** What both calls that tell of events say of the resource. */
export function readResourceFacts(event: SdkOperationEvent | SdkStackEvent) {
  return {
    id: event.EventId ?? '',
    logicalId: event.LogicalResourceId ?? '',
    physicalId: event.PhysicalResourceId ?? '',
    resourceType: event.ResourceType ?? '',
    status: event.ResourceStatus ?? '',
    reason: event.ResourceStatusReason,
    stackId: event.StackId ?? '',
  };
}

function readEvent(event: SdkOperationEvent): OperationEvent {
  return {
    ...readResourceFacts(event),
    timestamp: event.Timestamp ?? event.StartTime ?? new Date(0),
    operationId: event.OperationId,
    eventType: event.EventType ?? 'STACK_EVENT',
    operationStatus: event.OperationStatus,
    detailedStatus: event.DetailedStatus,
    validation: readValidation(event),
    hook: readHook(event),
  };
}

function readValidation(event: SdkOperationEvent): OperationEvent['validation'] {
  if (event.ValidationName === undefined && event.ValidationStatus === undefined) return undefined;
  return {
    name: event.ValidationName ?? '',
    status: event.ValidationStatus ?? '',
    reason: event.ValidationStatusReason ?? '',
    path: event.ValidationPath,
    mode: event.ValidationFailureMode,
  };
}

/** What a hook said, of an event that tells of one. */
export function readHook(
  event: Pick<SdkOperationEvent, 'HookType' | 'HookStatus' | 'HookStatusReason' | 'HookInvocationPoint' | 'HookFailureMode'>,
): HookResult | undefined {
  if (event.HookType === undefined) return undefined;
  return {
    type: event.HookType,
    status: event.HookStatus ?? '',
    reason: event.HookStatusReason,
    invocationPoint: event.HookInvocationPoint,
    mode: event.HookFailureMode,
  };
}
