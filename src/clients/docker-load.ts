import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { UserError, messageOf } from '../errors.ts';
import { failureIn, readMessages } from './docker-stream.ts';

/** Loads an image archive (`docker save`, OCI layout where the engine takes it, gzipped or not). Answers the first image's name or id. */
export async function loadArchive(docker: Dockerode, archive: string, signal: AbortSignal | undefined): Promise<string> {
  const file = createReadStream(archive);
  let loaded: string | undefined;
  try {
    const answer = (await docker.loadImage(file, { quiet: true })) as unknown as Readable;
    for await (const message of readMessages(answer, signal)) {
      const failure = failureIn(message);
      if (failure !== undefined) throw new Error(failure);
      loaded ??= /Loaded image(?: ID)?(?:\(s\))?: (\S+)/.exec(message.stream ?? '')?.[1];
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw notAnImage(archive, messageOf(error), error);
  } finally {
    file.destroy();
  }
  if (loaded === undefined) throw notAnImage(archive, 'the engine found no image in it');
  return loaded;
}

function notAnImage(archive: string, reason: string, cause?: unknown): UserError {
  return new UserError('IMAGE_INVALID', `${archive} cannot be loaded as an image: ${reason.trim()}`, {
    hint: 'Make it with "docker save -o FILE IMAGE", with the name of the image.',
    cause,
  });
}
