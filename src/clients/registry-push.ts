import { createHash } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { UserError, messageOf } from '../errors.ts';
import type { RegistryLogin } from './docker-logins.ts';
import type { PushProgress } from './push-progress.ts';
import { askRegistry, type AgentFor, type Authorize, type RegistryAnswer, type RegistryRequest } from './registry-http.ts';
import { MANIFEST_TYPES, readRemoteDigest, type ImageName } from './registry-read.ts';
import { RegistryFailure, isWorthRetrying, reasonIn } from './registry-failure.ts';

/** Something of known digest that a registry is to have. */
export interface PushBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  open(): Promise<Readable>;
}

export interface PushedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

export interface PushTarget {
  /** `<host>/<name>`, without a scheme. */
  readonly repositoryUri: string;
  /** Of the registry: `https://…`, or `http://127.0.0.1:…`. */
  readonly origin: string;
  /** The value of the Authorization header; `fresh` after the registry has refused one. */
  readonly authorization: (fresh: boolean) => Promise<string>;
}

export interface PushRequest {
  readonly target: PushTarget;
  readonly tags: readonly string[];
  readonly blobs: readonly PushBlob[];
  readonly manifest: PushedManifest;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: PushProgress) => void) | undefined;
}

/** A registry spoken to straight over HTTP. */
export interface RegistryClient {
  /**
   * Brings an image there, as far as it is not: layers side by side, each sent once, what broke sent again. Throws UserError PUSH_FAILED,
   * IMAGE_INVALID for content that is not what its digest says.
   */
  push(request: PushRequest): Promise<void>;
  /** Gives an image that is there further tags; nothing of it is sent but its manifest. Throws UserError PUSH_FAILED. */
  tag(request: Omit<PushRequest, 'blobs' | 'manifest'> & { readonly digest: string }): Promise<void>;
  /** The digest of an image in any registry, without pulling it. Throws Error with the registry's reason. */
  remoteDigest(image: ImageName, options: { readonly login?: RegistryLogin | undefined; readonly signal: AbortSignal }): Promise<string>;
}

const PARALLEL_BLOBS = 4;
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export function createRegistryClient(agentFor: AgentFor = () => undefined): RegistryClient {
  // Where this run has put what: another repository of the same registry may let it be mounted from there.
  const places = new Map<string, string>();
  return {
    remoteDigest: (image, options) => readRemoteDigest(image, { ...options, agentFor }),
    async tag(request) {
      const session = openSession(request.target, request.signal, agentFor);
      try {
        const manifest = await readManifest(session, request.digest);
        for (const tag of request.tags) await putManifest({ manifest }, session, tag);
      } catch (error) {
        request.signal.throwIfAborted();
        throw pushFailed(request, error);
      }
    },
    async push(request) {
      const session = openSession(request.target, request.signal, agentFor);
      try {
        await pushBlobs(request, session, places);
        for (const tag of request.tags) await putManifest(request, session, tag);
      } catch (error) {
        request.signal.throwIfAborted();
        if (error instanceof UserError) throw error;
        throw pushFailed(request, error);
      }
    },
  };
}

/** What all requests of one push share. */
interface Session {
  readonly repository: string;
  readonly host: string;
  ask(request: Omit<RegistryRequest, 'url' | 'signal'> & { readonly url: string | URL }): Promise<RegistryAnswer>;
  /** Runs the work again after what may pass. */
  retry<T>(work: () => Promise<T>): Promise<T>;
}

function openSession(target: PushTarget, signal: AbortSignal, agentFor: AgentFor): Session {
  const slash = target.repositoryUri.indexOf('/');
  const [host, repository] = [target.repositoryUri.slice(0, slash), target.repositoryUri.slice(slash + 1)];
  const base = new URL(`${new URL(target.origin).protocol}//${host}/v2/${repository}/`);
  // What the registry took last; the token may run out during a long push.
  let renewed: string | undefined;
  let renewal: { readonly refused: string; readonly header: Promise<string> } | undefined;
  /** One call, however many requests are refused at a time. */
  const renew = async (refused: string): Promise<string> => {
    if (renewal?.refused !== refused) renewal = { refused, header: target.authorization(true) };
    return (renewed = await renewal.header);
  };
  return {
    repository,
    host,
    async ask({ url, ...request }) {
      const send = (header: string): Promise<RegistryAnswer> => {
        const authorize: Authorize = (to) => Promise.resolve(to.origin === base.origin ? header : undefined);
        return askRegistry({ ...request, url: new URL(url, base), signal }, authorize, agentFor);
      };
      const header = renewed ?? (await target.authorization(false));
      const answer = await send(header);
      // What was sent in vain is sent again.
      return answer.status === 401 ? send(renewed === undefined || renewed === header ? await renew(header) : renewed) : answer;
    },
    async retry(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await work();
        } catch (error) {
          signal.throwIfAborted();
          if (attempt >= MOST_ATTEMPTS || !isWorthRetrying(error)) throw error;
          await sleep(pauseMs(attempt), undefined, { signal });
        }
      }
    },
  };
}

function pauseMs(attempt: number): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return longest / 2 + (Math.random() * longest) / 2;
}

