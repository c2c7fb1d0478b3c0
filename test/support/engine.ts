import { randomBytes } from 'node:crypto';
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

/** An image name that no other test has. */
export function uniqueName(prefix = 'lambda-tool-test'): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}
