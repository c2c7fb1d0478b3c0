import type { ArtifactUse, Location, LocationForm, PublishedArtifact } from '../artifacts/types.ts';
import { UserError } from '../errors.ts';
import { applyEdits, type EditOptions } from './edit.ts';
import { isIntrinsic } from './read.ts';
import type { JsonValue, Path, Template, TemplateEdit } from './types.ts';
import { isMap, valueAt } from './value.ts';

/**
 * The text of a template with the location of every published artefact written into it, each in the form its place asks for.
 * Throws UserError UPLOAD_FAILED when a place needs the version of an object and the bucket keeps none.
 */
export function rewriteTemplate(template: Template, published: readonly PublishedArtifact[], options: EditOptions = {}): string {
  const edits = published.flatMap(({ artifact, location }) => artifact.uses.flatMap((use) => editsOf(template, use, location)));
  return applyEdits(template, edits, options);
}

function editsOf(template: Template, use: ArtifactUse, location: Location): TemplateEdit[] {
  if (use.form.type === 'image-uri') return [{ path: use.path, value: imageUri(use, location) }];
  if (location.type !== 's3') throw mismatch(use);
  if (use.form.type === 's3-object') return objectEdits(template, use, use.form, location);
  const value = use.form.type === 's3-uri' ? `s3://${location.bucket}/${location.key}` : s3HttpsUrl(location);
  return [{ path: use.path, value }];
}

function imageUri(use: ArtifactUse, location: Location): string {
  if (location.type !== 'image') throw mismatch(use);
  return `${location.repositoryUri}@${location.digest}`;
}

type S3Location = Extract<Location, { type: 's3' }>;
type ObjectForm = Extract<LocationForm, { type: 's3-object' }>;

/** A map that is there keeps its other members (`S3ObjectStorageMode`, …); anything else is replaced. */
function objectEdits(template: Template, use: ArtifactUse, form: ObjectForm, location: S3Location): TemplateEdit[] {
  const members: [string, JsonValue][] = [
    [form.bucket, location.bucket],
    [form.key, location.key],
  ];
  if (form.version !== undefined) members.push([form.version, versionOf(use, location)]);
  const present = valueAt(template.value, use.path);
  if (isMap(present) && !isIntrinsic(present)) return members.map(([key, value]) => ({ path: [...use.path, key], value }));
  return [{ path: use.path, value: Object.fromEntries(members) }];
}

function versionOf(use: ArtifactUse, location: S3Location): string {
  if (location.versionId !== undefined) return location.versionId;
  throw new UserError('UPLOAD_FAILED', `${use.logicalId} runs its code out of the bucket ${location.bucket}, which keeps no versions`, {
    hint: `Turn on versioning for ${location.bucket}, or use another bucket`,
  });
}

function mismatch(use: ArtifactUse): UserError {
  return new UserError('INTERNAL', `the location published for ${use.logicalId} is of the wrong kind for ${pathText(use.path)}`);
}

/** A path as people write it: `Properties.Code.S3Key`. */
export function pathText(path: Path): string {
  return path.map(String).join('.');
}

/** The path-style address that nested stacks need: CloudFormation does not take `s3://` there. */
export function s3HttpsUrl(location: { readonly bucket: string; readonly key: string; readonly region: string }): string {
  const key = location.key.split('/').map(encodeURIComponent).join('/');
  return `https://s3.${location.region}.${dnsSuffix(location.region)}/${location.bucket}/${key}`;
}

// Partitions and their suffixes as in the partitions table that the AWS SDKs ship.
const SUFFIXES: readonly (readonly [string, string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu'],
];

function dnsSuffix(region: string): string {
  return SUFFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';
}
