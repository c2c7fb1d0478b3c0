import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { STACK_MARKER_TAG } from '../stack/marker-tag.ts';
import { parseTemplate } from '../template/parse.ts';
import { resourcesOf } from '../template/read.ts';
import type { Template } from '../template/types.ts';
import { readArtifactKey, recordsFolder } from './keys.ts';
import { findPlaces, type PlaceWish } from './places.ts';
import { listRecords } from './read.ts';
import { findReferences, referenceKey } from './references.ts';
import type { ArtifactReference, DeploymentRecord, Place } from './types.ts';

/** Something that a stack was deployed with, in the shape that this tool gives to what it publishes. */
export interface OwnArtifact {
  readonly reference: ArtifactReference;
  /** ARNs of the stacks that have it. */
  readonly owners: readonly string[];
  /** The resource that goes on using it when the stack is gone. */
  readonly retainedBy?: string | undefined;
}

/** What stacks have left behind in S3 and ECR. */
export interface OwnArtifacts {
  readonly artifacts: readonly OwnArtifact[];
  readonly places: readonly Place[];
  /** Where the records and templates of each stack lie. */
  readonly folders: readonly { readonly stackId: string; readonly bucket: string; readonly folder: string }[];
}

/** From the deployed templates, the templates nested in them, and the records. To be asked while the stacks are there. */
export async function findOwnArtifacts(
  stacks: readonly Stack[],
  wish: PlaceWish & { readonly retain?: readonly string[] | undefined },
  context: Context,
): Promise<OwnArtifacts> {
  const found = new Map<string, OwnArtifact>();
  const places = new Map<string, Place>();
  const folders: OwnArtifacts['folders'][number][] = [];
  const add = (reference: ArtifactReference, stack: Stack, retainedBy?: string): void => {
    if (!mayBeOurs(reference)) return;
    const key = referenceKey(reference);
    const known = found.get(key);
    const owners = [...new Set([...(known?.owners ?? []), stack.id])];
    found.set(key, { reference: { ...known?.reference, ...reference }, owners, retainedBy: known?.retainedBy ?? retainedBy });
  };
  for (const stack of stacks) {
    const templates = await readTemplates(await (await context.clients.stacks()).template(stack.id, context.signal), context);
    const references = templates.flatMap((template) => findReferences(template));
    const before = folders.length;
    const named = await findPlaces(wish, references, context, stack);
    for (const place of named) places.set(`${place.bucket}/${place.prefix}`, place);
    for (const place of named) {
      const records = await recordsOf(stack, place, context);
      if (records.length === 0) continue;
      folders.push({ stackId: stack.id, bucket: place.bucket, folder: recordsFolder(place, stack) });
      for (const reference of records.flatMap((record) => referencesOf(record, place, stack))) add(reference, stack);
    }
    // Other tools name what they upload by digests, too.
    if (folders.length === before && !Object.hasOwn(stack.tags, STACK_MARKER_TAG)) continue;
    for (const reference of references) add(reference, stack);
    for (const template of templates)
      for (const { logicalId, reference } of retainedIn(template, wish.retain ?? [])) add(reference, stack, logicalId);
  }
  return { artifacts: [...found.values()], places: [...places.values()], folders };
}

/** A place that was named but is not there has no records. */
async function recordsOf(stack: Stack, place: Place, context: Context): Promise<DeploymentRecord[]> {
  try {
    return await listRecords(place, stack, { store: await context.clients.objects(), signal: context.signal });
  } catch (error) {
    if (error instanceof UserError && error.code === 'BUCKET_NOT_FOUND') return [];
    throw error;
  }
}

/** What a record names, and its template where that lies among the artefacts (one too long for a request). */
function referencesOf({ artifacts, template }: DeploymentRecord, place: Place, stack: Stack): ArtifactReference[] {
  const isCopy = template.key.startsWith(recordsFolder(place, stack));
  return isCopy ? [...artifacts] : [...artifacts, { type: 's3', bucket: place.bucket, key: template.key }];
}

/** Only keys that this tool makes; whether an image has its tag is seen in the registry. */
function mayBeOurs(reference: ArtifactReference): boolean {
  return reference.type === 'image' || readArtifactKey(reference.key) !== undefined;
}

const DEEPEST = 5;

/** A template and those nested in it. What cannot be read has no references. */
async function readTemplates(text: string | undefined, context: Context, depth = 0): Promise<Template[]> {
  const template = await parsed(text);
  if (template === undefined) return [];
  const nested = findReferences(template).filter((item) => item.type === 's3' && item.key.endsWith('.template') && mayBeOurs(item));
  if (depth === DEEPEST || nested.length === 0) return [template];
  const store = await context.clients.objects();
  const inner = await Promise.all(
    nested.map(async (item) => (item.type === 's3' ? await store.readText(item.bucket, item.key, { signal: context.signal }) : undefined)),
  );
  return [template, ...(await Promise.all(inner.map((each) => readTemplates(each, context, depth + 1)))).flat()];
}

async function parsed(text: string | undefined): Promise<Template | undefined> {
  if (text === undefined) return undefined;
  try {
    return await parseTemplate(text, 'template');
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/**
 * What resources that outlive the stack go on reading: images, and objects that Lambda runs out of our bucket (named with their
 * version). Other code was copied when the resource was made. A layer version is kept by default in the serverless transform.
 */
function retainedIn(template: Template, retain: readonly string[]): { logicalId: string; reference: ArtifactReference }[] {
  return resourcesOf(template).flatMap(({ logicalId, type, body, properties }) => {
    const policy =
      body['DeletionPolicy'] ?? (type === 'AWS::Serverless::LayerVersion' ? (properties['RetentionPolicy'] ?? 'Retain') : 'Delete');
    if (policy === 'Delete' && !retain.includes(logicalId)) return [];
    const read = findReferences({ value: properties }).filter((item) => item.type === 'image' || item.versionId !== undefined);
    return read.map((reference) => ({ logicalId, reference }));
  });
}
