import type { ResourceDrift, Stacks } from '../clients/cloudformation.ts';
import type { Clock } from '../context.ts';
import { UserError } from '../errors.ts';
import { formatSeconds } from '../output/format.ts';
import type { Reporter } from '../output/reporter.ts';
import { templateParameters } from '../template/read.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, valueAt } from '../template/value.ts';
import { walkInventory, type Inventory, type InventoryNode } from './read-inventory.ts';

export interface DriftedResource {
  readonly resource: string;
  readonly resourceType: string;
  readonly physicalId: string;
  /** `MODIFIED` or `DELETED`. */
  readonly status: string;
  readonly differences: ResourceDrift['differences'];
}

export interface DriftReport {
  /** `DRIFTED`, or `IN_SYNC` as far as it was checked. */
  readonly status: 'DRIFTED' | 'IN_SYNC';
  readonly resources: readonly DriftedResource[];
  /** Paths of resources of which CloudFormation cannot tell. */
  readonly notChecked: readonly string[];
}

export interface DriftDeps {
  readonly stacks: Pick<Stacks, 'detectDrift' | 'driftDetection' | 'drifts'>;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** States in which CloudFormation detects drift (user guide, "Detect unmanaged configuration changes"). */
const DETECTABLE = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_FAILED', 'IMPORT_COMPLETE']);
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5000;
const MASK = '****';

/** Throws UserError STACK_STATE where CloudFormation would refuse; before anything is read. */
export function checkDriftDetectable(stack: { readonly name: string; readonly status: string }): void {
  if (DETECTABLE.has(stack.status)) return;
  throw new UserError('STACK_STATE', `Drift cannot be looked for while stack ${stack.name} is ${stack.status}`, {
    hint: 'Without --drift it can be described in every state',
    result: { stackName: stack.name, status: stack.status },
  });
}

/**
 * Has CloudFormation compare every resource with its template, in the stack and, since it leaves them out, in each nested one, and
 * waits for it. What it finds holds no value of a NoEcho parameter.
 */
export async function findDrift(stackName: string, inventory: Inventory, deps: DriftDeps): Promise<DriftReport> {
  const members = membersByStack(inventory);
  return deps.reporter.step({ kind: 'stack', name: stackName }, async (step) => {
    const started = deps.clock.now();
    const tell = (): void => step.progress(`looking for drift · ${formatSeconds(deps.clock.now() - started)}`);
    step.note('looking for drift');
    const found = await Promise.all([...members].map(([stackId, nodes]) => driftOf(stackId, nodes, deps, tell)));
    const report = join(found, inventory);
    const { length } = report.resources;
    step.summary(length === 0 ? 'no drift' : `${length} ${length === 1 ? 'resource has' : 'resources have'} drifted`);
    return report;
  });
}

/** The resources of each stack of a tree, by the ARN of the stack. */
function membersByStack(inventory: Inventory): Map<string, InventoryNode[]> {
  const members = new Map<string, InventoryNode[]>([[inventory.stackId, []]]);
  for (const { node } of walkInventory(inventory.roots)) {
    const nodes = members.get(node.stackId) ?? [];
    members.set(node.stackId, [...nodes, node]);
  }
  return members;
}

interface Found {
  readonly nodes: readonly InventoryNode[];
  readonly drifts: readonly ResourceDrift[];
}

async function driftOf(stackId: string, nodes: readonly InventoryNode[], deps: DriftDeps, tell: () => void): Promise<Found> {
  const { clock, reporter, signal, stacks } = deps;
  const detection = await beginDetection(stackId, deps);
  if (detection === undefined) return { nodes, drifts: [] };
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const { status, reason } = await stacks.driftDetection(detection, signal);
    if (status === 'DETECTION_FAILED') reporter.warn(`Not all drift could be found: ${reason ?? 'AWS gave no reason'}`);
    if (status !== 'DETECTION_IN_PROGRESS') return { nodes, drifts: await stacks.drifts(stackId, signal) };
    tell();
    await clock.sleep(pause, signal);
  }
}

/** Undefined for a stack whose state does not allow it: its resources count as not checked. */
async function beginDetection(stackId: string, { reporter, signal, stacks }: DriftDeps): Promise<string | undefined> {
  try {
    return await stacks.detectDrift(stackId, signal);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'TEMPLATE_INVALID') throw error;
    reporter.warn(`Drift of ${stackId} cannot be looked for: ${error.message}`);
    return undefined;
  }
}

function join(found: readonly Found[], inventory: Inventory): DriftReport {
  const resources: DriftedResource[] = [];
  const notChecked: string[] = [];
  for (const { nodes, drifts } of found) {
    const hidden = hiddenNames(nodes[0]?.stackId ?? '', inventory);
    const byId = new Map(drifts.map((drift) => [drift.logicalId, drift]));
    for (const node of nodes) {
      const drift = byId.get(node.logicalId);
      if (drift?.status === 'MODIFIED' || drift?.status === 'DELETED') resources.push(describeDrift(node, drift, hidden));
      else if (drift?.status !== 'IN_SYNC' && !node.isStack) notChecked.push(node.path);
    }
  }
  return { status: resources.length === 0 ? 'IN_SYNC' : 'DRIFTED', resources, notChecked };
}

function describeDrift(node: InventoryNode, drift: ResourceDrift, hidden: ReadonlySet<string>): DriftedResource {
  return {
    resource: node.path,
    resourceType: node.resourceType,
    physicalId: node.physicalId,
    status: drift.status,
    differences: drift.differences.map((difference) => (isSecret(node, difference.path, hidden) ? masked(difference) : difference)),
  };
}

function masked(difference: ResourceDrift['differences'][number]): ResourceDrift['differences'][number] {
  return {
    ...difference,
    expected: difference.expected === undefined ? undefined : MASK,
    actual: difference.actual === undefined ? undefined : MASK,
  };
}

/** Names of the NoEcho parameters of a stack. */
function hiddenNames(stackId: string, { templates }: Inventory): ReadonlySet<string> {
  const template = templates.get(stackId);
  return new Set(template === undefined ? [] : templateParameters(template).flatMap(({ name, noEcho }) => (noEcho ? [name] : [])));
}

const SECRET_NAME = /passw|secret|token|credential|private_?key|api_?key/i;

/** Whether a property has its value from a NoEcho parameter, or is named like a secret. */
function isSecret(node: InventoryNode, path: string, hidden: ReadonlySet<string>): boolean {
  if (SECRET_NAME.test(path)) return true;
  const steps = path.split('/').filter((step) => step !== '');
  const known = steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  // The nearest value that the template has on the way: what comes after it may be made by a function.
  for (let length = known.length; length > 0; length -= 1) {
    const value = node.entry === undefined ? undefined : valueAt(node.entry.properties, known.slice(0, length));
    if (value !== undefined) return refersTo(value, hidden);
  }
  return false;
}

function refersTo(value: JsonValue, names: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return [...names].some((name) => value === name || value.includes(`\${${name}}`));
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some((item) => refersTo(item, names));
  return isMap(value) && Object.values(value).some((item) => refersTo(item, names));
}
