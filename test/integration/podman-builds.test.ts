import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { uniqueName } from '../support/engine.ts';
import { writeImageProject } from '../support/image-project.ts';
import { podmanMissing, startPodman, type PodmanService } from '../support/podman.ts';

const why = podmanMissing();
if (why !== undefined) console.log(`Builds with podman are not tested: ${why}`);

const SECRET = 'c3VwZXItc2VjcmV0';
/** Builders do not look at secrets when they look for a layer, so these builds go without their cache. The answer tells how long the secret was; the secret itself stays out of the image. */
const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /tmp /var/task
COPY bootstrap /var/task/bootstrap
RUN --mount=type=secret,id=token sed -i "s/hello/$(wc -c < /run/secrets/token) bytes/" /var/task/bootstrap
WORKDIR /var/task
ENTRYPOINT ["/bin/sh", "/var/task/bootstrap"]
`;

describe.skipIf(why !== undefined)('builds with Podman that its API does not carry', () => {
  let workspace: Workspace;
  let podman: PodmanService;
  let project: string;
  const repository = uniqueName('it-podman-secret');
  const deploy = (...more: string[]) => [
    'deploy-serverless',
    '-sn',
    'Secret',
    '--local',
    '-dbo',
    '--no-cache --secret id=token,env=BUILD_TOKEN',
    ...more,
  ];
  const env = () => ({ DOCKER_HOST: podman.address, BUILD_TOKEN: SECRET });

  beforeAll(async () => {
    podman = await startPodman();
    workspace = openWorkspace();
    project = join(workspace.folder, 'secret');
    writeImageProject(project, repository);
    writeFileSync(join(project, 'Dockerfile'), DOCKERFILE);
  });
  afterAll(async () => {
    await workspace.run(['local', 'stop'], { env: env() });
    workspace.close();
    podman.close();
  });

  it('go through the podman command of the same engine, which is said', async () => {
    const { code, document, stderr } = await workspace.json(deploy('--verbose'), { cwd: project, env: env() });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/build started \(linux\/\w+, podman build for --secret, Podman \d/);
    expect(stderr).not.toContain(SECRET);
    const text = await (await fetch(document.result.outputs.Url as string)).text();
    expect(text).toBe(`${SECRET.length} bytes from an image`);
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });

  it('are not repeated for another value of the secret, and are for another secret', async () => {
    const same = await workspace.json(deploy(), { cwd: project, env: { ...env(), BUILD_TOKEN: 'changed' } });
    expect(same.document.result, same.stderr).toMatchObject({ action: 'unchanged', artifacts: [{ built: false }] });
    // What is there needs no secret.
    const without = await workspace.json(deploy(), { cwd: project, env: { DOCKER_HOST: 'unix:///nowhere/podman.sock' } });
    expect(without.document.result, without.stderr).toMatchObject({ artifacts: [{ built: false }] });
    writeFileSync(join(project, 'token'), 'longer than the other secret');
    writeFileSync(join(project, '.dockerignore'), 'token\n');
    const other = ['--no-cache --secret id=token,src=token --secret id=more,src=token'];
    const { document, stderr } = await workspace.json([...deploy(), '-dbo', ...other], { cwd: project, env: env() });
    expect(document.result, stderr).toMatchObject({ artifacts: [{ built: true }] });
    expect(await (await fetch(document.result.outputs.Url as string)).text()).toBe('28 bytes from an image');
  });

  it('say which secret is missing, before anything is built', async () => {
    const { document } = await workspace.json(deploy('--force-build'), { cwd: project, env: { DOCKER_HOST: podman.address } });
    expect(document.error?.code).toBe('USAGE');
    expect(document.error?.message).toContain('BUILD_TOKEN, which is not set');
    const insisted = await workspace.json(deploy('--force-build', '--builder', 'engine'), { cwd: project, env: env() });
    expect(insisted.document.error?.message).toBe('--builder engine cannot build with --secret: the API of the engine does not carry it.');
  });

  it('need no service with --builder podman: the image is pushed from here', async () => {
    const { code, document, stderr } = await workspace.json(deploy('--force-build', '--builder', 'podman'), {
      cwd: project,
      env: { ...podman.env, BUILD_TOKEN: '1234', DOCKER_HOST: 'unix:///nowhere/podman.sock' },
    });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/build started \(linux\/\w+, podman build for --builder podman\)/);
    expect(await (await fetch(document.result.outputs.Url as string)).text()).toBe('4 bytes from an image');
  });

  it('show the last lines when they fail', async () => {
    writeFileSync(join(project, 'Dockerfile'), `${DOCKERFILE}RUN echo the reason; exit 7\n`);
    const { code, stderr } = await workspace.run(deploy(), { cwd: project, env: env() });
    expect(code).toBe(1);
    const error = stderr.slice(stderr.indexOf('Error BUILD_FAILED'));
    expect(error).toContain('exit status 7');
    expect(error).toContain('the reason');
    expect(error).toContain('By itself: podman build --platform=linux/');
    expect(readFileSync(join(project, 'Dockerfile'), 'utf8')).toContain('exit 7');
  });

  it('end with their container when the run is interrupted, and leave none behind', async () => {
    const mark = `73${Math.floor(Math.random() * 1e6)}`;
    writeFileSync(join(project, 'Dockerfile'), `${DOCKERFILE}RUN echo begun; sleep ${mark}\n`);
    const own = { ...podman.env, BUILD_TOKEN: SECRET, DOCKER_HOST: 'unix:///nowhere/podman.sock' };
    // The functions of the application have theirs.
    const containers = (): string =>
      spawnSync('podman', ['ps', '--all', '--external', '--quiet'], { env: { ...process.env, ...own }, encoding: 'utf8' }).stdout;
    const before = containers();
    let since = 0;
    const { code, stderr } = await workspace.run(deploy('--builder', 'podman'), {
      cwd: project,
      env: own,
      onStderr(text, child) {
        if (since > 0 || !text.includes('| begun')) return;
        since = Date.now();
        child.kill('SIGINT');
      },
    });
    expect(code, stderr).toBe(130);
    expect(Date.now() - since).toBeLessThan(10_000);
    expect(spawnSync('pgrep', ['-f', `sleep ${mark}`], { encoding: 'utf8' }).stdout).toBe('');
    expect(containers()).toBe(before);
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });
});
