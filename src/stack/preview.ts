import type { ResourceChange } from '../clients/cloudformation.ts';
import type { StackFinding } from './findings.ts';
import { propertyChanges, type PropertyChange } from './preview-properties.ts';
import { widerRights } from './preview-rights.ts';
import { denialsOf } from './stack-policy.ts';

/** What a deployment would do, down to the property. */
export interface Preview {
  readonly stackName: string;
  /** Undefined when only the template could be asked (a stack that has to be deleted first). */
  readonly stackId: string | undefined;
  /** Name of the change set, as long as it is there. */
  readonly changeSet: string | undefined;
  readonly operation: 'create' | 'update' | 'recreate';
  readonly changes: readonly PreviewChange[];
  /** Warnings of CloudFormation's pre-deployment validation. */
  readonly findings: readonly StackFinding[];
}

/** `action` and `replacement` are CloudFormation's own words. */
export interface PreviewChange {
  readonly action: string;
  /** `Orders.Table` for a resource of the nested stack `Orders`. */
  readonly logicalId: string;
  readonly resourceType: string;
  readonly replacement: 'True' | 'False' | 'Conditional';
  /** Whether the physical resource that is removed or replaced stays behind. */
  readonly retained: boolean;
  readonly properties: readonly PropertyChange[];
  /** What policies would allow that they did not before, one clause each. */
  readonly widerRights: readonly string[];
  /** What the stack policy forbids of it: `Update:Replace`. */
  readonly denied: readonly string[];
}

/** A change of a stack, or of one nested in it: `parents` are the logical ids on the way. */
export interface PlacedChange {
  readonly parents: readonly string[];
  readonly change: ResourceChange;
}

/** Reads what a change set tells. `policy`: the stack policy as JSON text; of nested stacks it is not looked at. */
export function readChanges(placed: readonly PlacedChange[], operation: Preview['operation'], policy: string | undefined): PreviewChange[] {
  return placed.map(({ parents, change }) => ({
    action: change.action,
    logicalId: [...parents, change.logicalId].join('.'),
    resourceType: change.resourceType,
    replacement: readReplacement(change.replacement),
    retained: /Retain/.test(change.policyAction ?? ''),
    properties: change.action === 'Modify' ? propertyChanges(change) : [],
    // In a new stack everything is new: a warning at each role would say nothing.
    widerRights: operation === 'update' ? widerRights(change) : [],
    denied: operation === 'update' && parents.length === 0 ? denialsOf(policy, change) : [],
  }));
}

/** What an empty stack would get, told from the template alone. */
export function previewFromTemplate(
  stackName: string,
  resources: readonly { readonly logicalId: string; readonly type: string }[],
): Preview {
  const changes = resources.map(({ logicalId, type }) => addition(logicalId, type));
  return { stackName, stackId: undefined, changeSet: undefined, operation: 'recreate', changes, findings: [] };
}

function addition(logicalId: string, resourceType: string): PreviewChange {
  return { action: 'Add', logicalId, resourceType, replacement: 'False', retained: false, properties: [], widerRights: [], denied: [] };
}

function readReplacement(replacement: string | undefined): PreviewChange['replacement'] {
  return replacement === 'True' || replacement === 'Conditional' ? replacement : 'False';
}
