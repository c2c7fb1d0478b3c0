import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeBootstrap, writeImageProject } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const why = engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : undefined;
if (why !== undefined) console.log(`push-image is not tested: ${why}`);

const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

describe.skipIf(why !== undefined)('push-image', () => {
  let workspace: Workspace;
  let project: string;
  let image: string;
  const name = uniqueName('it-push');
  const push = (...more: string[]) => ['push-image', '--local', ...more];

  /** The digest that a tag has in the local target's registry. */
  const tagged = async (tag: string): Promise<string | undefined> => {
    const { result } = (await workspace.json(['local', 'env'])).document as { result: Record<string, string> };
    const { createImageRepositories } = await import('../../src/clients/ecr.ts');
    const credentials = { accessKeyId: result['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: result['AWS_SECRET_ACCESS_KEY'] ?? '' };
    const repositories = await createImageRepositories({
      region: 'us-east-1',
      endpoint: result['AWS_ENDPOINT_URL'] ?? '',
      credentials: () => Promise.resolve(credentials),
      maxAttempts: 1,
      retryMode: 'standard',
      customUserAgent: [],
    });
    return (await repositories.findImage(name, tag))?.digest;
  };

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'app');
    writeImageProject(project, name);
  });
  afterAll(async () => {
    workspace.close();
    for (const tag of ['v1', 'v2', 'latest']) await engine?.removeTag(`${name}:${tag}`);
  });

  it('prints the address by digest on stdout and nothing else', async () => {
    const { code, stdout, stderr } = await workspace.run(push('-it', `${name}:v1`), { cwd: project });
    expect(code, stderr).toBe(0);
    image = stdout.trim();
    expect(image).toMatch(new RegExp(`^127\\.0\\.0\\.1:\\d+/${name}@sha256:[0-9a-f]{64}$`));
    expect(await tagged('v1')).toBe(image.split('@')[1]);
  });

  it('needs no engine the second time, and gives the image that is there another name', async () => {
    const { code, document, stderr } = await workspace.json(push('-it', `${name}:v2`), { cwd: project, env: NO_ENGINE });
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ image, built: false, published: false });
    expect(await tagged('v2')).toBe(image.split('@')[1]);
  });

  it('moves a name to a new image, and leaves the other where it is', async () => {
    writeBootstrap(project, 'new');
    const { document, stderr } = await workspace.json(push('-it', `${name}:v2`), { cwd: project });
    expect(document.result, stderr).toMatchObject({ built: true, published: true });
    expect(await tagged('v2')).toBe(document.result.digest);
    expect(await tagged('v1')).toBe(image.split('@')[1]);
  });

  it('pushes an archive without an engine', async () => {
    const archive = join(workspace.folder, 'saved.tar');
    execFileSync('docker', ['save', '-o', archive, `${name}:v1`]);
    const { code, stdout, stderr } = await workspace.run(push('-ldi', archive, '-it', `${name}:saved`), { cwd: project, env: NO_ENGINE });
    expect(code, stderr).toBe(0);
    expect(await tagged('saved')).toBe(stdout.trim().split('@')[1]);
  });

  it('says what is missing', async () => {
    const noDockerfile = await workspace.json(push('-df', 'Dockerfile.none'), { cwd: project });
    expect(noDockerfile.document.error?.code).toBe('DOCKERFILE_NOT_FOUND');
    const noImage = await workspace.json(push('-ldi', `${name}:never`), { cwd: project });
    expect(noImage.document.error?.code).toBe('IMAGE_INVALID');
    expect((await workspace.run(push('-farch', 'sparc'), { cwd: project })).code).toBe(2);
  });
});
