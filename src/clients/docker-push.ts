import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { UserError, messageOf } from '../errors.ts';
import { hiddenHeader } from './docker-hidden.ts';
import type { PushProgress } from './push-progress.ts';
import { failureIn, readMessages, type EngineMessage } from './docker-stream.ts';

export interface PushOptions {
  /** Sent to the engine in a header of this one request, and nowhere else. */
  readonly auth: { readonly username: string; readonly serveraddress: string; password(): string };
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PushProgress) => void) | undefined;
}

/**
 * Pushes `repository:tag` and answers the digest that the registry has given it. Throws UserError PUSH_FAILED with the
 * engine's reason.
 */
export async function pushImage(docker: Dockerode, repository: string, tag: string, options: PushOptions): Promise<string> {
  const layers = new Map<string, LayerState>();
  let digest: string | undefined;
  let failure: string | undefined;
  try {
    const query = {
      tag,
      authconfig: hiddenAuth(options.auth),
      ...plainHttpOnLoopback(repository),
      ...(options.signal === undefined ? {} : { abortSignal: options.signal }),
    };
    const answer = (await docker.getImage(repository).push(query)) as unknown as Readable;
    for await (const message of readMessages(answer, options.signal)) {
      failure = failureIn(message) ?? failure;
      digest = digestIn(message) ?? digest;
      if (countLayer(layers, message)) report(layers, options.onProgress);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw pushFailed(repository, tag, messageOf(error), error);
  }
  if (failure !== undefined) throw pushFailed(repository, tag, failure);
  digest ??= await digestInEngine(docker, repository, tag);
  if (digest === undefined) throw pushFailed(repository, tag, 'the engine does not tell the digest of what it pushed');
  return digest;
}

/**
 * Docker speaks plain HTTP with registries on this machine by itself; Podman's service does so only when it is told to
 * (its `tlsVerify` query parameter, which Docker does not look at).
 */
function plainHttpOnLoopback(reference: string): { tlsVerify?: boolean } {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?\//.test(reference) ? { tlsVerify: false } : {};
}

function hiddenAuth({ username, serveraddress, ...auth }: PushOptions['auth']): Dockerode.AuthConfigObject {
  return hiddenHeader(() => ({ username, password: auth.password(), serveraddress })) as Dockerode.AuthConfigObject;
}

function digestIn(message: EngineMessage): string | undefined {
  const { aux } = message;
  if (typeof aux === 'object' && aux !== null && 'Digest' in aux && typeof aux.Digest === 'string') return aux.Digest;
  // Podman tells it in words only.
  return /\bdigest: (sha256:[0-9a-f]{64})\b/.exec(message.status ?? message.stream ?? '')?.[1];
}

interface LayerState {
  readonly current: number;
  readonly total: number;
  readonly isDone: boolean;
}

/** The states of an image layer, as engines tell them. */
const UNDER_WAY = new Set(['Preparing', 'Waiting', 'Pushing']);
const DONE = /^(?:Pushed|Layer already exists|Mounted from .*)$/;

function countLayer(layers: Map<string, LayerState>, { id, progressDetail, status = '' }: EngineMessage): boolean {
  if (id === undefined || !(UNDER_WAY.has(status) || DONE.test(status))) return false;
  const known = layers.get(id) ?? { current: 0, total: 0, isDone: false };
  const current = progressDetail?.current ?? known.current;
  const total = Math.max(progressDetail?.total ?? known.total, current);
  const isDone = DONE.test(status);
  layers.set(id, isDone ? { current: total, total, isDone } : { current, total, isDone });
  return true;
}

function report(layers: ReadonlyMap<string, LayerState>, onProgress: PushOptions['onProgress']): void {
  const all = [...layers.values()];
  onProgress?.({
    doneLayers: all.filter(({ isDone }) => isDone).length,
    layers: all.length,
    sentBytes: all.reduce((sum, { current }) => sum + current, 0),
    totalBytes: all.reduce((sum, { total }) => sum + total, 0),
  });
}

async function digestInEngine(docker: Dockerode, repository: string, tag: string): Promise<string | undefined> {
  const { RepoDigests: digests } = await docker.getImage(`${repository}:${tag}`).inspect();
  return digests?.find((digest) => digest.startsWith(`${repository}@`))?.slice(repository.length + 1);
}

function pushFailed(repository: string, tag: string, reason: string, cause?: unknown): UserError {
  return new UserError('PUSH_FAILED', `${repository}:${tag} could not be pushed: ${reason.trim()}`, {
    hint: hintFor(reason),
    cause,
  });
}

function hintFor(reason: string): string {
  if (/immutable/i.test(reason)) return 'The repository does not let a tag be written again; the same tag has other content.';
  if (/denied|unauthorized|forbidden|no basic auth|403|401/i.test(reason)) {
    return 'The identity needs ecr:InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload, BatchCheckLayerAvailability and PutImage.';
  }
  if (/certificate|http: server gave HTTP response/i.test(reason)) {
    return 'The engine does not trust the registry: add its authority, or list it under insecure-registries, in the engine.';
  }
  if (/lookup|no such host|timeout|refused|EOF|reset/i.test(reason))
    return 'The engine cannot reach the registry: check its network and proxy, then run it again.';
  return 'Run it again; layers that arrived are not sent twice.';
}
