/** CloudFormation operations that look at stacks, their events and their resources. */
import type { Engine } from '../engine/engine.ts';
import { idPart } from '../engine/names.ts';
import { importersOf } from '../engine/outputs.ts';
import { validationError } from '../engine/parse-template.ts';
import { findExport } from '../engine/parts.ts';
import type { StackRecord } from '../engine/records.ts';
import {
  paramFlag,
  paramObject,
  paramText,
  paramTexts,
  type QueryOperation,
  type QueryParams,
  requiredText,
} from '../protocol/query-xml.ts';
import { findChangeSet } from './cloudformation-change-sets.ts';
import { doesNotExist, type OperationContext, pageOf, requireStack, withIdDoesNotExist } from './cloudformation-input.ts';
import {
  isFailed,
  renderEvent,
  renderOperationEvent,
  renderResource,
  renderResourceSummary,
  renderStack,
  renderStackSummary,
} from './cloudformation-render.ts';

export function describeOperations({ engine, toLocal }: OperationContext): Readonly<Record<string, QueryOperation>> {
  return {
    DescribeStacks: (params, { region }) => describeStacks(engine, params, region, toLocal),
    ListStacks: (params, { region }) => listStacks(engine, params, region),
    DescribeStackEvents: (params, { region }) => describeStackEvents(engine, params, region),
    DescribeEvents: (params, { region }) => describeEvents(engine, params, region),
    DescribeStackResources: (params, { region }) => describeStackResources(engine, params, region),
    DescribeStackResource: (params, { region }) => describeStackResource(engine, params, region),
    ListStackResources(params, { region }) {
      const stack = requireStack(engine, params, region, doesNotExist);
      const resources = [...engine.parts.store.resources(stack.uid).values()];
      const { items, next } = pageOf(resources, paramText(params, 'NextToken'));
      return { StackResourceSummaries: items.map(renderResourceSummary), NextToken: next };
    },
    ListExports: (params, { region }) => listExports(engine, params, region),
    ListImports: (params, { region }) => listImports(engine, params, region),
  };
}

/** Newest first, as AWS lists them. */
function stacksOf(engine: Engine, region: string): readonly StackRecord[] {
  const stacks = engine.parts.store.stacks().filter((stack) => stack.region === region);
  return stacks.toSorted((a, b) => (a.creationTime < b.creationTime ? 1 : -1));
}

function describeStacks(engine: Engine, params: QueryParams, region: string, toLocal: (text: string) => string): object {
  if (paramText(params, 'StackName') !== undefined) {
    return { Stacks: [renderStack(requireStack(engine, params, region, withIdDoesNotExist), toLocal)] };
  }
  const alive = stacksOf(engine, region).filter(({ status }) => status !== 'DELETE_COMPLETE');
  const { items, next } = pageOf(alive, paramText(params, 'NextToken'));
  return { Stacks: items.map((stack) => renderStack(stack, toLocal)), NextToken: next };
}

function listStacks(engine: Engine, params: QueryParams, region: string): object {
  const wanted = new Set(paramTexts(params, 'StackStatusFilter'));
  const stacks = stacksOf(engine, region).filter(({ status }) => wanted.size === 0 || wanted.has(status));
  const { items, next } = pageOf(stacks, paramText(params, 'NextToken'));
  return { StackSummaries: items.map(renderStackSummary), NextToken: next };
}

/**
 * Newest first, 100 a page. The token counts from the oldest event, so that events which happen meanwhile do not shift the pages.
 */
function eventPage<T>(
  oldestFirst: readonly T[],
  token: string | undefined,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const end = token === undefined ? oldestFirst.length : Number(Buffer.from(token, 'base64url').toString('utf8'));
  if (!Number.isInteger(end) || end < 0) throw validationError('NextToken is invalid');
  const start = Math.max(0, end - 100);
  const next = start > 0 ? Buffer.from(String(start)).toString('base64url') : undefined;
  return { items: oldestFirst.slice(start, end).toReversed(), next };
}

function describeStackEvents(engine: Engine, params: QueryParams, region: string): object {
  const stack = requireStack(engine, params, region, doesNotExist);
  const events = engine.parts.store.events(stack.uid).filter(({ status }) => status !== '');
  const { items, next } = eventPage(events, paramText(params, 'NextToken'));
  return { StackEvents: items.map((event) => renderEvent(stack, event)), NextToken: next };
}

