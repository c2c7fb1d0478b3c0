import { isInRegistry } from '../template/pushed-images.ts';
import { PROPERTY_ROWS } from '../template/resource-types.ts';
import type { JsonValue, Template } from '../template/types.ts';
import { isMap, textMember } from '../template/value.ts';
import type { ArtifactReference, RegistryArtifact, StoredArtifact } from './types.ts';

/** The names under which the members of a location stand in a property, each once. */
const OBJECT_FORMS = [
  ...new Map(PROPERTY_ROWS.flatMap(({ form }) => (form.type === 's3-object' ? [[JSON.stringify(form), form] as const] : []))).values(),
].toSorted((a, b) => Number(b.version !== undefined) - Number(a.version !== undefined));

/**
 * Everything in a packaged template that names an object in S3 or an image in a registry, wherever it stands: in the properties that
 * packaging writes, in `Mappings` of loops, in Globals. Each once. What a function call makes at deployment is not seen.
 */
export function findReferences(template: Pick<Template, 'value'>): ArtifactReference[] {
  const found = new Map<string, ArtifactReference>();
  visit(template.value, (reference) => {
    const key = referenceKey(reference);
    const known = found.get(key);
    // The same object may be named with its version in one place and without in another.
    if (known === undefined || (known.type === 's3' && known.versionId === undefined)) found.set(key, reference);
  });
  return [...found.values()];
}

/** Equal for references to the same object or image. */
export function referenceKey(reference: ArtifactReference): string {
  if (reference.type === 's3') return `s3://${reference.bucket}/${reference.key}`;
  return `${reference.repositoryUri}@${reference.digest ?? `:${reference.tag ?? ''}`}`;
}

/** A reference as people write it. */
export function referenceText(reference: ArtifactReference): string {
  if (reference.type === 's3') return `s3://${reference.bucket}/${reference.key}`;
  return reference.digest === undefined
    ? `${reference.repositoryUri}:${reference.tag ?? ''}`
    : `${reference.repositoryUri}@${reference.digest}`;
}

function visit(value: JsonValue | undefined, add: (reference: ArtifactReference) => void): void {
  if (typeof value === 'string') {
    const reference = readUri(value) ?? readHttpsUrl(value) ?? readImage(value);
    if (reference !== undefined) add(reference);
  } else if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) visit(item, add);
  } else if (isMap(value)) {
    const object = readObject(value);
    if (object !== undefined) add(object);
    for (const item of Object.values(value)) visit(item, add);
  }
}

function readObject(value: JsonValue): StoredArtifact | undefined {
  for (const form of OBJECT_FORMS) {
    const bucket = textMember(value, form.bucket);
    const key = textMember(value, form.key);
    const versionId = form.version === undefined ? undefined : textMember(value, form.version);
    if (bucket !== undefined && key !== undefined && (form.version === undefined || versionId !== undefined))
      return { type: 's3', bucket, key, ...(versionId === undefined ? {} : { versionId }) };
  }
  return undefined;
}

function readUri(text: string): StoredArtifact | undefined {
  const parts = /^s3:\/\/([^/]+)\/(.+)$/s.exec(text);
  return parts === null ? undefined : { type: 's3', bucket: parts[1] ?? '', key: parts[2] ?? '' };
}

/** Path-style addresses, as packaging writes them, with `-` or `.` before the region, and virtual-hosted ones. */
function readHttpsUrl(text: string): StoredArtifact | undefined {
  if (!/^https:\/\/[^/]*s3[.-]/.test(text) || !URL.canParse(text)) return undefined;
  const { hostname, pathname } = new URL(text);
  const path = decodePath(pathname.slice(1));
  const hosted = /^(.+)\.s3[.-]/.exec(hostname)?.[1];
  if (hosted !== undefined) return path === '' ? undefined : { type: 's3', bucket: hosted, key: path };
  const slash = path.indexOf('/');
  return slash < 1 || slash === path.length - 1 ? undefined : { type: 's3', bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** `repository@sha256:…`, or `repository:tag` where the repository names its registry. */
function readImage(text: string): RegistryArtifact | undefined {
  if (/[\s${}]/.test(text) || text.includes('://')) return undefined;
  const byDigest = /^([^@]+?)(?::([\w][\w.-]{0,127}))?@(sha256:[0-9a-f]{64})$/.exec(text);
  if (byDigest !== null) return { type: 'image', repositoryUri: byDigest[1] ?? '', digest: byDigest[3] };
  const byTag = /^([^@]+\/[^@:]+):([\w][\w.-]{0,127})$/.exec(text);
  if (byTag === null || !isInRegistry(text)) return undefined;
  return { type: 'image', repositoryUri: byTag[1] ?? '', tag: byTag[2] };
}
