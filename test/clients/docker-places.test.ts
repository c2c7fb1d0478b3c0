import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enginePlaces } from '../../src/clients/docker-places.ts';
import { findContainerEngine } from '../../src/clients/docker.ts';
import { listBuildContext, packBuildContext } from '../../src/artifacts/build-context.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'home-test-'));
});
afterEach(() => rm(home, { recursive: true }));

async function context(name: string, host: string): Promise<void> {
  const key = createHash('sha256').update(name).digest('hex');
  const folder = join(home, '.docker/contexts/meta', key);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
}

async function currentContext(name: string): Promise<void> {
  await mkdir(join(home, '.docker'), { recursive: true });
  await writeFile(join(home, '.docker/config.json'), JSON.stringify({ currentContext: name, credsStore: 'desktop' }));
}

const seen = async (env: Record<string, string>, platform: NodeJS.Platform = 'linux') =>
  (await enginePlaces(env, home, platform)).map((place) => `${place.source} ${place.address}`);

describe('enginePlaces', () => {
  it('takes DOCKER_HOST and nothing else when it is set', async () => {
    await currentContext('colima');
    expect(await seen({ DOCKER_HOST: 'tcp://build:2375' })).toEqual(['DOCKER_HOST tcp://build:2375']);
    expect(await seen({ DOCKER_HOST: 'build:2375' })).toEqual(['DOCKER_HOST tcp://build:2375']);
  });

  it('puts the current docker context before the known sockets', async () => {
    await context('colima', 'unix:///c.sock');
    await currentContext('colima');
    expect((await seen({}))[0]).toBe('docker context "colima" unix:///c.sock');
    await context('other', 'ssh://me@host');
    expect((await seen({ DOCKER_CONTEXT: 'other' }))[0]).toBe('docker context "other" ssh://me@host');
    await currentContext('default');
    expect((await seen({}))[0]).toBe('Docker unix:///var/run/docker.sock');
  });

  it('knows the sockets of the usual engines', async () => {
    const places = (await seen({ XDG_RUNTIME_DIR: '/run/user/7' })).join('\n');
    for (const part of ['.colima/default', '.rd/', '.orbstack', '.docker/run', '/run/user/7/podman/podman.sock', 'finch'])
      expect(places).toContain(part);
    expect(await seen({}, 'win32')).toContain('Docker npipe:////./pipe/docker_engine');
  });

  it('does not let the process’s own DOCKER_HOST into the address of another place', async () => {
    const [place] = await enginePlaces({ DOCKER_HOST: 'unix:///x.sock' }, home);
    expect(await place?.connect()).toMatchObject({ socketPath: '/x.sock', protocol: 'http', host: undefined });
    const [tls] = await enginePlaces({ DOCKER_HOST: 'tcp://h:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: home }, home);
    await expect(tls?.connect()).rejects.toThrow(/certificate cannot be read/);
    for (const [name, text] of [
      ['ca', 'CA'],
      ['cert', 'CERT'],
      ['key', 'KEY'],
    ])
      await writeFile(join(home, `${name}.pem`), text ?? '');
    expect(await tls?.connect()).toMatchObject({ host: 'h', port: '2376', protocol: 'https', ca: Buffer.from('CA') });
  });
});

describe('findContainerEngine', () => {
  it('names every place tried and what was wrong with it', async () => {
    const missing = join(home, 'none.sock');
    await expect(findContainerEngine({ env: { DOCKER_HOST: `unix://${missing}` } })).rejects.toMatchObject({
      code: 'ENGINE_NOT_FOUND',
      details: [`DOCKER_HOST (unix://${missing}): there is no such socket`],
    });
    await expect(findContainerEngine({ env: { DOCKER_HOST: 'tcp://127.0.0.1:1' } })).rejects.toMatchObject({
      details: ['DOCKER_HOST (tcp://127.0.0.1:1): nothing listens there'],
    });
    await expect(findContainerEngine({ env: { DOCKER_HOST: 'carrier-pigeon://x' } })).rejects.toMatchObject({ code: 'ENGINE_NOT_FOUND' });
    await expect(findContainerEngine({ env: { DOCKER_CONFIG: home, DOCKER_CONTEXT: 'gone' } })).rejects.toMatchObject({
      details: ['docker context "gone" (gone): there is no such context'],
    });
  });

  it('gives up on something that accepts and never answers', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = `tcp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await expect(findContainerEngine({ env: { DOCKER_HOST: address } })).rejects.toMatchObject({
      details: [expect.stringContaining('no answer within 3 s')],
    });
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('knows Podman by its headers and builds there with the classic call', async () => {
    const podman = createServer((request, response) => {
      if (request.url === '/_ping') return void response.writeHead(200, { 'api-version': '1.41', 'libpod-api-version': '5.4.2' }).end('OK');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ Version: '5.4.2', Os: 'linux', Arch: 'arm64', ApiVersion: '1.41' }));
    });
    const socket = join(home, 'podman.sock');
    await new Promise<void>((resolve) => podman.listen(socket, resolve));
    const engine = await findContainerEngine({ env: { DOCKER_HOST: `unix://${socket}` } });
    expect(engine).toMatchObject({ name: 'Podman 5.4.2', builder: 'classic', architecture: 'arm64', apiVersion: '1.41' });
    podman.closeAllConnections();
    await new Promise((resolve) => podman.close(resolve));
  });

  const real = engineOrReason();
  it('reaches an engine through ssh, with the user’s own ssh program', async (test) => {
    const { engine, reason } = await real;
    if (engine === undefined || !engine.address.startsWith('unix:')) return test.skip(reason || 'the engine is not local');
    // Stands in for ssh: notes its arguments and runs the command here.
    await writeFile(join(home, 'ssh'), `#!/bin/sh\necho "$@" >> ${home}/log\nwhile [ "$1" != "--" ]; do shift; done\nshift 2\nexec "$@"\n`);
    await chmod(join(home, 'ssh'), 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${home}:${path}`;
    try {
      const found = await findContainerEngine({ env: { DOCKER_HOST: 'ssh://me@build.example:2222' } });
      expect(found).toMatchObject({ source: 'DOCKER_HOST', name: engine.name });
      expect(await found.inspect('no-such-image:x')).toBeUndefined();
      const tag = `${uniqueName()}:1`;
      const context = join(home, 'context');
      await mkdir(context);
      await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
      const listed = await listBuildContext(context, join(context, 'Dockerfile'));
      const platform = engine.architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64';
      await found.build({ context: () => packBuildContext(listed), dockerfile: listed.dockerfile, platform, buildArgs: {}, tag });
      expect(await engine.inspect(tag)).toBeDefined();
      await found.removeTag(tag);
    } finally {
      process.env['PATH'] = path;
    }
  });
});
