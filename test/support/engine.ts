import { randomBytes } from 'node:crypto';
import Docker from 'dockerode';
import { findContainerEngine, type ContainerEngine } from '../../src/clients/docker.ts';
import { messageOf } from '../../src/errors.ts';

/** The engine of this machine, or why there is none. */
export async function engineOrReason(): Promise<{ engine: ContainerEngine | undefined; reason: string }> {
  try {
    return { engine: await findContainerEngine({ env: process.env }), reason: '' };
  } catch (error) {
    return { engine: undefined, reason: messageOf(error) };
  }
}

/** Removes every image whose name or address in a registry holds this, those that the local target has pulled included. */
export async function removeImagesNamed(part: string): Promise<void> {
  const docker = new Docker();
  const images = await docker.listImages();
  const names = images.flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])]);
  for (const name of names.filter((one) => one.includes(part) && !one.startsWith('<none>'))) await docker.getImage(name).remove();
}

/** An image name that no other test has. */
export function uniqueName(prefix = 'lambda-tool-test'): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}
