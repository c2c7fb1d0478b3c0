import { createHash, randomBytes } from 'node:crypto';

import type { PublishedArtifact } from '../artifacts/types.ts';
import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import type { DeclaredParameter } from '../stack/parameters.ts';
import { parseTemplate } from '../template/parse.ts';
import { VERSION } from '../version.ts';
import { findCommit } from './commit.ts';
import { recordsFolder, type StackIdentity } from './keys.ts';
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
  readonly template: Promise<TemplateCopy>;
  readonly declared: readonly DeclaredParameter[];
  /** Values given in this run, by name. */
  readonly given: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly roleArn: string | undefined;
  readonly published: readonly PublishedArtifact[];
}

/** Where the template of a deployment lies, and the hex SHA-256 of its text. */
export type TemplateCopy = DeploymentRecord['template'];

/** The longest that a record may hold up the end of a run. */
const LONGEST_MS = 8000;

/** Puts a copy of a template beside the records of its stack; one that is there already is left alone. */
export async function copyTemplate(place: Place, stack: StackIdentity, text: string, context: Context): Promise<TemplateCopy> {
  const digest = digestOf(text);
  const key = `${recordsFolder(place, stack)}${digest}.template`;
  const store = await context.clients.objects();
  await store.uploadText(place.bucket, key, text, { signal: AbortSignal.timeout(LONGEST_MS), needsVersion: false });
  return { key, digest };
}

/** Hex SHA-256 of the text of a template. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Writes the record of a deployment. What goes wrong is a warning: the deployment itself is done. Goes on after an interrupt, which is
 * when it is told what was begun.
 */
export async function writeRecord(facts: DeploymentFacts, context: Context): Promise<DeploymentRecord | undefined> {
  const { bucket } = facts.place;
  try {
    const [store, { arn }, template] = await Promise.all([context.clients.objects(), context.clients.caller(), facts.template]);
    const commit = findCommit(context.projectDirectory, context.env);
    const record = await makeRecord(facts, template, { arn, commit, now: context.clock.now() });
    const key = `${recordsFolder(facts.place, facts.stack)}${record.id}.json`;
    const options = { signal: AbortSignal.timeout(LONGEST_MS), needsVersion: false, contentType: 'application/json' };
    await store.uploadText(bucket, key, `${JSON.stringify(record, null, 2)}\n`, options);
    return record;
  } catch (error) {
    context.reporter.warn(`The deployment is not recorded in s3://${bucket}, so rollback-serverless will not know it: ${messageOf(error)}`);
    return undefined;
  }
}

interface Author {
  readonly arn: string;
  readonly commit: string | undefined;
  readonly now: number;
}

async function makeRecord(facts: DeploymentFacts, template: TemplateCopy, { arn, commit, now }: Author): Promise<DeploymentRecord> {
  const { stack, of, changeSet, roleArn } = facts;
  const time = operationTime(facts, now);
  return {
    schema: RECORD_SCHEMA,
    id: `${time.toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`,
    time: time.toISOString(),
    stackId: stack.id,
    stackName: stack.name,
    action: facts.action,
    outcome: facts.outcome,
    ...(of === undefined ? {} : { of }),
    ...(changeSet === undefined ? {} : { changeSet }),
    template,
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
        ? {
            type: 's3',
            bucket: location.bucket,
            key: location.key,
            ...(location.versionId === undefined ? {} : { versionId: location.versionId }),
          }
        : { type: 'image', repositoryUri: location.repositoryUri, digest: location.digest, tag: location.tag };
    return [own, ...flatten(parts ?? [])];
  });
}
