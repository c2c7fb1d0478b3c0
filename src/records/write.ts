import { createHash, randomBytes } from 'node:crypto';

import type { PublishedArtifact } from '../artifacts/types.ts';
import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import type { DeclaredParameter } from '../stack/parameters.ts';
import { parseTemplate } from '../template/parse.ts';
import { VERSION } from '../version.ts';
import { findCommit } from './commit.ts';
import { recordsFolder } from './keys.ts';
import { findReferences, referenceKey } from './references.ts';
import {
  RECORD_SCHEMA,
  type ArtifactReference,
  type DeploymentRecord,
  type Place,
  type RecordedAction,
  type RecordedOutcome,
  type RecordedParameter,
} from './types.ts';

/** What a deployment knows of itself, for its record. */
export interface DeploymentFacts {
  readonly place: Place;
  /** The stack after the deployment. */
  readonly stack: Stack;
  readonly action: RecordedAction;
  readonly outcome: RecordedOutcome;
  readonly of?: string | undefined;
  readonly changeSet?: string | undefined;
  readonly templateText: string;
  /** Key of a copy of the template that the bucket has already. */
  readonly templateKey?: string | undefined;
  readonly declared: readonly DeclaredParameter[];
  /** Values given in this run, by name. */
  readonly given: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly roleArn: string | undefined;
  readonly published: readonly PublishedArtifact[];
}

/** The longest that a record may hold up the end of a run. */
const LONGEST_MS = 8000;

/**
 * Writes the record of a deployment and the copy of its template: two objects at most, side by side. What goes wrong is a warning:
 * the deployment itself is done. Goes on after an interrupt, which is when it is told what was begun.
 */
export async function writeRecord(facts: DeploymentFacts, context: Context): Promise<DeploymentRecord | undefined> {
  try {
    const store = await context.clients.objects();
    const { arn } = await context.clients.caller();
    const record = await makeRecord(facts, { arn, commit: findCommit(context.projectDirectory, context.env), now: context.clock.now() });
    const { bucket } = facts.place;
    const options = { signal: AbortSignal.timeout(LONGEST_MS), needsVersion: false };
    const key = `${recordsFolder(facts.place, facts.stack)}${record.id}.json`;
    await Promise.all([
      store.uploadText(bucket, key, `${JSON.stringify(record, null, 2)}\n`, { ...options, contentType: 'application/json' }),
      facts.templateKey === undefined ? store.uploadText(bucket, record.template.key, facts.templateText, options) : undefined,
    ]);
    return record;
  } catch (error) {
    context.reporter.warn(
      `The deployment is not recorded in s3://${facts.place.bucket}, so rollback-serverless will not know it: ${messageOf(error)}`,
    );
    return undefined;
  }
}

interface Author {
  readonly arn: string;
  readonly commit: string | undefined;
  readonly now: number;
}

async function makeRecord(facts: DeploymentFacts, { arn, commit, now }: Author): Promise<DeploymentRecord> {
  const { stack, of, changeSet, roleArn } = facts;
  const time = operationTime(facts, now);
  const digest = createHash('sha256').update(facts.templateText).digest('hex');
  return {
    schema: RECORD_SCHEMA,
    id: `${time.toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(3).toString('hex')}`,
    time: time.toISOString(),
    stackId: stack.id,
    stackName: stack.name,
    action: facts.action,
    outcome: facts.outcome,
    ...(of === undefined ? {} : { of }),
    ...(changeSet === undefined ? {} : { changeSet }),
    template: { key: facts.templateKey ?? `${recordsFolder(facts.place, stack)}${digest}.template`, digest },
    parameters: facts.declared.map((parameter) => recordParameter(parameter, facts)),
    tags: facts.tags,
    capabilities: facts.capabilities,
    ...(roleArn === undefined ? {} : { roleArn }),
    artifacts: await allReferences(facts),
    by: arn,
    ...(commit === undefined ? {} : { commit }),
    toolVersion: VERSION,
  };
}

/** The service's own time of the operation, so that clocks of different machines do not matter. */
function operationTime({ stack, action, outcome }: DeploymentFacts, now: number): Date {
  // Endpoints that tell no time of an update would give every update that of the creation.
  const isFirst = action === 'created' || action === 'recreated';
  return (outcome === 'prepared' ? undefined : (stack.updatedAt ?? (isFirst ? stack.createdAt : undefined))) ?? new Date(now);
}

function recordParameter({ name, noEcho }: DeclaredParameter, { stack, given }: DeploymentFacts): RecordedParameter {
  const isGiven = Object.hasOwn(given, name);
  if (noEcho) return { name, usePrevious: true, given: isGiven };
  const deployed = stack.parameters.find((parameter) => parameter.name === name)?.value;
  const value = deployed ?? (isGiven ? given[name] : undefined);
  return value === undefined ? { name, usePrevious: true, given: false } : { name, value };
}

/** What this run has published, nested templates included, and what else the packaged template names. */
async function allReferences({ published, templateText }: DeploymentFacts): Promise<ArtifactReference[]> {
  const named = findReferences(await parseTemplate(templateText, 'template'));
  const found = new Map(named.map((reference) => [referenceKey(reference), reference]));
  for (const reference of flatten(published)) found.set(referenceKey(reference), { ...found.get(referenceKey(reference)), ...reference });
  return [...found.values()];
}

function flatten(published: readonly PublishedArtifact[]): ArtifactReference[] {
  return published.flatMap(({ location, parts }) => {
    const own: ArtifactReference =
      location.type === 's3'
        ? { type: 's3', bucket: location.bucket, key: location.key, ...(location.versionId === undefined ? {} : { versionId: location.versionId }) }
        : { type: 'image', repositoryUri: location.repositoryUri, digest: location.digest, tag: location.tag };
    return [own, ...flatten(parts ?? [])];
  });
}
