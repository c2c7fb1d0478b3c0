/** Reads the parameters that CloudFormation's operations share. */
import { readFileSync } from 'node:fs';
import { type Engine, stateError } from '../engine/engine.ts';
import type { GivenParameter } from '../engine/parameters.ts';
import { validationError } from '../engine/parse-template.ts';
import type { DeploymentConfig, OnFailure, RollbackConfiguration, StackRecord } from '../engine/records.ts';
import { paramFlag, paramObject, paramObjects, paramText, type QueryParams, requiredText } from '../protocol/query-xml.ts';
import { type ObjectReader, ServiceError } from '../types.ts';

/** Bytes of a TemplateBody, and of a template in S3. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const BODY_LIMIT = 51_200;
const OBJECT_LIMIT = 1_000_000;

export interface OperationContext {
  readonly engine: Engine;
  readonly toLocal: (text: string) => string;
}

/** The stack of `StackName`. Throws ServiceError with the operation's own wording. */
export function requireStack(engine: Engine, params: QueryParams, region: string, missing: (name: string) => string): StackRecord {
  const name = requiredText(params, 'StackName');
  const stack = engine.parts.store.find(name, region);
  if (stack === undefined) throw validationError(missing(name));
  return stack;
}

export const doesNotExist = (name: string): string => `Stack [${name}] does not exist`;
export const withIdDoesNotExist = (name: string): string => `Stack with id ${name} does not exist`;

/** Throws ServiceError `ValidationError` in AWS's words. */
export function checkName(name: string, member: 'stackName' | 'changeSetName'): void {
  if (/^[a-zA-Z][-a-zA-Z0-9]*$/.test(name) && name.length <= 128) return;
  const rule =
    name.length > 128
      ? 'Member must have length less than or equal to 128'
      : 'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*';
  throw validationError(`1 validation error detected: Value '${name}' at '${member}' failed to satisfy constraint: ${rule}`);
}

