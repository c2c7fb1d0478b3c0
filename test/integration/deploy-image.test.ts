import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CONTAINER_LABEL, containerLabel } from '../../src/local/functions/container-environment.ts';
import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeBootstrap, writeImageProject } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const why = engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : undefined;
if (why !== undefined) console.log(`Deployments of images are not tested: ${why}`);

const DEPLOY = ['deploy-serverless', '-sn', 'Img', '--local'];

describe.skipIf(why !== undefined)('an application of container images', () => {
  let workspace: Workspace;
  let project: string;
  let digest: string;
  let url: string;
  const repository = uniqueName('it-image');

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'img');
    writeImageProject(project, repository);
  });
  afterAll(async () => {
    workspace.close();
    await engine?.removeTag(`${repository}:latest`);
  });

  it('is built and pushed once for two functions, and answers', async () => {
    const { code, document, stderr } = await workspace.json(DEPLOY, { cwd: project });
    expect(code, stderr).toBe(0);
    expect(document.result.artifacts).toEqual([
      expect.objectContaining({ kind: 'image', logicalIds: ['Web', 'Worker'], built: true, published: true }),
    ]);
    digest = document.result.artifacts[0].digest as string;
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(document.result.artifacts[0].location).toMatch(new RegExp(`^127\\.0\\.0\\.1:\\d+/${repository}@${digest}$`));
    expect(stderr.match(/build started/g)).toHaveLength(1);
    url = document.result.outputs.Url as string;
    const response = await fetch(url);
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 200, text: 'hello from an image' });
  });

  it('has its log', async () => {
    const { stdout } = await workspace.run(['local', 'logs', '--function', 'Web']);
    expect(stdout).toContain('handled by Img-Web-');
  });

  it('needs no engine when nothing has changed', async () => {
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const { code, document, stderr } = await workspace.json(DEPLOY, { cwd: project, env });
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ action: 'unchanged', artifacts: [{ built: false, published: false, digest }] });
  });

  it('names what was tried when there is no engine and one is needed', async () => {
    writeBootstrap(project, 'changed');
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const { code, document, stderr } = await workspace.json(DEPLOY, { cwd: project, env });
    expect(code).toBe(1);
    expect(document.error?.code).toBe('ENGINE_NOT_FOUND');
    expect(JSON.stringify(document.error)).toContain('/nowhere/docker.sock');
    expect(stderr).not.toContain('[stack');
  });

  it('gives the new answer after a change', async () => {
    writeBootstrap(project, 'changed');
    const { document, stderr } = await workspace.json(DEPLOY, { cwd: project });
    expect(document.result?.action, stderr).toBe('updated');
    expect(document.result.artifacts[0].digest).not.toBe(digest);
    expect(await (await fetch(document.result.outputs.Url as string)).text()).toBe('changed');
  });

  it('shows the last lines of a build that fails, and leaves the stack alone', async () => {
    const dockerfile = readFileSync(join(project, 'Dockerfile'), 'utf8');
    writeFileSync(join(project, 'Dockerfile'), dockerfile.replace('WORKDIR', 'RUN echo a clue; echo another clue >&2; exit 7\nWORKDIR'));
    const { code, stdout, stderr } = await workspace.run(DEPLOY, { cwd: project });
    writeFileSync(join(project, 'Dockerfile'), dockerfile);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('Error BUILD_FAILED:');
    const error = stderr.slice(stderr.indexOf('Error BUILD_FAILED'));
    expect(error).toContain('another clue');
    expect(error).toMatch(/exit code:? 7|code 7/);
    expect(stderr).not.toContain('[stack');
  });

  it('builds again with --force-build, and changes nothing when the image is the same', async () => {
    const { document, stderr } = await workspace.json([...DEPLOY, '--force-build'], { cwd: project });
    expect(document.result?.action, stderr).toBe('unchanged');
    expect(document.result.artifacts).toMatchObject([{ built: true, published: true }]);
  });

  it('deploys an archive with no engine to push it, and sends it once', async () => {
    const saved = join(project, 'saved.tar');
    execFileSync('docker', ['save', '-o', saved, `${repository}:latest`]);
    const archived = join(workspace.folder, 'archived');
    mkdirSync(archived, { recursive: true });
    writeFileSync(join(archived, 'app.tar.gz'), gzipSync(readFileSync(saved)));
    rmSync(saved);
    const fn = {
      Type: 'AWS::Serverless::Function',
      Metadata: { DockerTag: `${repository}-archived` },
      Properties: { PackageType: 'Image', ImageUri: 'app.tar.gz', FunctionUrlConfig: { AuthType: 'NONE' } },
    };
    const template = {
      Transform: 'AWS::Serverless-2016-10-31',
      Resources: { Fn: fn },
      Outputs: { Url: { Value: { 'Fn::GetAtt': ['FnUrl', 'FunctionUrl'] } } },
    };
    writeFileSync(join(archived, 'serverless.template'), JSON.stringify(template));
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    // The local target runs already, with an engine of its own; this process has none.
    const args = ['deploy-serverless', '-sn', 'Archived', '--local'];
    const first = await workspace.json(args, { cwd: archived, env });
    expect(first.code, first.stderr).toBe(0);
    expect(first.document.result.artifacts).toMatchObject([{ kind: 'image', built: false, published: true }]);
    expect(await (await fetch(first.document.result.outputs.Url as string)).text()).toBe('changed');
    const again = await workspace.json([...args, '--verbose'], { cwd: archived, env });
    expect(again.document.result).toMatchObject({ action: 'unchanged', artifacts: [{ published: false }] });
    expect((await workspace.run(['diff', '-sn', 'Archived', '--local', '--fail'], { cwd: archived, env })).stdout).toContain(
      'No differences',
    );
    expect((await workspace.run(['delete-serverless', 'Archived', '--local'])).code).toBe(0);
  });

  it('keeps the registry token out of files, logs and the list of processes', async () => {
    writeBootstrap(project, 'secret run');
    let processes = '';
    const { stderr, stdout } = await workspace.run([...DEPLOY, '--verbose'], {
      cwd: project,
      onStderr: () => (processes += execFileSync('ps', ['axww', '-o', 'args'], { encoding: 'utf8' })),
    });
    const { document } = await workspace.json(['local', 'env']);
    expect(document.ok).toBe(true);
    const token = await registryPassword(document.result as Record<string, string>);
    expect(token.length).toBeGreaterThan(10);
    for (const text of [stderr, stdout, processes, ...readTree(project)]) expect(text.includes(token)).toBe(false);
  });

  it('goes away with its containers', async () => {
    // Others on this machine have containers too.
    const label = `${CONTAINER_LABEL}=${containerLabel(join(workspace.folder, 'state/data/functions'))}`;
    const own = (): string =>
      execFileSync('docker', ['ps', '-a', '--no-trunc', '--filter', `label=${label}`, '--format', '{{.Command}}'], { encoding: 'utf8' });
    expect((await fetch(url)).status).toBe(200);
    expect(own()).toContain('/var/task/bootstrap');
    const { code, stderr } = await workspace.run(['delete-serverless', 'Img', '--local']);
    expect(code, stderr).toBe(0);
    expect((await workspace.run(['local', 'stop'])).code).toBe(0);
    expect(own()).toBe('');
  });
});

async function registryPassword(env: Readonly<Record<string, string>>): Promise<string> {
  const { createImageRepositories } = await import('../../src/clients/ecr.ts');
  const repositories = await createImageRepositories({
    region: env['AWS_REGION'] ?? '',
    endpoint: env['AWS_ENDPOINT_URL'] ?? '',
    credentials: () =>
      Promise.resolve({ accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' }),
    maxAttempts: 1,
    retryMode: 'standard',
    customUserAgent: [],
  });
  return (await repositories.getAuthorization()).password();
}

function readTree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}
