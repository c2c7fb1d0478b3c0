import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { uniqueName } from '../support/engine.ts';
import { writeBootstrap, writeImageProject } from '../support/image-project.ts';
import { podmanMissing, startPodman, type PodmanService } from '../support/podman.ts';

const why = podmanMissing();
if (why !== undefined) console.log(`Podman is not tested: ${why}`);

const DEPLOY = ['deploy-serverless', '-sn', 'Pod', '--local'];

describe.skipIf(why !== undefined)('an application of container images, with Podman', () => {
  let workspace: Workspace;
  let podman: PodmanService;
  let project: string;
  const repository = uniqueName('it-podman');
  const env = () => ({ DOCKER_HOST: podman.address });

  beforeAll(async () => {
    podman = await startPodman();
    workspace = openWorkspace();
    project = join(workspace.folder, 'pod');
    writeImageProject(project, repository, 'hello from Podman');
  });
  afterAll(async () => {
    await workspace.run(['local', 'stop'], { env: env() });
    workspace.close();
    podman.close();
  });

  it('is built by Podman and pushed once for two functions, and answers', async () => {
    const { code, document, stderr } = await workspace.json(DEPLOY, { cwd: project, env: env() });
    expect(code, stderr).toBe(0);
    expect(document.result.artifacts).toEqual([
      expect.objectContaining({ kind: 'image', logicalIds: ['Web', 'Worker'], built: true, published: true }),
    ]);
    expect(stderr.match(/build started \(linux\/\w+, classic, Podman \d/g)).toHaveLength(1);
    expect(await (await fetch(document.result.outputs.Url as string)).text()).toBe('hello from Podman');
  });

  it('is not built again when nothing has changed', async () => {
    const { document, stderr } = await workspace.json(DEPLOY, { cwd: project, env: env() });
    expect(document.result, stderr).toMatchObject({ action: 'unchanged', artifacts: [{ built: false, published: false }] });
    expect(stderr).not.toContain('build started');
  });

  it('gives the new answer after a change', async () => {
    writeBootstrap(project, 'changed');
    const { document, stderr } = await workspace.json(DEPLOY, { cwd: project, env: env() });
    expect(document.result?.action, stderr).toBe('updated');
    expect(await (await fetch(document.result.outputs.Url as string)).text()).toBe('changed');
  });

  it('shows the last lines of a build that fails', async () => {
    writeFileSync(join(project, 'Dockerfile'), 'FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo the reason; exit 7"]\n');
    const { code, stderr } = await workspace.run(DEPLOY, { cwd: project, env: env() });
    expect(code).toBe(1);
    const error = stderr.slice(stderr.indexOf('Error BUILD_FAILED'));
    expect(error).toMatch(/exit status 7/);
    expect(error).toContain('the reason');
  });

  it('goes away', async () => {
    const { code, stderr } = await workspace.run(['delete-serverless', 'Pod', '--local'], { env: env() });
    expect(code, stderr).toBe(0);
  });
});
