/** A template whose parameters and conditions are decided: what is left is resources, outputs and references between them. */
import { checkFormat } from './check-format.ts';
import { evaluateCondition, foldConditions, resolveValue, type Scope } from './intrinsics.ts';
import { validationError } from './parse-template.ts';
import { referencesIn } from './references.ts';
import { asDict, asList, type Dict, isDict, scalarText } from './values.ts';

export interface BoundResource {
  readonly logicalId: string;
  readonly type: string;
  /** Without Fn::If; references are still open. */
  readonly properties: Dict;
  readonly metadata: unknown;
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
  /** Logical ids that have to exist first: DependsOn and everything referred to. */
  readonly dependsOn: readonly string[];
}

export interface BoundOutput {
  readonly key: string;
  readonly value: unknown;
  readonly description: string | undefined;
  readonly exportName: unknown;
}

export interface BoundTemplate {
  readonly resources: ReadonlyMap<string, BoundResource>;
  readonly outputs: readonly BoundOutput[];
}

const RESOURCE_TYPE =
  /^(?:(?:AWS|Alexa)::[A-Za-z0-9]+::[A-Za-z0-9]+|Custom::[A-Za-z0-9_@-]+|[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(?:::MODULE)?)$/;

/** Checks the shape of the sections. Throws ServiceError `ValidationError`. */
export function checkStructure(document: Dict): void {
  const resources = document['Resources'];
  if (!isDict(resources) || Object.keys(resources).length === 0) {
    throw validationError('Template format error: At least one Resources member must be defined.');
  }
  if (Object.keys(resources).length > 500) {
    throw validationError(
      `Template format error: Number of resources, ${Object.keys(resources).length}, is greater than maximum allowed, 500`,
    );
  }
  checkFormat(document);
  const unknown: string[] = [];
  for (const [logicalId, resource] of Object.entries(resources)) {
    if (!/^[A-Za-z0-9]+$/.test(logicalId) && !logicalId.startsWith('Fn::ForEach')) {
      throw validationError(`Template format error: Resource name ${logicalId} is non alphanumeric.`);
    }
    if (logicalId.startsWith('Fn::ForEach')) continue;
    const type = scalarText(asDict(resource)['Type']);
    if (type === undefined)
      throw validationError(`Template format error: [/Resources/${logicalId}] Every Resources object must contain a Type member.`);
    if (!RESOURCE_TYPE.test(type)) unknown.push(type);
  }
  if (unknown.length > 0) throw validationError(`Template format error: Unrecognized resource types: [${unknown.join(', ')}]`);
}

/** Decides conditions, drops what they exclude, and checks every reference. Throws ServiceError `ValidationError`. */
export function bindTemplate(document: Dict, scope: Scope): BoundTemplate {
  const included = Object.entries(asDict(document['Resources'])).filter(([, resource]) => isIncluded(asDict(resource), scope));
  const names = new Set(included.map(([logicalId]) => logicalId));
  const parameters = new Set(Object.keys(asDict(document['Parameters'])));
  const resources = new Map(included.map(([logicalId, resource]) => [logicalId, bindResource(logicalId, asDict(resource), names, scope)]));
  const outputs = Object.entries(asDict(document['Outputs']))
    .filter(([, output]) => isIncluded(asDict(output), scope))
    .map(([key, output]) => bindOutput(key, asDict(output), scope));
  for (const resource of resources.values()) checkReferences(resource.properties, names, parameters, 'Resources');
  for (const output of outputs) checkReferences([output.value, output.exportName], names, parameters, 'Outputs');
  checkCycles(resources);
  return { resources, outputs };
}

/** Every reference under whatever condition, of a template without transforms. Throws ServiceError `ValidationError`. */
export function checkAllReferences(document: Dict): void {
  const resources = asDict(document['Resources']);
  const names = new Set(Object.keys(resources));
  const parameters = new Set(Object.keys(asDict(document['Parameters'])));
  for (const resource of Object.values(resources).map(asDict)) {
    const missing = dependenciesOf(resource).filter((name) => !names.has(name));
    if (missing.length > 0) throw unresolved(missing, 'Resources');
    checkReferences(resource['Properties'], names, parameters, 'Resources');
  }
  checkReferences(document['Outputs'], names, parameters, 'Outputs');
}

function dependenciesOf(resource: Dict): readonly string[] {
  return typeof resource['DependsOn'] === 'string' ? [resource['DependsOn']] : asList(resource['DependsOn']).map(String);
}

function isIncluded(part: Dict, scope: Scope): boolean {
  const condition = scalarText(part['Condition']);
  return condition === undefined || evaluateCondition(condition, scope);
}

function bindResource(logicalId: string, resource: Dict, names: ReadonlySet<string>, scope: Scope): BoundResource {
  const properties = asDict(foldConditions(resource['Properties'] ?? {}, scope));
  const explicit = dependenciesOf(resource);
  // A dependency on a resource that a condition excludes is simply dropped, as AWS does.
  const known = new Set(Object.keys(asDict(scope.conditions)).length > 0 ? explicit.filter((name) => names.has(name)) : explicit);
  for (const name of known) {
    if (!names.has(name)) throw unresolved([name], 'Resources');
  }
  const found = referencesIn(properties);
  for (const name of [...found.refs, ...found.attributes]) {
    if (names.has(name)) known.add(name);
  }
  const deletionPolicy = policy(resource['DeletionPolicy'], scope, 'Delete');
  return {
    logicalId,
    type: String(resource['Type']),
    properties,
    metadata: foldConditions(resource['Metadata'], scope),
    deletionPolicy,
    updateReplacePolicy: policy(resource['UpdateReplacePolicy'], scope, 'Delete'),
    dependsOn: [...known],
  };
}

function policy(value: unknown, scope: Scope, fallback: string): string {
  return value === undefined ? fallback : (scalarText(resolveValue(value, scope)) ?? fallback);
}

function bindOutput(key: string, output: Dict, scope: Scope): BoundOutput {
  if (output['Value'] === undefined)
    throw validationError(`Template format error: Output ${key} is malformed. The Value member is required.`);
  return {
    key,
    value: foldConditions(output['Value'], scope),
    description: scalarText(output['Description']),
    exportName: foldConditions(asDict(output['Export'])['Name'], scope),
  };
}

function unresolved(names: readonly string[], block: string): Error {
  return validationError(
    `Template format error: Unresolved resource dependencies [${names.join(', ')}] in the ${block} block of the template`,
  );
}

function checkReferences(value: unknown, names: ReadonlySet<string>, parameters: ReadonlySet<string>, block: string): void {
  const { refs, attributes } = referencesIn(value);
  const missing = [...refs].filter((name) => !names.has(name) && !parameters.has(name));
  if (missing.length > 0) throw unresolved(missing, block);
  for (const name of attributes) {
    if (names.has(name)) continue;
    throw validationError(
      block === 'Outputs'
        ? `Template format error: Unresolved resource dependencies [${name}] in the Outputs block of the template`
        : `Template error: instance of Fn::GetAtt references undefined resource ${name}`,
    );
  }
}

function checkCycles(resources: ReadonlyMap<string, BoundResource>): void {
  const left = new Map([...resources].map(([id, resource]) => [id, new Set(resource.dependsOn)]));
  for (let removed = true; removed;) {
    removed = false;
    for (const [id, dependencies] of left) {
      if ([...dependencies].some((name) => left.has(name))) continue;
      left.delete(id);
      removed = true;
    }
  }
  const inCycle = [...left.keys()].filter((id) => reaches(id, id, left, new Set()));
  if (left.size > 0) throw validationError(`Circular dependency between resources: [${inCycle.join(', ')}]`);
}

function reaches(from: string, target: string, graph: ReadonlyMap<string, ReadonlySet<string>>, seen: Set<string>): boolean {
  for (const next of graph.get(from) ?? []) {
    if (next === target) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    if (reaches(next, target, graph, seen)) return true;
  }
  return false;
}
