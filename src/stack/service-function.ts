import type { StackEvent } from '../clients/cloudformation.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, member, textMember, valueAt } from '../template/value.ts';
import type { Failure } from './failure.ts';
import type { StackDeps } from './operation.ts';

/**
 * The log group of the function behind a custom resource, by its ServiceToken in the deployed template. Undefined for topics, and
 * where the template does not tell.
 */
export async function serviceFunction(
  failure: Pick<Failure, 'stackId' | 'logicalId'>,
  events: readonly StackEvent[],
  { stacks, signal }: StackDeps,
): Promise<string | undefined> {
  const text = await stacks.template(failure.stackId, signal);
  if (text === undefined) return undefined;
  const { parseTemplate } = await import('../template/parse.ts');
  const resources = member((await parseTemplate(text, 'template')).value, 'Resources');
  const token = valueAt(resources, [failure.logicalId, 'Properties', 'ServiceToken']);
  const target = readToken(token);
  if (target === undefined) return undefined;
  if (target.kind === 'name') return `/aws/lambda/${target.name}`;
  if (member(resources, target.logicalId) === undefined) {
    const stack = await stacks.find(failure.stackId, signal);
    const value = stack?.parameters.find(({ name }) => name === target.logicalId)?.value;
    const name = value === undefined ? undefined : nameIn(value);
    return name === undefined ? undefined : `/aws/lambda/${name}`;
  }
  const own = textMember(valueAt(resources, [target.logicalId, 'Properties', 'LoggingConfig']), 'LogGroup');
  if (own !== undefined) return own;
  const physicalId =
    physicalIdOf(target.logicalId, failure.stackId, events) ?? (await lookUp(target.logicalId, failure.stackId, stacks, signal));
  return physicalId === undefined ? undefined : `/aws/lambda/${nameIn(physicalId) ?? physicalId}`;
}

type Target = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'resource'; readonly logicalId: string };

function readToken(token: JsonValue | undefined): Target | undefined {
  if (typeof token === 'string') {
    const name = nameIn(token);
    return name === undefined ? undefined : { kind: 'name', name };
  }
  if (!isMap(token)) return undefined;
  const attribute = member(token, 'Fn::GetAtt');
  const substituted = member(token, 'Fn::Sub');
  const names = [
    textMember(token, 'Ref'),
    typeof attribute === 'string' ? attribute.split('.')[0] : undefined,
    Array.isArray(attribute) && typeof attribute[0] === 'string' ? attribute[0] : undefined,
    typeof substituted === 'string' ? /\$\{(\w+)(?:\.Arn)?\}$/.exec(substituted)?.[1] : undefined,
  ];
  const logicalId = names.find((name) => name !== undefined && !name.startsWith('AWS::'));
  if (logicalId !== undefined) return { kind: 'resource', logicalId };
  return typeof substituted === 'string' ? readToken(substituted) : undefined;
}

/** The name in the ARN of a function, with or without a version. */
function nameIn(arn: string): string | undefined {
  return /:function:([\w-]+)/.exec(arn)?.[1];
}

function physicalIdOf(logicalId: string, stackId: string, events: readonly StackEvent[]): string | undefined {
  return events.findLast((event) => event.stackId === stackId && event.logicalId === logicalId && event.physicalId !== '')?.physicalId;
}

async function lookUp(logicalId: string, stackId: string, stacks: StackDeps['stacks'], signal: AbortSignal): Promise<string | undefined> {
  const found = (await stacks.resources(stackId, signal)).find((resource) => resource.logicalId === logicalId)?.physicalId;
  return found === '' ? undefined : found;
}
