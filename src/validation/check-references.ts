import { suggest } from '../cli/suggest.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, member, valueAt } from '../template/value.ts';
import type { TemplateFacts } from './facts.ts';
import type { Reference } from './references.ts';
import type { Problem } from './types.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
const PSEUDO_PARAMETERS = ['AccountId', 'NotificationARNs', 'NoValue', 'Partition', 'Region', 'StackId', 'StackName', 'URLSuffix'].map(
  (name) => `AWS::${name}`,
);

/** Names that the serverless transform makes and that begin with no resource of the template (sam-specification-generated-resources). */
const SHARED_GENERATED = /^(?:Serverless[A-Z]|CodeDeployServiceRole$|ApiGatewayDomainName|RecordSetGroup)/;

/** What follows the name of its maker: `Role`, `Url`, `.Alias`, an event or stage and what it is for (`prodStage`), or a digest. */
const GENERATED_REST = /[A-Z.]|^[0-9a-f]{10}/;

/** Whether a transform may make a resource, or a property of one (`Fn.Alias`), of that name. */
function mayBeGenerated(facts: TemplateFacts, name: string): boolean {
  if (facts.serverless && SHARED_GENERATED.test(name)) return true;
  return facts.generators.some((generator) => name.startsWith(generator) && GENERATED_REST.test(name.slice(generator.length)));
}

/** `Table.Arn` → `Table`. */
function baseName(name: string): string {
  return name.split('.', 1)[0] ?? '';
}

function namesValue({ kind, name }: Reference): boolean {
  return kind === 'Ref' || (kind === 'Fn::Sub' && !name.includes('.'));
}

/** References to parameters and resources that are not there. */
export function* missingReferences(facts: TemplateFacts): Iterable<Problem> {
  for (const reference of facts.references) {
    const { kind, name, at } = reference;
    if (kind === 'Condition' || kind === 'Fn::FindInMap' || name.startsWith('AWS::')) continue;
    const said = kind === 'DependsOn' ? kind : `${kind} of`;
    if (namesValue(reference) ? knowsValue(facts, name) : knowsResource(facts, name)) continue;
    const base = baseName(name);
    if (!namesValue(reference) && facts.parameterNames.has(base)) {
      yield { at, message: `${said} ${JSON.stringify(name)}: ${base} is a parameter, not a resource` };
      continue;
    }
    const candidates = [...facts.resourceNames.list(), ...(namesValue(reference) ? facts.parameterNames.list() : [])];
    const what = namesValue(reference) ? 'resource or parameter' : 'resource';
    yield { at, message: `${said} ${JSON.stringify(name)}: there is no ${what} of that name${didYouMean(base, candidates)}` };
  }
}

function knowsValue(facts: TemplateFacts, name: string): boolean {
  if (facts.resourceNames.open || facts.parameterNames.open) return true;
  return facts.resourceNames.has(name) || facts.parameterNames.has(name) || mayBeGenerated(facts, name);
}

function knowsResource(facts: TemplateFacts, name: string): boolean {
  return facts.resourceNames.open || facts.resourceNames.has(baseName(name)) || mayBeGenerated(facts, name);
}

function didYouMean(name: string, candidates: readonly string[]): string {
  const candidate = name.length > 255 ? undefined : suggest(name, candidates);
  return candidate === undefined ? '' : `; did you mean ${candidate}?`;
}

/** `AWS::Regoin`: AWS may know names that we do not, so this is no more than a warning. */
export function* unknownPseudoParameters(facts: TemplateFacts): Iterable<Problem> {
  for (const { kind, name, at } of facts.references) {
    if (!name.startsWith('AWS::') || kind === 'Condition' || kind === 'Fn::FindInMap' || PSEUDO_PARAMETERS.includes(name)) continue;
    yield { at, message: `${name} is no pseudo parameter that is known${didYouMean(name, PSEUDO_PARAMETERS)}` };
  }
}

/** Conditions and rules are decided before any resource exists. */
export function* misplacedReferences(facts: TemplateFacts): Iterable<Problem> {
  for (const { kind, name, at } of facts.references) {
    const section = at[0];
    if (section !== 'Conditions' && section !== 'Rules') continue;
    if (kind === 'Condition' || kind === 'Fn::FindInMap' || !facts.resourceNames.list().includes(baseName(name))) continue;
    if (!facts.parameterNames.has(name))
      yield { at, message: `${section} can only look at parameters, and ${baseName(name)} is a resource` };
  }
}

export function* missingConditions(facts: TemplateFacts): Iterable<Problem> {
  const { conditionNames } = facts;
  if (conditionNames.open) return;
  for (const { kind, name, at } of facts.references) {
    if (kind !== 'Condition' || conditionNames.has(name)) continue;
    yield { at, message: `there is no condition ${JSON.stringify(name)}${didYouMean(name, conditionNames.list())}` };
  }
}

export function* missingMappings(facts: TemplateFacts): Iterable<Problem> {
  const { mappingNames } = facts;
  if (mappingNames.open) return;
  for (const { kind, name, at, rest = [] } of facts.references) {
    // With a default value (language extensions) a lookup may find nothing.
    if (kind !== 'Fn::FindInMap' || rest.length > 2) continue;
    if (!mappingNames.has(name))
      yield { at, message: `there is no mapping ${JSON.stringify(name)}${didYouMean(name, mappingNames.list())}` };
    else yield* missingKeys(facts, name, rest).map((message) => ({ at, message }));
  }
}

/** Keys that are written out and lead nowhere; a top-level key made of a parameter is not known. */
function missingKeys(facts: TemplateFacts, map: string, [first, second]: readonly JsonValue[]): string[] {
  const top = member(member(facts.template.value, 'Mappings'), map);
  if (!isMap(top) || member(top, 'Fn::Transform') !== undefined) return [];
  const keys = typeof first === 'string' ? [first] : Object.keys(top);
  if (typeof first === 'string' && member(top, first) === undefined) return [`the mapping ${map} has no key ${JSON.stringify(first)}`];
  if (typeof second !== 'string') return [];
  const holds = (key: string): boolean => {
    const value = valueAt(top, [key]);
    return !isMap(value) || member(value, second) !== undefined || member(value, 'Fn::Transform') !== undefined;
  };
  return keys.length === 0 || keys.some(holds) ? [] : [`the mapping ${map} has no second key ${JSON.stringify(second)}`];
}
