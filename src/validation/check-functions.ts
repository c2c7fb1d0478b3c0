import { isImageFunction, propertyOrGlobal, runtimeOf } from '../template/function-facts.ts';
import { isIntrinsic, type ResourceEntry } from '../template/read.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, member, sameValue, textMember } from '../template/value.ts';
import type { TemplateFacts } from './facts.ts';
import { describeRuntimeEnd } from './runtimes.ts';
import type { Problem } from './types.ts';

const FUNCTION_TYPES = new Set(['AWS::Serverless::Function', 'AWS::Lambda::Function']);

function functionsOf({ typed }: TemplateFacts): ResourceEntry[] {
  return typed.filter(({ type, body }) => {
    const properties = member(body, 'Properties');
    const plain =
      !isIntrinsic(properties) && member(properties, 'Fn::Transform') === undefined && member(body, 'Fn::Transform') === undefined;
    return FUNCTION_TYPES.has(type) && plain;
  });
}

/** Functions that surely run from a zip: what a function call decides is not known. */
function* zipFunctions(facts: TemplateFacts): Iterable<ResourceEntry> {
  for (const resource of functionsOf(facts)) {
    const packageType = propertyOrGlobal(facts.search, resource, 'PackageType')?.value;
    if (packageType === undefined || packageType === 'Zip') yield resource;
  }
}

/** A zip needs a runtime and a handler (API reference of CreateFunction; SAM refuses it as well). */
export function* functionsWithoutRuntime(facts: TemplateFacts): Iterable<Problem> {
  for (const resource of zipFunctions(facts)) {
    if (propertyOrGlobal(facts.search, resource, 'Runtime') !== undefined) continue;
    yield { at: resource.path, message: `the function ${resource.logicalId} has no Runtime${imageHint(resource)}` };
  }
}

export function* functionsWithoutHandler(facts: TemplateFacts): Iterable<Problem> {
  for (const resource of zipFunctions(facts)) {
    // What a runtime of the customer's own needs is between it and the function.
    if (runtimeOf(facts.search, resource) === 'custom' || propertyOrGlobal(facts.search, resource, 'Handler') !== undefined) continue;
    yield { at: resource.path, message: `the function ${resource.logicalId} has no Handler${imageHint(resource)}` };
  }
}

function imageHint({ properties, body }: ResourceEntry): string {
  const isImage = [
    member(properties, 'ImageUri'),
    member(member(properties, 'Code'), 'ImageUri'),
    member(member(body, 'Metadata'), 'Dockerfile'),
  ];
  return isImage.some((value) => value !== undefined) ? '; an image function needs PackageType: Image' : '';
}

export function* imageFunctionsWithRuntime(facts: TemplateFacts): Iterable<Problem> {
  for (const resource of functionsOf(facts)) {
    if (!isImageFunction(facts.search, resource)) continue;
    for (const name of ['Runtime', 'Handler', 'Layers']) {
      if (member(resource.properties, name) === undefined) continue;
      yield { at: [...resource.path, 'Properties', name], message: `${resource.logicalId} runs from an image, which cannot have ${name}` };
    }
  }
}

/** Never an error: a runtime without a row is as good as any other. */
export function* endingRuntimes(facts: TemplateFacts): Iterable<Problem> {
  for (const resource of functionsOf(facts)) {
    if (isImageFunction(facts.search, resource)) continue;
    const runtime = runtimeOf(facts.search, resource);
    const found = propertyOrGlobal(facts.search, resource, 'Runtime');
    if (runtime === undefined || found === undefined) continue;
    const end = describeRuntimeEnd(runtime, facts.options.now);
    if (end !== undefined) yield { at: found.path, message: found.path[0] === 'Globals' ? end : `${resource.logicalId}: ${end}` };
  }
}

/** A function URL asks for both actions (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html). SAM adds both by itself. */
export function* halfUrlPermissions(facts: TemplateFacts): Iterable<Problem> {
  const permissions = facts.typed.filter(({ type }) => type === 'AWS::Lambda::Permission');
  for (const permission of permissions) {
    const { logicalId, path, properties } = permission;
    if (textMember(properties, 'Action')?.toLowerCase() !== 'lambda:invokefunctionurl') continue;
    if (permissions.some((other) => allowsInvoke(other) && sameTarget(other, permission)) || isGrantedBySam(facts, permission)) continue;
    const message = `${logicalId} allows lambda:InvokeFunctionUrl only; callers need lambda:InvokeFunction as well (with InvokedViaFunctionUrl: true)`;
    yield { at: [...path, 'Properties', 'Action'], message };
  }
}

function allowsInvoke({ properties }: ResourceEntry): boolean {
  const action = textMember(properties, 'Action')?.toLowerCase();
  return action === 'lambda:invokefunction' || action === 'lambda:*';
}

function sameTarget(a: ResourceEntry, b: ResourceEntry): boolean {
  const [first, second] = [a, b].map(({ properties }) => targetOf(member(properties, 'FunctionName')));
  return sameValue(first, second) && sameValue(member(a.properties, 'Principal'), member(b.properties, 'Principal'));
}

/** `Ref`, `GetAtt Arn` and `Sub` of a function all name the same one. */
function targetOf(value: JsonValue | undefined): JsonValue | undefined {
  if (!isMap(value)) return value;
  const attribute = member(value, 'Fn::GetAtt');
  const text = textMember(value, 'Fn::Sub');
  const name = Array.isArray(attribute) ? (attribute as readonly JsonValue[])[0] : (attribute ?? member(value, 'Ref'));
  if (typeof name === 'string') return name.split('.', 1)[0] ?? name;
  return /^\$\{(\w+)(?:\.Arn)?\}$/.exec(text ?? '')?.[1] ?? value;
}

function isGrantedBySam(facts: TemplateFacts, { properties }: ResourceEntry): boolean {
  const target = targetOf(member(properties, 'FunctionName'));
  const owner = facts.typed.find(({ logicalId, type }) => logicalId === target && type === 'AWS::Serverless::Function');
  return (
    owner !== undefined &&
    member(properties, 'Principal') === '*' &&
    textMember(member(owner.properties, 'FunctionUrlConfig'), 'AuthType') === 'NONE'
  );
}
