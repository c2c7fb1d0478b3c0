/** Where the code of functions lies on disk: packages as they were uploaded, and what they unpack to. */
import { createHash, randomUUID } from 'node:crypto';
import { constants, existsSync, rmSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extractZips } from './extract-zip.ts';
import type { ZipPackage } from './types.ts';

export interface CodeStore {
  /** Keeps a copy of a zip whose digest is known already. */
  keepFile(path: string, sha256: string): Promise<ZipPackage>;
  keepBytes(bytes: Buffer): Promise<ZipPackage>;
  find(sha256: string): ZipPackage;
  /** The folder with the unpacked package; unpacks it when it is not there yet. */
  unpack(code: ZipPackage): Promise<string>;
  /** The folder with the unpacked layers, in order, which stands for /opt; undefined without layers. */
  unpackLayers(layers: readonly ZipPackage[]): Promise<string | undefined>;
  /** Runs work that keeps packages and then refers to them; nothing is pruned meanwhile. */
  holding<T>(work: () => Promise<T>): Promise<T>;
  /** Removes every package that is not in use and what was unpacked from it; nothing while anyone is `holding`. */
  prune(inUse: () => ReadonlySet<string>): Promise<void>;
}

export function createCodeStore(folder: string): CodeStore {
  const packages = join(folder, 'packages');
  const code = join(folder, 'code');
  const layersFolder = join(folder, 'layers');
  const pathOf = (sha256: string): string => join(packages, `${sha256}.zip`);
  let holders = 0;
  const found = (sha256: string): ZipPackage => ({ kind: 'zip', path: pathOf(sha256), sha256 });

  async function keep(sha256: string, write: (path: string) => Promise<void>): Promise<ZipPackage> {
    if (existsSync(pathOf(sha256))) return found(sha256);
    await mkdir(packages, { recursive: true, mode: 0o700 });
    // Several functions may bring the same package at the same moment.
    const partial = `${pathOf(sha256)}.${randomUUID()}.partial`;
    await write(partial);
    await rename(partial, pathOf(sha256));
    return found(sha256);
  }

  return {
    keepFile: (path, sha256) => keep(sha256, (to) => copyFile(path, to, constants.COPYFILE_FICLONE)),
    keepBytes: (bytes) => keep(createHash('sha256').update(bytes).digest('hex'), (to) => writeFile(to, bytes, { mode: 0o600 })),
    find: found,
    async unpack(zip) {
      const target = join(code, zip.sha256);
      await extractZips([zip.path], target);
      return target;
    },
    async unpackLayers(layers) {
      if (layers.length === 0) return undefined;
      const key = createHash('sha256').update(layers.map((layer) => layer.sha256).join('\n'));
      const target = join(layersFolder, key.digest('hex'));
      await extractZips(
        layers.map((layer) => layer.path),
        target,
      );
      return target;
    },
    async holding(work) {
      holders += 1;
      try {
        return await work();
      } finally {
        holders -= 1;
      }
    },
    async prune(inUse) {
      for (const name of await namesIn(packages)) {
        if (holders === 0 && !inUse().has(name.split('.', 1)[0] ?? '')) rmSync(join(packages, name), { force: true });
      }
      for (const name of await namesIn(code)) {
        // What is under way to its name is an unpacking that prunes itself when it fails.
        if (holders > 0 || name.endsWith('.partial') || inUse().has(name)) continue;
        // Renamed first, so that nobody finds half of it.
        const doomed = join(code, `${name}.${randomUUID()}.partial`);
        await rename(join(code, name), doomed);
        await rm(doomed, { recursive: true, force: true });
      }
    },
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return existsSync(folder) ? await readdir(folder) : [];
}
