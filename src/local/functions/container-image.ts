/** Brings the image of a function into the container engine. */
import type Docker from 'dockerode';
import { type FunctionHost, type ImagePackage, SandboxStartError } from './types.ts';

/**
 * A reference under which the engine knows the image now: by digest, by the id that the configuration's digest is, or
 * pulled from the local registry. Throws SandboxStartError `InvalidImage`.
 */
export async function ensureFunctionImage(docker: Docker, image: ImagePackage, host: FunctionHost): Promise<string> {
  // The registry's port may have changed since the function was made.
  const byDigest = `${host.images.registryHost}/${image.repository}@${image.digest}`;
  const known = [byDigest, `${image.imageUri.split(/[@]|:(?=[^/]*$)/)[0]}@${image.digest}`, image.configDigest];
  for (const reference of known) if (reference !== undefined && (await hasImage(docker, reference))) return reference;
  await pull(docker, byDigest, { ...host.images.credentials, serveraddress: host.images.registryHost });
  return byDigest;
}

/** AWS's own image of a runtime; pulled when the engine does not have it. Throws SandboxStartError `InvalidImage`. */
export async function ensureRuntimeImage(docker: Docker, image: string): Promise<string> {
  if (!(await hasImage(docker, image))) await pull(docker, image, undefined);
  return image;
}

export async function hasImage(docker: Docker, reference: string): Promise<boolean> {
  try {
    await docker.getImage(reference).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

async function pull(docker: Docker, reference: string, authconfig: Readonly<Record<string, string>> | undefined): Promise<void> {
  try {
    // Our own registry speaks plain HTTP on the loopback: Docker tries that by itself, Podman's service has to be told.
    const stream = await docker.pull(reference, authconfig === undefined ? {} : { authconfig, tlsVerify: false });
    await drainProgress(stream);
  } catch (error) {
    throw new SandboxStartError('InvalidImage', `The container engine cannot pull ${reference}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The engine answers 200 and tells of a failure inside the stream, line by line. */
async function drainProgress(stream: NodeJS.ReadableStream): Promise<void> {
  let text = '';
  let failure: string | undefined;
  for await (const chunk of stream) {
    const lines = (text + String(chunk)).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) failure ??= errorIn(line);
  }
  failure ??= errorIn(text);
  if (failure !== undefined) throw new Error(failure);
}

function errorIn(line: string): string | undefined {
  if (line.trim() === '') return undefined;
  const value = JSON.parse(line) as { error?: unknown };
  return typeof value.error === 'string' ? value.error : undefined;
}
