import { basename } from 'node:path';

import type { Artifact, ArtifactUse, Location } from '../artifacts/types.ts';
import { isIntrinsic } from '../template/read.ts';
import { pathText, s3HttpsUrl } from '../template/rewrite.ts';
import type { JsonObject, JsonValue, Path } from '../template/types.ts';
import { isMap, member, valueAt, withMembers } from '../template/value.ts';
import { UNKNOWN_VERSION, type Planned } from './dry-publish.ts';
import { shownPath } from './compare-values.ts';
import type { Undecided } from './types.ts';

export interface PlannedArtifact {
  readonly artifact: Artifact;
  readonly planned: Planned;
  /** Path of the code as people know it: `src/Worker`. */
  readonly name: string;
}

export interface PlannedTemplate {
  /** The template as a deployment would send it, as far as that is known. */
  readonly value: JsonObject;
  /** Remarks on code that differs, by the path of its property. */
  readonly notes: ReadonlyMap<string, string>;
  readonly undecided: readonly Undecided[];
}

/**
 * Writes the places of artefacts into a template's value. Where the deployed template refers to the same content, its reference is taken
 * over; without a named bucket (`isExact` false), content of the same digest is the same in whichever bucket and below whichever prefix.
 */
export function planTemplate(
  template: JsonObject,
  deployed: JsonObject | undefined,
  artifacts: readonly PlannedArtifact[],
  isExact: boolean,
): PlannedTemplate {
  let value: JsonValue = template;
  const notes = new Map<string, string>();
  const undecided: Undecided[] = [];
  for (const item of artifacts) {
    for (const use of item.artifact.uses) {
      const present = valueAt(deployed, use.path);
      const local = valueAt(template, use.path);
      const { planned } = item;
      const kept = planned.kind === 'undecided' ? keptReference(use, present, local) : undefined;
      if (planned.kind === 'undecided' && kept !== undefined) {
        undecided.push({ subject: shownPath(withoutSection(use.path)), reason: planned.reason });
        value = withValueAt(value, use.path, kept);
      } else if (planned.kind === 'known') {
        const location = knownLocation(use, planned.location, present, isExact);
        value = withValueAt(value, use.path, writtenValue(use, location ?? planned.location, local, present));
        if (location === undefined) notes.set(pathText(use.path), remark(use, planned.location, present, item.name));
      } else {
        value = withValueAt(value, use.path, `(${item.name}, to be built)`);
        notes.set(pathText(use.path), planned.kind === 'new' ? `${item.name} differs and would be built` : planned.reason);
      }
    }
  }
  return { value: value as JsonObject, notes, undecided };
}

function remark(use: ArtifactUse, planned: Location, present: JsonValue | undefined, name: string): string {
  const place = readS3Place(use, present);
  const isMoved = planned.type === 's3' && place !== undefined && basename(place.key) === basename(planned.key);
  return isMoved ? 'the same content in another place' : `${name === '.' ? 'the project' : name} differs`;
}

/** `Resources.Fn.Properties.CodeUri` → `Fn.CodeUri`. */
function withoutSection(path: Path): Path {
  return path.filter((step, index) => !(index === 0 && step === 'Resources') && !(index === 2 && step === 'Properties'));
}

/** The deployed reference as it would be written, when it is one to something published. */
function keptReference(use: ArtifactUse, present: JsonValue | undefined, local: JsonValue | undefined): JsonValue | undefined {
  if (use.form.type === 'image-uri') return typeof present === 'string' && present.includes('/') ? present : undefined;
  const place = readS3Place(use, present);
  return place === undefined ? undefined : writtenValue(use, { type: 's3', region: '', ...place }, local, present);
}

/** The deployed location when it holds the same content, or undefined. */
function knownLocation(use: ArtifactUse, planned: Location, present: JsonValue | undefined, isExact: boolean): Location | undefined {
  if (planned.type === 'image') {
    return present === `${planned.repositoryUri}@${planned.digest}` ? planned : undefined;
  }
  const place = readS3Place(use, present);
  if (place === undefined) return undefined;
  if (isExact ? place.bucket !== planned.bucket || place.key !== planned.key : basename(place.key) !== basename(planned.key))
    return undefined;
  return { ...planned, ...place };
}

export interface S3Place {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
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
function writtenValue(use: ArtifactUse, location: Location, local: JsonValue | undefined, present: JsonValue | undefined): JsonValue {
  if (location.type === 'image') return `${location.repositoryUri}@${location.digest}`;
  const { form } = use;
  if (form.type === 's3-object') {
    const members: [string, JsonValue][] = [
      [form.bucket, location.bucket],
      [form.key, location.key],
    ];
    if (form.version !== undefined) members.push([form.version, location.versionId ?? UNKNOWN_VERSION]);
    return withMembers(isMap(local) && !isIntrinsic(local) ? local : {}, members);
  }
  if (form.type === 's3-uri') return `s3://${location.bucket}/${location.key}`;
  // An https address may be spelt in several ways; the deployed one is as good as ours.
  const place = readS3Place(use, present);
  const isSame = place?.bucket === location.bucket && place.key === location.key;
  return isSame && present !== undefined ? present : s3HttpsUrl(location);
}

/** A copy with one value set; maps that are missing on the way are made. */
function withValueAt(root: JsonValue | undefined, path: Path, value: JsonValue): JsonValue {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(root)) {
    return (root as readonly JsonValue[]).map((item, index) => (index === step ? withValueAt(item, rest, value) : item));
  }
  const map = isMap(root) ? root : {};
  return withMembers(map, [[String(step), withValueAt(member(map, String(step)), rest, value)]]);
}
