import { join } from 'node:path';
import { PutImageCommand, BatchGetImageCommand, DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeBootstrap, writeImageProject } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const why = engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : undefined;
if (why !== undefined) console.log(`Recorded deployments of images are not tested: ${why}`);

// Nothing in the templates of images leads to a bucket: it is named for deployments.
const BUCKET = 'image-records';

describe.skipIf(why !== undefined)('recorded deployments of images', () => {
  let workspace: Workspace;
  let project: string;
  let ecr: ECRClient;
  const repository = uniqueName('it-records');
  const json = (...args: string[]) => workspace.json([...args, '-sb', BUCKET, '--local'], { cwd: project });
  const deploy = (stack: string) => json('deploy-serverless', '-sn', stack);
  const digests = async (): Promise<string[]> => {
    const answer = await ecr.send(new DescribeImagesCommand({ repositoryName: repository }));
    return (answer.imageDetails ?? []).map(({ imageDigest = '' }) => imageDigest);
  };
  /** Gives an image one more tag, as other tools do. */
  const tag = async (digest: string, imageTag: string) => {
    const { images = [] } = await ecr.send(new BatchGetImageCommand({ repositoryName: repository, imageIds: [{ imageDigest: digest }] }));
    const [image] = images;
    await ecr.send(
      new PutImageCommand({
        repositoryName: repository,
        imageManifest: image?.imageManifest,
        imageManifestMediaType: image?.imageManifestMediaType,
        imageTag,
      }),
    );
  };
  let built: string[] = [];

  beforeAll(async () => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'img');
    writeImageProject(project, repository);
    await workspace.json(['local', 'start']);
    const { document } = await workspace.json(['local', 'env']);
    const env = document.result as Record<string, string>;
    ecr = new ECRClient({
      region: 'us-east-1',
      endpoint: env['AWS_ENDPOINT_URL'] ?? '',
      credentials: { accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '' },
    });
  });
  afterAll(async () => {
    workspace.close();
    await engine?.removeTag(`${repository}:latest`);
  });

  it('are gone back to without an engine', async () => {
    for (const text of ['one', 'two', 'three']) {
      writeBootstrap(project, text);
      const { document, stderr } = await deploy('Img');
      expect(document.ok, stderr).toBe(true);
      built.push(document.result.artifacts[0].digest as string);
    }
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const { document, stderr } = await workspace.json(['rollback-serverless', 'Img', '--local'], { cwd: project, env });
    expect(document.result, stderr).toMatchObject({ action: 'rolled-back' });
    expect(await (await fetch(document.result.outputs.Url as string)).text()).toBe('two');
  }, 180_000);

  it('leave what others refer to, and say so', async () => {
    const [one = '', two = '', three = ''] = built;
    await tag(one, 'release');
    // A signature, as cosign names it.
    await tag(two, `${three.replace(':', '-')}.sig`);
    const dry = await json('gc', '--older-than', '0', '--dry-run', '--keep-deployments', '1');
    expect(dry.document.result.unused.filter(({ kind }: { kind: string }) => kind === 'image')).toEqual([]);
    expect(dry.document.result.kept.map(({ reason: text }: { reason: string }) => text).toSorted()).toEqual([
      'it is tagged release as well',
      expect.stringMatching(/^sha256-.*\.sig refers to it$/),
    ]);
    const { document } = await json('delete-serverless', 'Img');
    expect(document.result.artifacts.kept.map(({ location }: { location: string }) => location.split('@')[1]).toSorted()).toEqual(
      built.toSorted(),
    );
    expect((await digests()).toSorted()).toEqual(built.toSorted());
  });

  it('go with the last stack that uses them', async () => {
    writeBootstrap(project, 'four');
    const first = await deploy('Left');
    await deploy('Right');
    const four = first.document.result.artifacts[0].digest as string;
    const kept = await json('delete-serverless', 'Left');
    expect(kept.document.result.artifacts).toEqual({
      removed: [],
      kept: [{ location: expect.stringContaining(four), reason: 'stack Right uses it' }],
    });
    const { document } = await json('delete-serverless', 'Right');
    expect(document.result.artifacts).toEqual({ removed: [expect.stringContaining(four)], kept: [] });
    expect(await digests()).not.toContain(four);
  });
});
