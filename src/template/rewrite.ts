import type { ArtifactUse, Location, LocationForm, PublishedArtifact } from '../artifacts/types.ts';
import { UserError } from '../errors.ts';
import { applyEdits, type EditOptions } from './edit.ts';
import { loopEdits, memberEdits, type RoundUse } from './loop-mappings.ts';
import { pushedImageEdits } from './pushed-images.ts';
import type { Template } from './types.ts';
import { pathText } from './value.ts';

/**
 * The text of a template with the location of every published artefact written into it, each in the form its place asks for.
 * Throws UserError UPLOAD_FAILED when a place needs the version of an object and the bucket keeps none.
 */
export function rewriteTemplate(template: Template, published: readonly PublishedArtifact[], options: EditOptions = {}): string {
  const places = new Map<string, RoundUse[]>();
  for (const { artifact, location } of published) {
    for (const use of artifact.uses) {
      const key = JSON.stringify(use.path);
      places.set(key, [...(places.get(key) ?? []), { use, written: writtenFor(use, location) }]);
    }
  }
  const plain = [...places.values()].flatMap((uses) => (uses.length === 1 ? uses : []));
  const inLoops = [...places.values()].filter((uses) => uses.length > 1);
  const edits = [
    ...plain.flatMap(({ use, written }) =>
      typeof written === 'string' ? [{ path: use.path, value: written }] : memberEdits(template, use.path, Object.entries(written)),
    ),
    ...loopEdits(template, inLoops),
    ...pushedImageEdits(template),
  ];
  return applyEdits(template, edits, options);
}

function writtenFor(use: ArtifactUse, location: Location): RoundUse['written'] {
  if (use.form.type === 'image-uri') return imageUri(use, location);
  if (location.type !== 's3') throw mismatch(use);
  if (use.form.type === 's3-object') return objectMembers(use, use.form, location);
  return use.form.type === 's3-uri' ? `s3://${location.bucket}/${location.key}` : s3HttpsUrl(location);
}

function imageUri(use: ArtifactUse, location: Location): string {
  if (location.type !== 'image') throw mismatch(use);
  return `${location.repositoryUri}@${location.digest}`;
}

type S3Location = Extract<Location, { type: 's3' }>;
type ObjectForm = Extract<LocationForm, { type: 's3-object' }>;

function objectMembers(use: ArtifactUse, form: ObjectForm, location: S3Location): Readonly<Record<string, string>> {
  const version = form.version === undefined ? {} : { [form.version]: versionOf(use, location) };
  return { [form.bucket]: location.bucket, [form.key]: location.key, ...version };
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
