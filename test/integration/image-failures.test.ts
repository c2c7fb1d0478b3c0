import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { startDyingEngine, type DyingEngine } from '../support/dying-engine.ts';
import { engineOrReason, removeImagesNamed, uniqueName } from '../support/engine.ts';
import { BUSYBOX } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const isLocal = engine?.address.startsWith('unix://') === true;
const why =
  engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : isLocal ? undefined : 'a socket is needed';
if (why !== undefined) console.log(`What goes wrong with images is not tested: ${why}`);

describe.skipIf(why !== undefined)('images, when something goes wrong', () => {
  let workspace: Workspace;
  let project: string;
  let dying: DyingEngine;
  let aws: Record<string, string>;
  const name = uniqueName('it-wrong');
  const push = (...more: string[]) => ['push-image', '--local', '-it', `${name}:v1`, ...more];
  const dockerfile = (text: string, file = 'Dockerfile'): void => writeFileSync(join(project, file), text);
  const SIMPLE = 'FROM scratch\nCOPY busybox /bin/sh\nCOPY note /note\nCMD ["/bin/sh"]\n';
  const ecr = (...args: string[]): string => execFileSync('aws', ['ecr', ...args], { env: { ...workspace.env, ...aws }, encoding: 'utf8' });
  const hasAws = spawnSync('aws', ['--version']).status === 0;

  beforeAll(async () => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'app');
    mkdirSync(project);
    copyFileSync(BUSYBOX ?? '', join(project, 'busybox'));
    writeFileSync(join(project, 'note'), 'one');
    dockerfile(SIMPLE);
    aws = (await workspace.json(['local', 'env'])).document.result;
    dying = await startDyingEngine(engine?.address.slice('unix://'.length) ?? '', join(workspace.folder, 'engine.sock'));
  });
  afterEach(() => expect(readdirSync(workspace.temporary)).toEqual([]));
  afterAll(async () => {
    dying.close();
    workspace.close();
    await removeImagesNamed(name);
  });

  it('say that the engine broke off during the build, with the last lines and what to look at', async () => {
    dockerfile('FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo begun; sleep 30"]\nCMD ["/bin/sh"]\n');
    dying.dieAt('/build?', 2_500);
    const { code, document } = await workspace.json(push('--force-build', '-dbo', '--no-cache'), {
      cwd: project,
      env: { DOCKER_HOST: dying.address },
    });
    dockerfile(SIMPLE);
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('the engine broke the connection off') });
    expect(document.error?.hint).toContain('docker version');
    expect(document.error?.details).toContain('begun');
  });

  it.each(['/tag?', '/json'])('say that the engine broke off at %s after the build', async (part) => {
    dying.dieAt(part);
    const { code, document } = await workspace.json(push('--force-build'), { cwd: project, env: { DOCKER_HOST: dying.address } });
    expect(code).toBe(1);
    expect(document.error).toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringMatching(/Docker [\d.].* \(DOCKER_HOST\) could not/),
    });
  });

  it('say that the push broke off, and not that a name could not be removed afterwards', async () => {
    dying.dieAt('/push?');
    const { code, document } = await workspace.json(push('--force-build'), { cwd: project, env: { DOCKER_HOST: dying.address } });
    expect(code).toBe(1);
    expect(document.error?.code).toBe('PUSH_FAILED');
    dying.dieAt(undefined);
  });

  it('name an archive that is not there, and what no image can be called', async () => {
    const archive = await workspace.json(push('-ldi', '../none.tar'), { cwd: project });
    expect(archive.document.error).toMatchObject({
      code: 'IMAGE_INVALID',
      message: `There is no image archive at ${join(project, '../none.tar')}.`,
    });
    for (const wrong of ['No/Such', 'a//b', 'x?y=1', '/etc/../v1']) {
      const { code, document } = await workspace.json(push('-ldi', wrong), { cwd: project });
      expect([code, document.error?.code], wrong).toEqual([1, 'IMAGE_INVALID']);
    }
  });

  it('say what ssh said when there is no way to the engine', async () => {
    const bin = join(workspace.folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'ssh'), '#!/bin/sh\necho "me@far: Permission denied (publickey)." >&2\nexit 255\n', { mode: 0o755 });
    const env = { DOCKER_HOST: 'ssh://me@far', PATH: `${bin}:${process.env['PATH']}` };
    const { document } = await workspace.json(push('--force-build'), { cwd: project, env });
    expect(document.error).toMatchObject({
      code: 'ENGINE_NOT_FOUND',
      details: ['DOCKER_HOST (ssh://me@far): me@far: Permission denied (publickey).'],
      hint: expect.stringContaining('unset it'),
    });
  });

  it('name the temporary folder that cannot be used', async () => {
    const saved = join(workspace.folder, 'saved.tar');
    expect((await workspace.run(push(), { cwd: project })).code).toBe(0);
    execFileSync('docker', ['save', '-o', saved, `${name}:v1`]);
    execFileSync('gzip', ['-f', saved]);
    const env = { TMPDIR: '/nowhere/at/all' };
    const { document } = await workspace.json(push('-ldi', `${saved}.gz`), { cwd: project, env });
    expect(document.error).toMatchObject({
      code: 'FILE_NOT_WRITABLE',
      message: expect.stringContaining('The temporary folder /nowhere/at/all'),
    });
  });

  it('are built from a Dockerfile that is a link to elsewhere, which is one of their inputs', async () => {
    const elsewhere = join(workspace.folder, 'elsewhere.Dockerfile');
    writeFileSync(elsewhere, SIMPLE);
    symlinkSync('../elsewhere.Dockerfile', join(project, 'Linked'));
    const run = async () => (await workspace.json(push('-df', 'Linked'), { cwd: project })).document;
    const first = await run();
    expect(first.result, JSON.stringify(first.error)).toMatchObject({ built: true });
    expect((await run()).result.built).toBe(false);
    writeFileSync(elsewhere, SIMPLE.replace('/note\n', '/noted\n'));
    expect((await run()).result.built).toBe(true);
    rmSync(join(project, 'Linked'));
  });

  it('have the identity of what is built when a file changes before that', async () => {
    dying.dieAt(undefined);
    // The engine is looked for after the inputs have been read, and before they are sent.
    const bin = join(workspace.folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(project, 'note'), 'two');
    const slow = `#!/bin/sh\n[ "$(cat ${join(project, 'note')})" = three ] || printf three > ${join(project, 'note')}\nunset DOCKER_HOST\nwhile [ "$1" != "--" ]; do shift; done\nshift 2\nexec "$@"\n`;
    writeFileSync(join(bin, 'ssh'), slow, { mode: 0o755 });
    const env = { DOCKER_HOST: 'ssh://here', PATH: `${bin}:${process.env['PATH']}` };
    const { document, stderr } = await workspace.json(push(), { cwd: project, env });
    expect(document.ok, stderr).toBe(true);
    const three = await workspace.json(push(), { cwd: project });
    expect(three.document.result).toMatchObject({ built: false, digest: document.result.digest });
    writeFileSync(join(project, 'note'), 'two');
    utimesSync(join(project, 'note'), 1, 1);
    expect((await workspace.json(push(), { cwd: project })).document.result.built).toBe(true);
  });

  it.skipIf(!hasAws)('stay under their old tag in a repository whose tags cannot be moved, with a warning', async () => {
    const fixed = `${name}-fixed`;
    ecr('create-repository', '--repository-name', fixed, '--image-tag-mutability', 'IMMUTABLE');
    const run = () => workspace.json(['push-image', '--local', '-it', `${fixed}:v1`], { cwd: project });
    expect((await run()).document.warnings).toEqual([]);
    writeFileSync(join(project, 'note'), 'four');
    const moved = await run();
    expect(moved.document.result, moved.stderr).toMatchObject({ built: true, published: true });
    expect(moved.document.warnings).toEqual([`${fixed}:v1 stays on another image: its tags cannot be moved`]);
  });

  it.skipIf(!hasAws)('are pushed to a repository that is made again when somebody deletes it meanwhile', async () => {
    const gone = `${name}-gone`;
    ecr('create-repository', '--repository-name', gone);
    dockerfile('FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo begun; sleep 4"]\nCMD ["/bin/sh"]\n');
    let isDeleted = false;
    const { code, document, stderr } = await workspace.json(['push-image', '--local', '-it', `${gone}:v1`, '-dbo', '--no-cache'], {
      cwd: project,
      onStderr(text) {
        if (isDeleted || !text.includes('| begun')) return;
        isDeleted = true;
        ecr('delete-repository', '--repository-name', gone, '--force');
      },
    });
    dockerfile(SIMPLE);
    expect(isDeleted).toBe(true);
    expect(code, stderr).toBe(0);
    expect(ecr('list-images', '--repository-name', gone)).toContain(document.result.digest);
  });

  it.skipIf(!hasAws)('read private base images with the token of ECR, and with what docker login has stored', async () => {
    const { document } = await workspace.json(push(), { cwd: project });
    const [host = ''] = document.result.repositoryUri.split('/');
    const from = (registry: string, more: string): string => `FROM ${registry}/${name}@${document.result.digest}\nENV X=${more}\n`;
    dockerfile(from(host, '1'), 'Own.Dockerfile');
    const own = await workspace.json(push('-df', 'Own.Dockerfile'), { cwd: project });
    expect(own.document.error).toBeUndefined();
    // By another name the registry is somebody else's, to which the token must not go.
    const other = host.replace('127.0.0.1', 'localhost');
    for (const [index, builder] of ['1', '0'].entries()) {
      dockerfile(from(other, `2${index}`), 'Other.Dockerfile');
      const config = join(workspace.folder, `docker-${index}`);
      mkdirSync(config);
      const env = { DOCKER_BUILDKIT: builder, DOCKER_CONFIG: config };
      const refused = await workspace.json(push('-df', 'Other.Dockerfile'), { cwd: project, env });
      expect(refused.document.error).toMatchObject({ code: 'BUILD_FAILED', hint: expect.stringContaining('docker login') });
      const password = Buffer.from(
        ecr('get-authorization-token', '--query', 'authorizationData[0].authorizationToken', '--output', 'text'),
        'base64',
      );
      const auth = password.toString('base64');
      writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [other]: { auth } } }));
      const allowed = await workspace.json(push('-df', 'Other.Dockerfile', '--verbose'), { cwd: project, env: { ...env, DEBUG: 'modem' } });
      expect(allowed.document.error).toBeUndefined();
      expect(allowed.stderr).not.toContain(auth);
      expect(allowed.stderr).not.toContain(password.toString().slice(4));
      await removeImagesNamed(`${other}/${name}`);
    }
  });
});
