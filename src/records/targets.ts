import type { Stack } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { plural } from '../output/format.ts';
import type { DeploymentRecord } from './types.ts';
import { digestOf } from './write.ts';

/** The short name of a record: the part of its id that is not the time. */
export function shortId({ id }: Pick<DeploymentRecord, 'id'>): string {
  return id.slice(id.lastIndexOf('-') + 1);
}

/**
 * The record of what the stack is now, or undefined when something else has changed it since. Recognised by the deployed template and the
 * parameters, for a failed update that was rolled back leaves its own time on the stack. `records`: newest first.
 */
export function findCurrent(
  records: readonly DeploymentRecord[],
  stack: Stack,
  deployedText: string | undefined,
): DeploymentRecord | undefined {
  // The service may leave out white space around the text.
  const digests = new Set([deployedText, deployedText?.trim(), `${deployedText?.trimEnd() ?? ''}\n`].map((text) => digestOf(text ?? '')));
  return records.find(
    (record) =>
      isDone(record, stack) && digests.has(record.template.digest) && record.parameters.every((parameter) => isSet(parameter, stack)),
  );
}

/** One that nobody waited for counts as well when it is what the stack at rest now is. */
function isDone({ outcome }: DeploymentRecord, stack: Stack): boolean {
  return outcome === 'succeeded' || (outcome === 'started' && /^(CREATE|UPDATE)_COMPLETE$/.test(stack.status));
}

function isSet(parameter: DeploymentRecord['parameters'][number], stack: Stack): boolean {
  if ('usePrevious' in parameter) return true;
  return stack.parameters.find(({ name }) => name === parameter.name)?.value === parameter.value;
}

/**
 * The deployment before the current one. Who has gone back already goes back further: what a rollback brought counts as what it
 * went back to. `target`: switches for commands to type next. Throws UserError DEPLOYMENT_NOT_FOUND.
 */
export function deploymentBefore(
  records: readonly DeploymentRecord[],
  current: DeploymentRecord | undefined,
  stackName: string,
  target = '',
): DeploymentRecord {
  const usable = records.filter(({ outcome }) => outcome === 'succeeded');
  const position = originOf(current, records);
  const found = usable.find(
    (record) =>
      position === undefined || current === undefined || (record.id < position.id && !isSame(record, position) && !isSame(record, current)),
  );
  if (found !== undefined) return found;
  throw new UserError('DEPLOYMENT_NOT_FOUND', `No earlier deployment of ${stackName} is recorded`, {
    hint: `lambda-tool rollback-serverless ${stackName} --list${target} shows what is; deployments made without a bucket are not recorded`,
    result: { stackName },
  });
}

function originOf(record: DeploymentRecord | undefined, records: readonly DeploymentRecord[]): DeploymentRecord | undefined {
  const origin = record?.of === undefined ? undefined : records.find(({ id }) => id === record.of && id < (record?.id ?? ''));
  return origin === undefined ? record : originOf(origin, records);
}

function isSame(one: DeploymentRecord, other: DeploymentRecord): boolean {
  return one.template.digest === other.template.digest && JSON.stringify(valuesOf(one)) === JSON.stringify(valuesOf(other));
}

function valuesOf(record: DeploymentRecord): unknown[] {
  return record.parameters.map((parameter) => [parameter.name, 'value' in parameter ? parameter.value : null]);
}

/** The deployment that was named, by its id or the end of it. Throws UserError DEPLOYMENT_NOT_FOUND. */
export function deploymentNamed(records: readonly DeploymentRecord[], named: string, stackName: string, target = ''): DeploymentRecord {
  const wanted = named.trim();
  const matches = records.filter((record) => record.id === wanted || shortId(record) === wanted.toLowerCase());
  const [found] = matches;
  const hint = `lambda-tool rollback-serverless ${stackName} --list${target} shows them`;
  if (found === undefined || matches.length > 1) {
    const why = found === undefined ? `There is no deployment ${named}` : `${named} names ${plural(matches.length, 'deployment')}`;
    throw new UserError('DEPLOYMENT_NOT_FOUND', `${why} of ${stackName} among the recorded ones`, { hint, result: { stackName } });
  }
  if (found.outcome === 'succeeded' || found.outcome === 'started') return found;
  const why = found.outcome === 'failed' ? 'failed' : 'is a change set that was only prepared';
  throw new UserError('DEPLOYMENT_NOT_FOUND', `The deployment ${named} of ${stackName} ${why}; there is nothing to go back to`, {
    hint,
    result: { stackName },
  });
}

/** NoEcho parameters whose value may differ from the one of the target: given anew in a deployment after it. */
export function secretsGivenSince(records: readonly DeploymentRecord[], target: DeploymentRecord): string[] {
  const later = records.filter(({ id, outcome }) => id > target.id && outcome !== 'failed' && outcome !== 'prepared');
  const given = later.flatMap(({ parameters }) => parameters.flatMap((item) => ('given' in item && item.given ? [item.name] : [])));
  const wanted = target.parameters.flatMap((item) => ('usePrevious' in item ? [item.name] : []));
  return wanted.filter((name) => given.includes(name));
}
