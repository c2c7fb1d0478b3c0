import type { ArtifactUse, Location } from '../artifacts/types.ts';
import { isIntrinsic } from '../template/read.ts';
import { s3HttpsUrl } from '../template/rewrite.ts';
import type { JsonObject, JsonValue, Path } from '../template/types.ts';
import { isMap, member, valueAt, withMembers } from '../template/value.ts';
import { UNKNOWN_VERSION } from './dry-publish.ts';

export interface S3Place {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

/** What is written for a use: a text, or the members of a map. */
export type Written = string | Readonly<Record<string, string>>;

/** What the deployed template has in the place of a use; for a round of a loop, what its mapping says for that round. */
export function deployedValue(deployed: JsonObject | undefined, use: Pick<ArtifactUse, 'path' | 'loop'>): JsonValue | undefined {
  const present = valueAt(deployed, use.path);
  const [round] = use.loop?.rounds ?? [];
  return round === undefined ? present : lookUp(deployed, present, round.join('-'));
}

function lookUp(deployed: JsonObject | undefined, value: JsonValue | undefined, key: string): JsonValue | undefined {
  const place = mappingPlace(value, key);
  if (place !== undefined) return valueAt(deployed, place) ?? value;
  if (!isMap(value) || isIntrinsic(value)) return value;
  return withMembers(
    value,
    Object.entries<JsonValue>(value).map(([name, item]) => [name, lookUp(deployed, item, key) ?? null] as const),
  );
}

/** Where a `Fn::FindInMap` by the values of loop variables finds its value. */
export function mappingPlace(value: JsonValue | undefined, key: string): Path | undefined {
  const call = member(value, 'Fn::FindInMap');
  if (!Array.isArray(call)) return undefined;
  const [name, , attribute] = call as readonly JsonValue[];
  return typeof name === 'string' && typeof attribute === 'string' ? ['Mappings', name, key, attribute] : undefined;
}

/** The bucket and key that a value names, in the form that its place has. */
export function readS3Place(use: Pick<ArtifactUse, 'form'>, value: JsonValue | undefined): S3Place | undefined {
  const { form } = use;
  if (form.type === 's3-object') {
    const [bucket, key] = [member(value, form.bucket), member(value, form.key)];
    const versionId = form.version === undefined ? undefined : member(value, form.version);
    if (typeof bucket !== 'string' || typeof key !== 'string') return undefined;
    return { bucket, key, versionId: typeof versionId === 'string' ? versionId : undefined };
  }
  if (typeof value !== 'string' || form.type === 'image-uri') return undefined;
  const pattern = form.type === 's3-uri' ? /^s3:\/\/([^/]+)\/(.+)$/ : /^https?:\/\/[^/]+\/([^/]+)\/(.+)$/;
  const [, bucket, key] = pattern.exec(value) ?? [];
  if (bucket === undefined || key === undefined) return undefined;
  return { bucket, key: form.type === 's3-uri' ? key : decode(key) };
}

function decode(key: string): string {
  return key.replaceAll(/(?:%[0-9a-f]{2})+/gi, (escaped) => Buffer.from(escaped.replaceAll('%', ''), 'hex').toString());
}

/** A location in the form that its place asks for, as the rewriting of templates writes it. */
export function writtenFor(use: ArtifactUse, location: Location, present: JsonValue | undefined): Written {
  if (location.type === 'image') return `${location.repositoryUri}@${location.digest}`;
  const { form } = use;
  if (form.type === 's3-object') {
    const version = form.version === undefined ? {} : { [form.version]: location.versionId ?? UNKNOWN_VERSION };
    return { [form.bucket]: location.bucket, [form.key]: location.key, ...version };
  }
  if (form.type === 's3-uri') return `s3://${location.bucket}/${location.key}`;
  // An https address may be spelt in several ways; the deployed one is as good as ours.
  const place = readS3Place(use, present);
  const isSame = place?.bucket === location.bucket && place.key === location.key;
  return isSame && typeof present === 'string' ? present : s3HttpsUrl(location);
}

/** The deployed reference as it would be written, when it is one to something published. */
export function keptReference(use: ArtifactUse, present: JsonValue | undefined): Written | undefined {
  if (use.form.type === 'image-uri') return typeof present === 'string' && present.includes('/') ? present : undefined;
  const place = readS3Place(use, present);
  return place === undefined ? undefined : writtenFor(use, { type: 's3', region: '', ...place }, present);
}
