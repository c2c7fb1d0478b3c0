import pLimit, { type LimitFunction } from 'p-limit';

import type { StackResource, Stacks } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import type { Reporter } from '../output/reporter.ts';
import { parseTemplate } from '../template/parse.ts';
import { resourcesOf, type ResourceEntry } from '../template/read.ts';
import type { Template } from '../template/types.ts';
import { entryOf, findOwners } from './owners.ts';

/** A resource in its place. */
export interface InventoryNode extends StackResource {
  /** `Api/Table`: with the logical ids of the nested stacks around it. */
  readonly path: string;
  /** ARN of the stack that it is a resource of. */
  readonly stackId: string;
  /** As the template has it; undefined for what a transform has made, or when there is no template to read. */
  readonly entry: ResourceEntry | undefined;
  /** What belongs to it; for a nested stack the resources of that stack. */
  readonly children: readonly InventoryNode[];
  /** Whether it is a stack whose resources are its children. */
  readonly isStack: boolean;
}

/** What a stack and the stacks nested in it have. */
export interface Inventory {
  readonly stackId: string;
  /** By the ARN of their stack; one that cannot be read is left out. */
  readonly templates: ReadonlyMap<string, Template>;
  readonly roots: readonly InventoryNode[];
  /** Paths of resources that are deleted already. */
  readonly gone: readonly string[];
}

export interface InventoryDeps {
  readonly stacks: Pick<Stacks, 'resources' | 'template' | 'processedTemplate'>;
  readonly reporter: Pick<Reporter, 'warn' | 'debug'>;
  readonly signal: AbortSignal;
}

export interface InventoryOptions {
  /** `processed` is the template after all transforms: everything is declared in it then. */
  readonly stage?: 'original' | 'processed' | undefined;
}

const STACK_TYPE = 'AWS::CloudFormation::Stack';
/** Calls under way at a time; CloudFormation throttles early. */
const PARALLEL_CALLS = 4;

/**
 * The resources of a stack as a tree, those of nested stacks inside. For each stack a call for every hundred resources and one for
 * its template.
 */
export function readInventory(stackId: string, deps: InventoryDeps, options: InventoryOptions = {}): Promise<Inventory> {
  return readStack(stackId, '', { ...deps, ...options, limit: pLimit(PARALLEL_CALLS) });
}

interface Reading extends InventoryDeps, InventoryOptions {
  readonly limit: LimitFunction;
}

async function readStack(stackId: string, prefix: string, reading: Reading): Promise<Inventory> {
  const { limit, signal, stacks } = reading;
  const [every, template] = await Promise.all([limit(() => stacks.resources(stackId, signal)), readTemplate(stackId, reading)]);
  const resources = every.filter(({ status }) => status !== 'DELETE_COMPLETE');
  const nested = new Map<string, Inventory>();
  await Promise.all(
    resources.filter(isNestedStack).map(async ({ logicalId, physicalId }) => {
      nested.set(logicalId, await readStack(physicalId, `${prefix}${logicalId}/`, reading));
    }),
  );
  const templates = new Map([...nested.values()].flatMap((inside) => [...inside.templates]));
  if (template !== undefined) templates.set(stackId, template);
  const gone = every.filter(({ status }) => status === 'DELETE_COMPLETE').map(({ logicalId }) => `${prefix}${logicalId}`);
  const goneInside = [...nested.values()].flatMap((inside) => inside.gone);
  return { stackId, templates, gone: [...gone, ...goneInside], roots: buildTree({ stackId, prefix, resources, template, nested }) };
}

function isNestedStack({ physicalId, resourceType }: StackResource): boolean {
  return resourceType === STACK_TYPE && physicalId.startsWith('arn:');
}

async function readTemplate(stackId: string, { limit, reporter, signal, stacks, stage }: Reading): Promise<Template | undefined> {
  try {
    const text = await limit(() => (stage === 'processed' ? stacks.processedTemplate(stackId, signal) : stacks.template(stackId, signal)));
    return text === undefined ? undefined : await parseTemplate(text, stackId);
  } catch (error) {
    // What is described without it is still right, only less well ordered.
    if (!(error instanceof UserError)) throw error;
    if (error.code === 'ACCESS_DENIED') reporter.warn(`The template of the stack cannot be read: ${error.message}`);
    else reporter.debug(`The template of ${stackId} cannot be used: ${error.message}`);
    return undefined;
  }
}

interface TreeParts {
  readonly stackId: string;
  readonly prefix: string;
  readonly resources: readonly StackResource[];
  readonly template: Template | undefined;
  readonly nested: ReadonlyMap<string, Inventory>;
}

function buildTree({ stackId, prefix, resources, template, nested }: TreeParts): InventoryNode[] {
  const entries = template === undefined ? [] : resourcesOf(template);
  const owners = template === undefined ? new Map<string, string>() : findOwners(resources, entries);
  const rank = (logicalId: string): number => {
    const at = entries.findIndex((entry) => entry === entryOf(logicalId, entries));
    return at < 0 ? entries.length : at;
  };
  const order = new Map(resources.map(({ logicalId }) => [logicalId, rank(logicalId)]));
  const byPlace = (one: StackResource, other: StackResource): number =>
    (order.get(one.logicalId) ?? 0) - (order.get(other.logicalId) ?? 0) || one.logicalId.localeCompare(other.logicalId, 'en');
  const sorted = resources.toSorted(byPlace);
  const node = (resource: StackResource): InventoryNode => {
    const inside = nested.get(resource.logicalId);
    const own = sorted.filter(({ logicalId }) => owners.get(logicalId) === resource.logicalId).map(node);
    return {
      ...resource,
      path: `${prefix}${resource.logicalId}`,
      stackId,
      entry: entryOf(resource.logicalId, entries),
      children: [...(inside?.roots ?? []), ...own],
      isStack: inside !== undefined,
    };
  };
  return sorted.filter(({ logicalId }) => !owners.has(logicalId)).map(node);
}

/** Every resource of a tree with what is above it, the nearest first; each before its children. */
export function* walkInventory(
  nodes: readonly InventoryNode[],
  above: readonly InventoryNode[] = [],
): Generator<{ readonly node: InventoryNode; readonly above: readonly InventoryNode[] }> {
  for (const node of nodes) {
    yield { node, above };
    yield* walkInventory(node.children, [node, ...above]);
  }
}
