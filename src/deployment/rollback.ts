import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { givenSwitches, targetSwitches } from './target-switches.ts';
import { UserError } from '../errors.ts';
import { plural } from '../output/format.ts';
import { sayAction } from '../records/list.ts';
import type { FoundRecords } from '../records/places.ts';
import { createPresence } from '../records/presence.ts';
import { referenceText } from '../records/references.ts';
import { deploymentBefore, deploymentNamed, findCurrent, secretsGivenSince, shortId } from '../records/targets.ts';
import type { DeploymentRecord, Place } from '../records/types.ts';
import { digestOf } from '../records/write.ts';
import { parseTemplate } from '../template/parse.ts';
import type { Template } from '../template/types.ts';

/** What is gone back to. */
export interface RollbackTarget {
  readonly record: DeploymentRecord;
  readonly place: Place;
  readonly template: Template;
  /** Values of the parameters that are no secrets. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Finds the deployment to go back to and sees to it that it can be made again. Throws UserError DEPLOYMENT_NOT_FOUND when none is
 * recorded, ARTIFACT_MISSING naming what it needs and is gone.
 */
export async function findTarget(
  stack: Stack,
  found: FoundRecords,
  wish: { readonly to: string | undefined; readonly given: Readonly<Record<string, string>> },
  context: Context,
): Promise<RollbackTarget> {
  const { records, place } = found;
  if (place === undefined) throw notRecorded(stack, found);
  const current = findCurrent(records, stack, found.deployed.text);
  if (current === undefined) context.reporter.info(`What ${stack.name} is now was not deployed by a recorded deployment`);
  const here = `${givenSwitches(context.settings, ['s3-bucket', 's3-prefix', 'resolve-s3'])}${targetSwitches(context.settings)}`;
  const record =
    wish.to === undefined ? deploymentBefore(records, current, stack.name, here) : deploymentNamed(records, wish.to, stack.name, here);
  const text = await readTemplate(record, place, context);
  await requireArtifacts(record, context);
  const secrets = secretsGivenSince(records, record).filter((name) => !Object.hasOwn(wish.given, name));
  if (secrets.length > 0) {
    context.reporter.warn(
      `Values of NoEcho parameters are not recorded: ${secrets.join(', ')} ${secrets.length === 1 ? 'keeps its present value' : 'keep their present values'}, given after ${shortId(record)}`,
    );
  }
  const values = record.parameters.flatMap((parameter) => ('value' in parameter ? [[parameter.name, parameter.value] as const] : []));
  return { record, place, template: await parseTemplate(text, `template of ${shortId(record)}`), values: Object.fromEntries(values) };
}

function notRecorded(stack: Stack, { places }: FoundRecords): UserError {
  const looked = places.map(({ bucket, prefix }) => `s3://${bucket}/${prefix}`).join(', ');
  const why =
    places.length === 0
      ? 'no bucket was named, and its template refers to no object in S3 that would lead to one'
      : `nothing is recorded in ${looked}`;
  return new UserError('DEPLOYMENT_NOT_FOUND', `No deployment of ${stack.name} is known: ${why}`, {
    hint: 'Name the bucket of its deployments with --s3-bucket (and --s3-prefix). Deployments made without a bucket, or by other tools, are not recorded',
    result: { stackName: stack.name, stackId: stack.id },
  });
}

/** Throws UserError ARTIFACT_MISSING when the copy is gone, or is not what was deployed. */
async function readTemplate({ id, template }: DeploymentRecord, { bucket }: Place, context: Context): Promise<string> {
  const store = await context.clients.objects();
  const text = await store.readText(bucket, template.key, { signal: context.signal });
  if (text !== undefined && digestOf(text) === template.digest) return text;
  throw new UserError(
    'ARTIFACT_MISSING',
    `The template of the deployment ${shortId({ id })} ${text === undefined ? 'is gone' : 'was changed since'}`,
    {
      details: [`s3://${bucket}/${template.key}`],
      hint: 'Choose another with --to, or deploy the commit itself with deploy-serverless',
    },
  );
}

async function requireArtifacts(record: DeploymentRecord, context: Context): Promise<void> {
  const missing = await createPresence(context).missing(record.artifacts);
  if (missing.length === 0) return;
  const commit = record.commit === undefined ? '' : ` (commit ${record.commit.slice(0, 10)})`;
  throw new UserError(
    'ARTIFACT_MISSING',
    `The deployment ${shortId(record)} cannot be made again: ${plural(missing.length, 'artifact')} of ${record.artifacts.length} ${missing.length === 1 ? 'is' : 'are'} not there any more`,
    {
      details: missing.map(referenceText),
      hint: `Choose another with --to, or deploy that state of the source again with deploy-serverless${commit}`,
      result: { deployment: record.id, missing: missing.map(referenceText) },
    },
  );
}

/** "Going back to 3f2a1c07: updated 2026-11-23 14:08 UTC by Deploy/alice". */
export function sayTarget(record: DeploymentRecord, by: string): string {
  const commit = record.commit === undefined ? '' : ` · commit ${record.commit.slice(0, 10)}`;
  return `Going back to ${shortId(record)}: ${sayAction(record)} ${record.time.slice(0, 16).replace('T', ' ')} UTC by ${by}${commit}`;
}
