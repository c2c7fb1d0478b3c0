import { isImageFunction, metadataOf } from './function-facts.ts';
import { resourcesOf } from './read.ts';
import { IMAGE_PROPERTIES } from './resource-types.ts';
import type { Template, TemplateEdit } from './types.ts';
import { textMember, valueAt } from './value.ts';

/**
 * Image functions whose `Metadata.DockerContext` is the address of an image in ECR, as older templates have it: nothing is built, and the
 * address is what `ImageUri` shall be. An `ImageUri` that names a registry or calls a function is left alone.
 */
export function pushedImageEdits(template: Template): TemplateEdit[] {
  return resourcesOf(template).flatMap((resource): TemplateEdit[] => {
    const property = IMAGE_PROPERTIES[resource.type];
    const context = textMember(metadataOf(resource), 'DockerContext');
    if (property === undefined || context === undefined || !isEcrAddress(context)) return [];
    if (!isImageFunction({ template, parameters: {} }, resource)) return [];
    const present = valueAt(resource.properties, property);
    const isOpen = present === undefined || present === null || (typeof present === 'string' && !isInRegistry(present));
    return isOpen ? [{ path: [...resource.path, 'Properties', ...property], value: context }] : [];
  });
}

/** `123456789012.dkr.ecr.<region>.…` */
export function isEcrAddress(text: string): boolean {
  return /^\d{12}\.dkr[.-]ecr\b/.test(text);
}

/** Referred to by digest, or in a registry: the first part of the name looks like a host. */
export function isInRegistry(imageUri: string): boolean {
  if (imageUri.includes('@sha256:') || imageUri.includes('{{resolve:') || imageUri.includes('.dkr.ecr')) return true;
  const [host, ...rest] = imageUri.split('/');
  return rest.length > 0 && /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9.-]+:[0-9]+)(?::[0-9]+)?$/i.test(host ?? '');
}