function describeEvents(engine: Engine, params: QueryParams, region: string): object {
  const { stack, operationId } = eventsOwner(engine, params, region);
  const onlyFailed = paramFlag(paramObject(params, 'Filters') ?? {}, 'FailedEvents') === true;
  const events = engine.parts.store
    .events(stack.uid)
    .filter((event) => (operationId === undefined || event.operationId === operationId) && (!onlyFailed || isFailed(event)));
  const { items, next } = eventPage(events, paramText(params, 'NextToken'));
  return { OperationEvents: items.map((event) => renderOperationEvent(stack, event)), NextToken: next };
}

/** Whose events are meant: those of a change set (its making), of an operation, or all of a stack. */
function eventsOwner(engine: Engine, params: QueryParams, region: string): { stack: StackRecord; operationId?: string | undefined } {
  const operationId = paramText(params, 'OperationId');
  if (paramText(params, 'ChangeSetName') !== undefined) {
    const { changeSet, stack } = findChangeSet(engine, params, region);
    return { stack, operationId: operationId ?? changeSet.operationId };
  }
  if (paramText(params, 'StackName') !== undefined) return { stack: requireStack(engine, params, region, doesNotExist), operationId };
  if (operationId === undefined) throw validationError('One of ChangeSetName, OperationId or StackName must be specified');
  const stack = stacksOf(engine, region).find(
    ({ uid, lastOperations }) =>
      lastOperations.some(({ id }) => id === operationId) ||
      engine.parts.store.events(uid).some((event) => event.operationId === operationId),
  );
  if (stack === undefined) throw validationError(`Operation [${operationId}] does not exist`);
  return { stack, operationId };
}

function describeStackResources(engine: Engine, params: QueryParams, region: string): object {
  const logicalId = paramText(params, 'LogicalResourceId');
  const physicalId = paramText(params, 'PhysicalResourceId');
  const stack = physicalId === undefined ? requireStack(engine, params, region, withIdDoesNotExist) : ownerOf(engine, physicalId, region);
  const resources = [...engine.parts.store.resources(stack.uid).values()].filter(
    (resource) => logicalId === undefined || resource.logicalId === logicalId,
  );
  return { StackResources: resources.slice(0, 100).map((resource) => renderResource(stack, resource)) };
}

function ownerOf(engine: Engine, physicalId: string, region: string): StackRecord {
  const owner = stacksOf(engine, region).find(
    ({ uid, status }) =>
      status !== 'DELETE_COMPLETE' &&
      [...engine.parts.store.resources(uid).values()].some((resource) => resource.physicalId === physicalId),
  );
  if (owner === undefined) throw validationError(`Stack for ${physicalId} does not exist`);
  return owner;
}

function describeStackResource(engine: Engine, params: QueryParams, region: string): object {
  const stack = requireStack(engine, params, region, (name) => `Stack '${name}' does not exist`);
  const logicalId = requiredText(params, 'LogicalResourceId');
  const resource = engine.parts.store.resources(stack.uid).get(logicalId);
  if (resource === undefined) throw validationError(`Resource ${logicalId} does not exist for stack ${stack.name}`);
  return {
    StackResourceDetail: {
      StackName: stack.name,
      StackId: stack.stackId,
      ...renderResourceSummary(resource),
      Metadata: JSON.stringify(resource.metadata ?? {}),
    },
  };
}

function listExports(engine: Engine, params: QueryParams, region: string): object {
  const alive = stacksOf(engine, region).filter(({ status }) => status !== 'DELETE_COMPLETE');
  const exports = alive.flatMap((stack) =>
    stack.outputs.flatMap(({ exportName, value }) =>
      exportName === undefined ? [] : [{ ExportingStackId: stack.stackId, Name: exportName, Value: value }],
    ),
  );
  const { items, next } = pageOf(exports, paramText(params, 'NextToken'));
  return { Exports: items, NextToken: next };
}

function listImports(engine: Engine, params: QueryParams, region: string): object {
  const name = requiredText(params, 'ExportName');
  const exporter = findExport(engine.parts.store, region, name)?.stack;
  if (exporter === undefined) throw validationError(`Export '${name}' does not exist.`);
  const importers = importersOf(engine.parts, idPart(exporter.stackId), name);
  if (importers.length === 0) throw validationError(`Export '${name}' is not imported by any stack.`);
  const { items, next } = pageOf(importers, paramText(params, 'NextToken'));
  return { Imports: items, NextToken: next };
}
