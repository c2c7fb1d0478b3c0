import { UserError } from '../errors.ts';
import { formatBytes } from './bytes.ts';
import type { Artifact } from './types.ts';
import { UNZIPPED_LIMIT_BYTES } from './zip.ts';

/** What is known of an artefact of a template before anything is built. */
export interface SizedArtifact {
  readonly artifact: Artifact;
  /** Bytes unzipped; undefined for what has to be built first. */
  readonly bytes: number | undefined;
}

/**
 * Functions share their 250 MB with their layers; those of the same template are added up. Throws UserError ARTIFACT_TOO_LARGE with the
 * sizes of all of them. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export function checkWithLayers(artifacts: readonly SizedArtifact[], limitBytes = UNZIPPED_LIMIT_BYTES): void {
  const layers = new Map<string, number>();
  for (const { artifact, bytes } of artifacts) {
    for (const { logicalId, resourceType } of bytes === undefined ? [] : artifact.uses) {
      // A layer whose content is chosen by a condition has several sizes: the smallest is the one that cannot be wrong.
      if (resourceType.endsWith('::LayerVersion')) layers.set(logicalId, Math.min(bytes ?? 0, layers.get(logicalId) ?? Infinity));
    }
  }
  for (const { artifact, bytes = 0 } of artifacts) {
    for (const { logicalId, layers: names = [] } of artifact.uses) {
      const parts = names.flatMap((name) => (layers.has(name) ? [{ name, bytes: layers.get(name) ?? 0 }] : []));
      const total = parts.reduce((sum, part) => sum + part.bytes, bytes);
      if (parts.length === 0 || total <= limitBytes) continue;
      const message = `${logicalId} is ${formatBytes(total)} unzipped with its layers; Lambda takes ${formatBytes(limitBytes)} at most.`;
      throw new UserError('ARTIFACT_TOO_LARGE', message, {
        hint: 'Leave out of code and layers what the function does not need (.lambdaignore), or deploy it as a container image.',
        details: [{ name: `${logicalId} (its code)`, bytes }, ...parts].map((part) => `${formatBytes(part.bytes)}  ${part.name}`),
      });
    }
  }
}
