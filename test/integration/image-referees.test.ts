import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, removeImagesNamed, uniqueName } from '../support/engine.ts';
import { ociLayout, writeFolder } from '../support/image-archives.ts';
import { BUSYBOX } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const why =
  engine === undefined
    ? reason
    : BUSYBOX === undefined
      ? 'busybox is not on this machine'
      : has('skopeo')
        ? undefined
        : 'skopeo is not installed';
const noBuildah = why ?? (has('buildah') ? undefined : 'buildah is not installed');
if (why !== undefined) console.log(`What other programs find in the registry is not tested: ${why}`);
else if (noBuildah !== undefined) console.log(`Images of buildah are not tested: ${noBuildah}`);

const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
}

describe.skipIf(why !== undefined)('images as skopeo sees them', () => {
  let workspace: Workspace;
  let registry: string;
  let credentials: string;
  let policy: string;
  /** Of the engine's image. */
  let imageId: string;
  const name = uniqueName('it-referee');
  const place = (file: string): string => join(workspace.folder, file);

  beforeAll(async () => {
    workspace = openWorkspace();
    policy = place('policy.json');
    writeFileSync(policy, '{"default": [{"type": "insecureAcceptAnything"}]}');
    const context = place('app');
    mkdirSync(context);
    copyFileSync(BUSYBOX ?? '', join(context, 'busybox'));
    writeFileSync(join(context, 'code'), 'code');
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY busybox /busybox\nCOPY code /code\nENTRYPOINT ["/busybox"]\n');
    execFileSync('docker', ['build', '-q', '-t', `${name}:v1`, context], { stdio: 'ignore' });
    imageId = execFileSync('docker', ['inspect', '-f', '{{.Id}}', `${name}:v1`], { encoding: 'utf8' }).trim();
    const started = await workspace.run(['local', 'start']);
    expect(started.code, started.stderr).toBe(0);
    const status = (await workspace.json(['local', 'status'])).document.result as { folder: string; registry: string };
    registry = status.registry;
    const keys = JSON.parse(readFileSync(join(status.folder, 'credentials.json'), 'utf8')) as { registryPassword: string };
    credentials = `AWS:${keys.registryPassword}`;
  });
  afterAll(async () => {
    workspace.close();
    await removeImagesNamed(name);
  });

  const skopeo = (...args: string[]): string =>
    execFileSync('skopeo', ['--policy', policy, '--tmpdir', workspace.temporary, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const local = ['--src-tls-verify=false', '--src-creds'];
  const push = async (repository: string, ...more: string[]) => {
    const run = await workspace.json(['push-image', '--local', '-it', `${name}-${repository}:v1`, ...more], { env: NO_ENGINE });
    expect(run.code, run.stderr).toBe(0);
    return run;
  };

  /**
   * What skopeo finds under a tag. It copies all of it, by the digest that we have told, and compares each blob with its digest; image
   * layers are compared with the ids in the configuration here.
   */
  function readBack(repository: string, digest: string): Manifest {
    const address = `docker://${registry}/${name}-${repository}`;
    const found = JSON.parse(skopeo('inspect', '--tls-verify=false', '--creds', credentials, `${address}:v1`)) as { Digest: string };
    expect(found.Digest).toBe(digest);
    const copy = place(`copy-${repository}`);
    rmSync(copy, { recursive: true, force: true });
    skopeo('copy', '-q', ...local, credentials, `${address}@${digest}`, `dir:${copy}`);
    const blob = (of: string): Buffer => readFileSync(join(copy, of.slice('sha256:'.length)));
    const text = readFileSync(join(copy, 'manifest.json'));
    expect(`sha256:${createHash('sha256').update(text).digest('hex')}`).toBe(digest);
    const manifest = JSON.parse(text.toString()) as Manifest;
    const config = JSON.parse(blob(manifest.config.digest).toString()) as { rootfs: { diff_ids: string[] } };
    const ids = manifest.layers.map((layer) => {
      const bytes = blob(layer.digest);
      expect(bytes).toHaveLength(layer.size);
      if (layer.mediaType.endsWith('zstd')) return 'zstd';
      return `sha256:${createHash('sha256').update(gunzipSync(bytes)).digest('hex')}`;
    });
    if (!ids.includes('zstd')) expect(ids).toEqual(config.rootfs.diff_ids);
    return manifest;
  }

  it('hold the same image, whether the engine has pushed it or we have', async () => {
    const byEngine = await workspace.json(['push-image', '--local', '-it', `${name}-engine:v1`, '-ldi', `${name}:v1`]);
    expect(byEngine.code, byEngine.stderr).toBe(0);
    const saved = place('saved.tar');
    execFileSync('docker', ['save', '-o', saved, `${name}:v1`]);
    const byUs = await push('saved', '-ldi', saved);
    const [one, other] = [
      readBack('engine', byEngine.document.result.digest as string),
      readBack('saved', byUs.document.result.digest as string),
    ];
    expect([one.config.digest, other.config.digest]).toEqual([imageId, imageId]);
    expect(other.layers.map((layer) => layer.mediaType)).toEqual(one.layers.map((layer) => layer.mediaType));
    // What it has unpacked again is what the engine has.
    const again = place('again.tar');
    skopeo('copy', '-q', ...local, credentials, `docker://${registry}/${name}-saved:v1`, `docker-archive:${again}:${name}:again`);
    execFileSync('docker', ['load', '-q', '-i', again], { stdio: 'ignore' });
    expect(execFileSync('docker', ['inspect', '-f', '{{.Id}}', `${name}:again`], { encoding: 'utf8' }).trim()).toBe(imageId);
  });

  it.each([
    ['a directory', 'oci', 'layout', 'gzip'],
    ['an archive', 'oci-archive', 'layout.tar', 'gzip'],
    ['an archive with image layers in zstd', 'oci-archive', 'zstd.tar', 'zstd'],
  ])('are taken from skopeo with its digest: %s', async (_, transport, file, format) => {
    const digestFile = place('digest');
    const how = ['--digestfile', digestFile, '--dest-compress', '--dest-compress-format', format];
    skopeo('copy', '-q', ...how, `docker-daemon:${name}:v1`, `${transport}:${place(file)}:v1`);
    const repository = file.replace('.', '-');
    const { document } = await push(repository, '-ldi', place(file));
    const digest = readFileSync(digestFile, 'utf8').trim();
    expect(document.result.digest).toBe(digest);
    const { layers } = readBack(repository, digest);
    expect(layers.map((layer) => layer.mediaType)).toEqual(Array(2).fill(`application/vnd.oci.image.layer.v1.tar+${format}`));
    expect(document.warnings).toEqual(format === 'zstd' ? [expect.stringContaining('zstd')] : []);
  });

  it('are taken from an archive that skopeo writes as docker save does', async () => {
    skopeo('copy', '-q', `docker-daemon:${name}:v1`, `docker-archive:${place('v1.tar')}:shop:v1`);
    const { document } = await push('docker', '-ldi', place('v1.tar'));
    expect(readBack('docker', document.result.digest as string).config.digest).toBe(imageId);
  });

  it('have image layers that are compressed, whatever the archive calls them', async () => {
    const layout = place('plain');
    skopeo('copy', '-q', '--dest-oci-accept-uncompressed-layers', `docker-daemon:${name}:v1`, `oci:${layout}:v1`);
    const { document } = await push('plain', '-ldi', layout);
    const { layers } = readBack('plain', document.result.digest as string);
    expect(layers.map((layer) => layer.mediaType)).toEqual(Array(2).fill('application/vnd.oci.image.layer.v1.tar+gzip'));
  });

  it('are the one out of an index with attestations that skopeo chooses, for each architecture', async () => {
    const layout = place('attested');
    const wish = { layers: [Buffer.alloc(5_000, 1), Buffer.alloc(70_000, 2)], withAttestations: true };
    writeFolder(layout, ociLayout(wish).files);
    for (const [architecture, ours] of [
      ['amd64', 'x86_64'],
      ['arm64', 'arm64'],
    ] as const) {
      const digestFile = place('digest');
      skopeo('--override-arch', architecture, 'copy', '-q', '--digestfile', digestFile, `oci:${layout}`, `dir:${place('chosen')}`);
      const { document } = await push(`attested-${ours.replace('_', '-')}`, '-ldi', layout, '-farch', ours);
      expect(document.result.digest).toBe(readFileSync(digestFile, 'utf8').trim());
      readBack(`attested-${ours.replace('_', '-')}`, document.result.digest as string);
    }
  });

  it.skipIf(noBuildah !== undefined)('are taken from buildah: one, and one out of several', async () => {
    const buildah = (...args: string[]): string =>
      execFileSync('buildah', ['--root', place('storage'), '--runroot', place('running'), '--storage-driver', 'vfs', ...args], {
        encoding: 'utf8',
        env: { ...process.env, TMPDIR: workspace.temporary },
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
    const container = buildah('from', 'scratch');
    buildah('copy', container, BUSYBOX ?? '', '/busybox');
    buildah('config', '--entrypoint', '["/busybox"]', container);
    buildah('manifest', 'create', 'several');
    for (const architecture of ['amd64', 'arm64']) {
      buildah('config', '--arch', architecture, container);
      buildah('commit', '-q', container, architecture);
      buildah('manifest', 'add', 'several', architecture);
    }
    const digestFile = place('digest');
    buildah('push', '-q', '--digestfile', digestFile, 'amd64', `oci-archive:${place('one.tar')}:v1`);
    const one = await push('buildah-one', '-ldi', place('one.tar'));
    expect(one.document.result.digest).toBe(readFileSync(digestFile, 'utf8').trim());
    readBack('buildah-one', one.document.result.digest as string);

    const several = place('several');
    buildah('manifest', 'push', '-q', '--all', 'several', `oci:${several}:v1`);
    for (const [architecture, ours] of [
      ['amd64', 'x86_64'],
      ['arm64', 'arm64'],
    ] as const) {
      skopeo('--override-arch', architecture, 'copy', '-q', '--digestfile', digestFile, `oci:${several}`, `dir:${place('chosen')}`);
      const { document } = await push(`buildah-${architecture}`, '-ldi', several, '-farch', ours);
      expect(document.result.digest).toBe(readFileSync(digestFile, 'utf8').trim());
      readBack(`buildah-${architecture}`, document.result.digest as string);
    }
  });
});
