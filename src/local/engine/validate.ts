/**
 * Pre-deployment validation: what would surely fail is found before anything is touched.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
 */
import { type EngineParts, ownerOf } from './parts.ts';
import { KNOWN_AFTER_APPLY, type PlannedResource } from './plan.ts';
import { ENUMS, type Kind, propertyRules } from './property-rules.ts';
import type { ValidationRecord } from './records.ts';
import { asDict, type Dict, isDict, scalarText, stableJson } from './values.ts';

export interface Finding extends ValidationRecord {
  readonly logicalId: string;
  readonly physicalId?: string | undefined;
  readonly type: string;
}

/** Names of the validations in the reason of a failed change set. */
const HOOKS: Readonly<Record<string, string>> = {
  PROPERTY_VALIDATION: 'AWS::EarlyValidation::PropertyValidation',
  NAME_CONFLICT_VALIDATION: 'AWS::EarlyValidation::ResourceExistenceCheck',
};

/** What would go wrong with the planned resources. */
export function validatePlan(parts: EngineParts, region: string, resources: readonly PlannedResource[]): readonly Finding[] {
  return resources.flatMap((planned) => [
    ...propertyFindings(planned),
    ...nameConflicts(parts, region, planned),
    ...removalFindings(parts, planned),
  ]);
}

/** Why a change set fails, in AWS's words; undefined when nothing that was found stops it. */
export function failureOf(findings: readonly Finding[]): string | undefined {
  const failed = findings.filter(({ mode }) => mode === 'FAIL').map(({ name }) => HOOKS[name] ?? name);
  if (failed.length === 0) return undefined;
  const names = [...new Set(failed)].join(', ');
  return `The following hook(s)/validation failed: [${names}]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.`;
}

function propertyFindings({ change, properties }: PlannedResource): readonly Finding[] {
  const { logicalId, physicalId, type } = change;
  const rules = propertyRules(type);
  if (rules === undefined || properties === undefined) return [];
  const root = `/Resources/${logicalId}/Properties`;
  const finding = (reason: string, path: string): Finding => ({
    logicalId,
    physicalId,
    type,
    name: 'PROPERTY_VALIDATION',
    mode: 'FAIL',
    reason,
    path,
  });
  const missing = [...rules].filter(([name, { required }]) => required && properties[name] === undefined);
  const unknown = Object.keys(properties).filter((name) => !rules.has(name));
  const wrong = [...rules].flatMap(([name, { kind }]) => (fits(properties[name], kind) ? [] : [[name, kind] as const]));
  return [
    ...missing.map(([name]) => finding(`Required property [${name}] not found`, root)),
    ...unknown.map((name) => finding(`Unsupported property [${name}]`, `${root}/${name}`)),
    ...wrong.map(([name, kind]) => finding(`Value of property [${name}] must be of type ${kind}`, `${root}/${name}`)),
    ...Object.entries(ENUMS[type] ?? {}).flatMap(([path, values]) => {
      const value = memberAt(properties, path);
      if (value === undefined || !isKnown(value) || values.includes(scalarText(value) ?? '')) return [];
      return [
        finding(
          `${scalarText(value) ?? stableJson(value)} is not a valid enum value. Supported values: [${values.join(', ')}]`,
          `${root}/${path}`,
        ),
      ];
    }),
  ];
}

function memberAt(properties: Dict, path: string): unknown {
  return path.split('/').reduce<unknown>((value, name) => asDict(value)[name], properties);
}

function isKnown(value: unknown): boolean {
  return !stableJson(value).includes(KNOWN_AFTER_APPLY);
}

/** Scalars are converted into each other as CloudFormation does; what only the operation will tell fits everything. */
function fits(value: unknown, kind: Kind): boolean {
  if (value === undefined || value === null || kind === '?' || !isKnown(value)) return true;
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return isDict(value);
  const text = scalarText(value);
  if (text === undefined) return false;
  if (kind === 'integer') return /^-?\d+$/.test(text.trim());
  return kind === 'boolean' ? /^(?:true|false)$/i.test(text) : true;
}

function nameConflicts(parts: EngineParts, region: string, planned: PlannedResource): readonly Finding[] {
  const { change, properties, record } = planned;
  const { logicalId, type } = change;
  const isNew = change.action === 'Add' || (change.action === 'Modify' && change.replacement !== 'False');
  const name = isNew && properties !== undefined ? parts.nameOf(type, properties) : undefined;
  if (name === undefined || name === record?.physicalId || !isTaken(parts, type, name, region)) return [];
  const reason = `Resource of type '${type}' with identifier '${name}' already exists.`;
  return [{ logicalId, physicalId: name, type, name: 'NAME_CONFLICT_VALIDATION', mode: 'FAIL', reason, path: `/Resources/${logicalId}` }];
}

/** Whether there is such a resource, wherever it comes from. */
function isTaken(parts: EngineParts, type: string, name: string, region: string): boolean {
  const { live } = parts.providerFor(type);
  return live === undefined ? ownerOf(parts.store, type, name, region) !== undefined : live.read(name, region) !== undefined;
}

/** What keeps a resource from being deleted can still be put right before the change set is executed. */
function removalFindings(parts: EngineParts, { change, record }: PlannedResource): readonly Finding[] {
  const { logicalId, physicalId, policyAction, type } = change;
  if (record === undefined || physicalId === undefined || (policyAction !== 'Delete' && policyAction !== 'ReplaceAndDelete')) return [];
  const { attributes, properties } = record;
  const found = parts.providerFor(record.type).live?.obstacle?.({ physicalId, attributes, properties });
  if (found === undefined) return [];
  return [{ logicalId, physicalId, type, name: found.validation, mode: 'WARN', reason: found.reason, path: `/Resources/${logicalId}` }];
}