async function pushBlobs(request: PushRequest, session: Session, places: Map<string, string>): Promise<void> {
  const blobs = [...new Map(request.blobs.map((blob) => [blob.digest, blob])).values()];
  const total = blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0);
  const sent = new Map<string, number>();
  // The configuration comes last, and is no layer.
  const config = request.blobs.at(-1)?.digest;
  const done = new Set<string>();
  const tell = (digest: string, bytes: number): void => {
    sent.set(digest, bytes);
    request.onProgress?.({
      doneLayers: done.size,
      layers: blobs.length - 1,
      sentBytes: [...sent.values()].reduce((sum, one) => sum + one, 0),
      totalBytes: total,
    });
  };
  const limit = pLimit(PARALLEL_BLOBS);
  const ended = await Promise.allSettled(
    blobs.map((blob) =>
      limit(async () => {
        const key = `${session.host} ${blob.digest}`;
        await session.retry(() => pushBlob(blob, session, places.get(key), (bytes) => tell(blob.digest, bytes)));
        places.set(key, session.repository);
        if (blob.digest !== config) done.add(blob.digest);
        tell(blob.digest, blob.sizeBytes);
      }).catch((error: unknown) => {
        limit.clearQueue();
        throw error;
      }),
    ),
  );
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

async function pushBlob(blob: PushBlob, session: Session, other: string | undefined, onSent: (bytes: number) => void): Promise<void> {
  const head = await session.ask({ method: 'HEAD', url: `blobs/${blob.digest}` });
  if (head.status === 200) return;
  if (head.status !== 404) throw new RegistryFailure(head);
  const from = other === undefined || other === session.repository ? '' : `?mount=${blob.digest}&from=${encodeURIComponent(other)}`;
  const begun = await session.ask({ method: 'POST', url: `blobs/uploads/${from}` });
  // Mounted from the other repository.
  if (begun.status === 201) return;
  if (begun.status !== 202) throw new RegistryFailure(begun);
  const sent = await session.ask({
    method: 'PATCH',
    url: locationOf(begun),
    // One piece of known length, as engines send it; a range is for several.
    headers: { 'content-type': 'application/octet-stream' },
    body: () => verified(blob, onSent),
    bodyBytes: blob.sizeBytes,
  });
  if (sent.status !== 202 && sent.status !== 201) throw new RegistryFailure(sent);
  const end = locationOf(sent);
  end.searchParams.set('digest', blob.digest);
  const done = await session.ask({ method: 'PUT', url: end });
  if (done.status !== 201) throw new RegistryFailure(done);
}

/** The content of a blob, which fails at its end when it is not what the digest says: the upload is never finished then. */
async function verified(blob: PushBlob, onSent: (bytes: number) => void): Promise<Readable> {
  const source = await blob.open();
  const hash = createHash('sha256');
  let bytes = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      onSent(bytes);
      done(null, chunk);
    },
    flush(done) {
      const digest = `sha256:${hash.digest('hex')}`;
      const isWrong = digest !== blob.digest || bytes !== blob.sizeBytes;
      done(
        isWrong
          ? new UserError('IMAGE_INVALID', `The image layer ${blob.digest} has other content than its digest says (${digest})`)
          : null,
      );
    },
  });
  source.on('error', (error) => check.destroy(error));
  check.on('close', () => source.destroy());
  return source.pipe(check);
}

function locationOf(answer: RegistryAnswer): URL {
  const { location } = answer.headers;
  if (location === undefined) throw new RegistryFailure(answer, 'it does not say where to send an image layer');
  return new URL(location, answer.url);
}

async function readManifest(session: Session, digest: string): Promise<PushedManifest> {
  const answer = await session.retry(async () => {
    const found = await session.ask({ method: 'GET', url: `manifests/${digest}`, headers: { accept: MANIFEST_TYPES } });
    if (found.status !== 200) throw new RegistryFailure(found);
    return found;
  });
  return { bytes: Buffer.from(answer.text), mediaType: answer.headers['content-type'] ?? '', digest };
}

async function putManifest({ manifest }: Pick<PushRequest, 'manifest'>, session: Session, tag: string): Promise<void> {
  await session.retry(async () => {
    const answer = await session.ask({
      method: 'PUT',
      url: `manifests/${tag}`,
      headers: { 'content-type': manifest.mediaType },
      body: () => manifest.bytes,
    });
    if (answer.status !== 201 && answer.status !== 200) throw new RegistryFailure(answer);
    const stored = answer.headers['docker-content-digest'];
    if (stored !== undefined && stored !== manifest.digest)
      throw new RegistryFailure(answer, `it has stored the manifest as ${String(stored)} and not as ${manifest.digest}`);
  });
}

function pushFailed({ target, tags }: Pick<PushRequest, 'target' | 'tags'>, error: unknown): UserError {
  const reason = error instanceof RegistryFailure ? reasonIn(error) : messageOf(error);
  return new UserError('PUSH_FAILED', `${target.repositoryUri}:${tags[0] ?? ''} could not be pushed: ${reason}`, {
    hint: hintFor(error, reason),
    cause: error,
  });
}

function hintFor(error: unknown, reason: string): string {
  const status = error instanceof RegistryFailure ? error.answer.status : 0;
  if (/immutable/i.test(reason)) return 'The repository does not let a tag be written again; the same tag has other content.';
  if (status === 401 || status === 403 || /denied/i.test(reason))
    return 'The identity needs ecr:InitiateLayerUpload, UploadLayerPart, CompleteLayerUpload, BatchCheckLayerAvailability and PutImage.';
  if (status === 0) return 'The registry cannot be reached from here: check network and proxy, then run it again.';
  return 'Run it again; layers that arrived are not sent twice.';
}