/** The template that a request means. Throws ServiceError when none or several are given, or one is too large. */
export function readTemplate(engine: Engine, params: QueryParams, previous: StackRecord | undefined): string {
  const body = paramText(params, 'TemplateBody');
  const url = paramText(params, 'TemplateURL');
  const usesPrevious = paramFlag(params, 'UsePreviousTemplate') === true;
  if ([body !== undefined, url !== undefined, usesPrevious].filter(Boolean).length !== 1) {
    throw validationError('Either Template URL or Template Body must be specified.');
  }
  if (usesPrevious) {
    if (previous === undefined) throw validationError('Cannot use the previous template of a stack that does not exist');
    return previous.templateBody;
  }
  if (body !== undefined) {
    if (Buffer.byteLength(body) <= BODY_LIMIT) return body;
    throw validationError(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${BODY_LIMIT}`,
    );
  }
  return engine.readText(url ?? '');
}

/** Reads text from the local S3. Throws ServiceError `ValidationError` in CloudFormation's words. */
export function objectTextReader(objects: ObjectReader, endpoint: string): (location: string) => string {
  return (location) => {
    const place = parseObjectLocation(location, endpoint);
    if (place === undefined) throw validationError('TemplateURL must be a supported URL.');
    const found = objects.find(place.bucket, place.key, place.versionId);
    if (found === undefined) {
      const what = objects.bucketExists(place.bucket) ? 'key' : 'bucket';
      throw validationError(
        `S3 error: The specified ${what} does not exist.\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html`,
      );
    }
    if (found.size > OBJECT_LIMIT) throw validationError(`Template may not exceed ${OBJECT_LIMIT} bytes in size.`);
    return readFileSync(found.path, 'utf8');
  };
}

interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** `s3://bucket/key`, AWS's virtual-hosted and path-style addresses, and those of the local endpoint; signatures are ignored. */
export function parseObjectLocation(location: string, endpoint: string): ObjectPlace | undefined {
  if (!URL.canParse(location)) return undefined;
  const url = new URL(location);
  const versionId = url.searchParams.get('versionId') ?? undefined;
  const version = versionId === undefined ? {} : { versionId };
  const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (url.protocol === 's3:') return { bucket: url.hostname, key: path.join('/'), ...version };
  const bucket = bucketInHost(url.hostname, new URL(endpoint).hostname);
  if (bucket === undefined) return undefined;
  const [first = '', ...rest] = path;
  return bucket === '' ? { bucket: first, key: rest.join('/'), ...version } : { bucket, key: path.join('/'), ...version };
}

/** Empty for a path-style address, undefined for one that is not S3's. */
function bucketInHost(host: string, endpointHost: string): string | undefined {
  if ([endpointHost, '127.0.0.1', 'localhost', '[::1]', 's3.localhost'].includes(host)) return '';
  if (/^s3[.-][^/]*amazonaws\.com(\.cn)?$/.test(host) || host === 's3.amazonaws.com') return '';
  const match = /^(.+?)\.(?:s3[.-](?:[^/]*\.)?amazonaws\.com(?:\.cn)?|(?:s3\.)?localhost)$/.exec(host);
  return match?.[1];
}

export function readParameters(params: QueryParams): readonly GivenParameter[] {
  return paramObjects(params, 'Parameters').map((parameter) => {
    const value = parameter['ParameterValue'];
    return {
      key: requiredText(parameter, 'ParameterKey'),
      value: typeof value === 'string' ? value : undefined,
      usePrevious: paramFlag(parameter, 'UsePreviousValue'),
    };
  });
}

/** Absent keeps what the stack has; an empty list removes all. */
export function readTags(params: QueryParams, current: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (params['Tags'] === undefined) return current;
  const tags: Record<string, string> = {};
  for (const tag of paramObjects(params, 'Tags')) {
    const key = requiredText(tag, 'Key');
    if (key.startsWith('aws:')) throw validationError('aws: prefixed tag key names are not allowed for external use.');
    tags[key] = typeof tag['Value'] === 'string' ? tag['Value'] : '';
  }
  if (Object.keys(tags).length > 50)
    throw validationError(
      "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    );
  return tags;
}

/** Absent keeps what the stack has. */
export function readList(params: QueryParams, name: string, current: readonly string[]): readonly string[] {
  const value = params[name];
  if (value === undefined) return current;
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** `DeploymentConfig`. Express mode turns rollback off unless the request says otherwise (aws/aws-cdk-cli#1931). Throws ServiceError. */
export function readDeploymentConfig(params: QueryParams): DeploymentConfig | undefined {
  const config = paramObject(params, 'DeploymentConfig');
  if (config === undefined) return undefined;
  const mode = paramText(config, 'Mode') ?? 'STANDARD';
  if (mode !== 'STANDARD' && mode !== 'EXPRESS') throw notInSet(mode, 'deploymentConfig.mode', ['STANDARD', 'EXPRESS']);
  return { mode, disableRollback: paramFlag(config, 'DisableRollback') ?? mode === 'EXPRESS' };
}

/** `DisableRollback`, `OnFailure` (or `OnStackFailure`) and `DeploymentConfig` in one. Throws ServiceError when they contradict each other. */
export function readOnFailure(params: QueryParams): OnFailure | undefined {
  const disableRollback = paramFlag(params, 'DisableRollback');
  const member = params['OnStackFailure'] === undefined ? 'OnFailure' : 'OnStackFailure';
  const onFailure = paramText(params, member);
  const config = readDeploymentConfig(params);
  if (disableRollback !== undefined && onFailure !== undefined) {
    throw validationError('You can specify either DisableRollback or OnFailure, but not both.');
  }
  if (config !== undefined && (disableRollback !== undefined || onFailure !== undefined)) {
    throw validationError(`DisableRollback and ${member} cannot be specified together with DeploymentConfig.`);
  }
  const off = config?.disableRollback ?? disableRollback;
  if (off !== undefined) return off ? 'DO_NOTHING' : 'ROLLBACK';
  if (onFailure === undefined || onFailure === 'ROLLBACK' || onFailure === 'DELETE' || onFailure === 'DO_NOTHING') return onFailure;
  throw notInSet(onFailure, member === 'OnFailure' ? 'onFailure' : 'onStackFailure', ['ROLLBACK', 'DELETE', 'DO_NOTHING']);
}

function notInSet(value: string, member: string, allowed: readonly string[]): ServiceError {
  return validationError(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(', ')}]`,
  );
}

/** Absent keeps what the stack has. Throws ServiceError. */
export function readRollbackConfiguration(
  params: QueryParams,
  current: RollbackConfiguration | undefined,
): RollbackConfiguration | undefined {
  const given = paramObject(params, 'RollbackConfiguration');
  if (given === undefined) return current;
  const triggers = paramObjects(given, 'RollbackTriggers').map((trigger) => ({
    arn: requiredText(trigger, 'Arn'),
    type: requiredText(trigger, 'Type'),
  }));
  if (triggers.length > 5) {
    throw validationError(
      "1 validation error detected: Value at 'rollbackConfiguration.rollbackTriggers' failed to satisfy constraint: Member must have length less than or equal to 5",
    );
  }
  const minutes = paramText(given, 'MonitoringTimeInMinutes');
  return { triggers, monitoringMinutes: minutes === undefined ? undefined : Number(minutes) };
}

const UPDATABLE: ReadonlySet<string> = new Set([
  'CREATE_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_COMPLETE',
  'UPDATE_FAILED',
  'UPDATE_ROLLBACK_COMPLETE',
]);

/** Throws ServiceError when the status of the stack does not allow an update. */
export function checkUpdatable(stack: StackRecord): void {
  if (!UPDATABLE.has(stack.status)) throw stateError(stack, 'updated');
}

/**
 * Throws ServiceError when a stack that failed is updated with rollback on, or one that failed in express mode in another mode
 * (aws/aws-cdk-cli#1973).
 */
export function checkFollowUp(stack: StackRecord, config: DeploymentConfig | undefined, disableRollback: boolean): void {
  if (stack.status !== 'CREATE_FAILED' && stack.status !== 'UPDATE_FAILED') return;
  if (stack.deploymentConfig?.mode === 'EXPRESS' && config?.mode !== 'EXPRESS') {
    throw validationError(`Stack [${stack.name}] failed in deployment mode EXPRESS and can only be updated in deployment mode EXPRESS.`);
  }
  if (disableRollback) return;
  throw validationError(
    `This stack is currently in a non-terminal [${stack.status}] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API`,
  );
}

/** A page of a list: items from the token's index on, and the token of the next page. */
export function pageOf<T>(
  items: readonly T[],
  token: string | undefined,
  size = 100,
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0) throw new ServiceError('ValidationError', 'NextToken is invalid');
  const next = start + size < items.length ? Buffer.from(String(start + size)).toString('base64url') : undefined;
  return { items: items.slice(start, start + size), next };
}
