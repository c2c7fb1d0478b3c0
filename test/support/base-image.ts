import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import { pack, type Pack } from 'tar-stream';
import { run } from './run.ts';

const BUSYBOX = '/bin/busybox';

/** Why no base image can be made from the programs of this machine; undefined when one can. */
export async function whyNoBaseImage(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'base images are made from the programs of a Linux machine';
  if (!(await exists(BUSYBOX))) return `there is no ${BUSYBOX} to make a base image with`;
  if (/=>/.test((await run('ldd', [BUSYBOX])).output)) return `${BUSYBOX} is not linked statically`;
  const answered: unknown = await new Docker().ping().catch((error: unknown) => error);
  return answered instanceof Error ? `no container engine answers: ${answered.message}` : undefined;
}

/** A file system that becomes an image: everything is added under the path that it has in the image. */
export interface RootFileSystem {
  /** Follows links: the loader looks for a library under the name of the link. */
  file(from: string, to: string): Promise<void>;
  folder(from: string, to: string): Promise<void>;
  text(to: string, content: string, mode?: number): Promise<void>;
}

/**
 * Builds an image from scratch with a shell and what `fill` adds; `instructions` follow in its Dockerfile. No image is
 * pulled. Answers with a function that removes it.
 */
export async function buildBaseImage(
  tag: string,
  instructions: string,
  fill: (files: RootFileSystem) => Promise<void>,
): Promise<() => Promise<void>> {
  return build(tag, {}, async (context) => {
    await addText(context, 'Dockerfile', `FROM scratch\nCOPY rootfs/ /\n${instructions}`);
    await addFile(context, BUSYBOX, 'rootfs/bin/busybox');
    await entry(context, { name: 'rootfs/bin/sh', type: 'symlink', linkname: 'busybox' });
    await entry(context, { name: 'rootfs/tmp/', type: 'directory', mode: 0o1777 });
    await fill({
      file: (from, to) => addFile(context, from, join('rootfs', to)),
      folder: (from, to) => addFolder(context, from, join('rootfs', to)),
      text: (to, content, mode) => addText(context, join('rootfs', to), content, mode),
    });
  });
}

/** Builds the image of a directory without lambda-tool; only what `wanted` accepts is sent. Answers with a function that removes it. */
export async function buildFromFolder(
  folder: string,
  tag: string,
  buildargs: Record<string, string>,
  wanted: (path: string) => boolean,
): Promise<() => Promise<void>> {
  return build(tag, buildargs, async (context) => {
    for (const path of await filesBelow(folder)) if (wanted(path)) await addFile(context, join(folder, path), path);
  });
}

/**
 * Runs a function's image beside `work` and removes the container afterwards. It uses the network of the host, so that it
 * reaches a Runtime API on loopback (Linux only). When the container ends before the work does, that is an error with its log.
 */
export async function besideContainer<T>(
  image: string,
  command: string[],
  env: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  const docker = new Docker();
  const container = await docker.createContainer({
    Image: image,
    Cmd: command,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    HostConfig: { NetworkMode: 'host' },
  });
  try {
    await container.start();
    const ended = container.wait().then(async () => {
      const log = await container.logs({ stdout: true, stderr: true });
      throw new Error(`The container of ${image} has ended:\n${log.toString()}`);
    });
    // Removing it ends the wait too, when nobody listens any more.
    return await Promise.race([work(), ended]);
  } finally {
    await container.remove({ force: true });
  }
}

/** The shared libraries that `ldd` names for programs and libraries, the loader included. */
export async function sharedLibraries(binaries: readonly string[]): Promise<string[]> {
  const { output } = await run('ldd', binaries);
  return [...new Set([...output.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path]) => path ?? ''))];
}

/** Libraries that programs open by name when they need them, from the folder of the C library. */
export async function optionalLibraries(linked: readonly string[], names: readonly string[]): Promise<string[]> {
  const folder = dirname(linked.find((path) => basename(path).startsWith('libc.so')) ?? '/lib');
  const found = await Promise.all(names.map(async (name) => ((await exists(join(folder, name))) ? [join(folder, name)] : [])));
  return found.flat();
}

/** Relative paths of all files below a folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(folder.length + 1));
}

/** The engine reads while the context is written: neither gets far without the other. */
async function build(
  tag: string,
  buildargs: Record<string, string>,
  write: (context: Pack) => Promise<void>,
): Promise<() => Promise<void>> {
  const docker = new Docker();
  const context = pack();
  const built = docker
    .buildImage(Readable.from(context), { t: tag, buildargs, forcerm: true })
    .then((progress) => readBuildLog(progress, tag));
  await Promise.all([built, write(context).then(() => context.finalize())]);
  return async () => {
    await docker.getImage(tag).remove({ force: true });
  };
}

/** The engine answers 200 and tells of a failure inside the stream. */
async function readBuildLog(progress: NodeJS.ReadableStream, tag: string): Promise<void> {
  let text = '';
  for await (const chunk of progress) text += chunk.toString();
  const messages = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { stream?: string; error?: string });
  const failure = messages.find((message) => message.error !== undefined);
  if (failure) throw new Error(`${tag} does not build: ${failure.error}\n${messages.map((message) => message.stream ?? '').join('')}`);
}

async function addFolder(context: Pack, from: string, to: string): Promise<void> {
  for (const path of await filesBelow(from)) await addFile(context, join(from, path), join(to, path));
}

async function addFile(context: Pack, from: string, to: string): Promise<void> {
  const path = await realpath(from);
  const { mode } = await stat(path);
  await entry(context, { name: to, mode: mode & 0o777 }, await readFile(path));
}

function addText(context: Pack, to: string, text: string, mode = 0o644): Promise<void> {
  return entry(context, { name: to, mode }, Buffer.from(text));
}

/** One time for all, so that the engine recognises what it has built before. */
function entry(context: Pack, headers: Parameters<Pack['entry']>[0], content?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const added = { mtime: new Date(0), ...headers };
    context.entry(added, content ?? Buffer.alloc(0), (error) => (error ? reject(error) : resolve()));
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
