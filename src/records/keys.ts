import { createHash } from 'node:crypto';

import type { Place } from './types.ts';

/** Below the prefix of the artefacts; a name that none of them has. */
const FOLDER = '.lambda-tool/stacks/';

/** The stack that a record belongs to. `id` is the ARN. */
export interface StackIdentity {
  readonly id: string;
  readonly name: string;
}

/** The folder of a stack's records and templates. A stack that is made anew under its name gets another. */
export function recordsFolder({ prefix }: Place, stack: StackIdentity): string {
  return `${prefix}${FOLDER}${stack.name}/${stackUuid(stack.id)}/`;
}

/** The folder of all stacks' records. */
export function allRecordsFolder({ prefix }: Place): string {
  return `${prefix}${FOLDER}`;
}

/** The last part of a stack's ARN. Emulators may have ids of another form. */
function stackUuid(stackId: string): string {
  const uuid = /^arn:[^/]+\/[^/]+\/([\w-]+)$/.exec(stackId)?.[1];
  return uuid ?? createHash('sha256').update(stackId).digest('hex').slice(0, 32);
}

export interface RecordKey {
  readonly place: string;
  readonly stackName: string;
  readonly uuid: string;
  readonly id: string;
}

/** What the key of a record says; undefined for keys of anything else. */
export function readRecordKey(key: string): RecordKey | undefined {
  const parts = /^(.*)\.lambda-tool\/stacks\/([^/]+)\/([^/]+)\/([^/]+)\.json$/s.exec(key);
  if (parts === null) return undefined;
  const [, place = '', stackName = '', uuid = '', id = ''] = parts;
  return { place, stackName, uuid, id };
}

/** Whether a key lies in a folder of records: a record, or a copy of a template. */
export function isRecordsKey(key: string): boolean {
  return /(?:^|.*)\.lambda-tool\/stacks\/[^/]+\/[^/]+\/[^/]+$/s.test(key);
}

/** What the key of an artefact says. */
export interface ArtifactKey {
  readonly prefix: string;
  /** Hex SHA-256. */
  readonly digest: string;
}

/** A key in the shape that this tool makes: the prefix, 64 hex digits, the ending of the file. Undefined for others. */
export function readArtifactKey(key: string): ArtifactKey | undefined {
  if (isRecordsKey(key)) return undefined;
  const parts = /^(.*?)([0-9a-f]{64})(?:\.[^/.]+)?$/s.exec(key);
  if (parts === null) return undefined;
  const [, prefix = '', digest = ''] = parts;
  // More hex digits than a prefix without a slash may end with: a longer digest of another tool.
  return /[0-9a-f]{9}$/.test(prefix) ? undefined : { prefix, digest };
}

/** Whether a tag is one that this tool makes: the digest of all inputs of the image, with a suffix where tags cannot be moved. */
export function isContentTag(tag: string): boolean {
  return /^[0-9a-f]{64}(?:-[0-9a-f]{12})?$/.test(tag);
}
