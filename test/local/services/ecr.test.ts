import {
  CreateRepositoryCommand,
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  InitiateLayerUploadCommand,
  ListTagsForResourceCommand,
  paginateDescribeRepositories,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcessTarget, startInProcessTarget } from '../support/in-process-target.ts';

let target: InProcessTarget;
let ecr: ECRClient;

beforeAll(async () => {
  target = await startInProcessTarget();
  ecr = new ECRClient(target.clientOptions('eu-west-1'));
});
afterAll(async () => {
  ecr.destroy();
  await target.close();
});

describe('repositories', () => {
  it('are created once, described by name, and deleted', async () => {
    const repositoryName = 'team/service.one';
    const missing = ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }));
    await expect(missing).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
    const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    expect(repository).toMatchObject({
      repositoryUri: `127.0.0.1:${target.port}/${repositoryName}`,
      repositoryArn: `arn:aws:ecr:eu-west-1:000000000000:repository/${repositoryName}`,
      imageTagMutability: 'MUTABLE',
      encryptionConfiguration: { encryptionType: 'AES256' },
    });
    expect(Math.abs((repository?.createdAt?.getTime() ?? 0) - Date.now())).toBeLessThan(10_000);
    await expect(ecr.send(new CreateRepositoryCommand({ repositoryName }))).rejects.toMatchObject({
      name: 'RepositoryAlreadyExistsException',
    });
    await ecr.send(new DeleteRepositoryCommand({ repositoryName }));
    await expect(ecr.send(new DeleteRepositoryCommand({ repositoryName }))).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
  });

  it('have names that ECR accepts', async () => {
    for (const repositoryName of ['Upper', 'a', '-x', 'x/', 'a//b', 'a__b', 'ä', 'a b']) {
      await expect(ecr.send(new CreateRepositoryCommand({ repositoryName })), repositoryName).rejects.toMatchObject({
        name: 'InvalidParameterException',
      });
    }
  });

  it('keep their settings and give them back', async () => {
    const repositoryName = 'settings';
    const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName, tags: [{ Key: 'a', Value: '1' }] }));
    const resourceArn = repository?.repositoryArn;
    await ecr.send(new TagResourceCommand({ resourceArn, tags: [{ Key: 'b', Value: '2' }] }));
    await ecr.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
    expect((await ecr.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([{ Key: 'b', Value: '2' }]);
    await ecr.send(new PutImageScanningConfigurationCommand({ repositoryName, imageScanningConfiguration: { scanOnPush: true } }));
    await ecr.send(new PutImageTagMutabilityCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }));
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: [repositoryName] }));
    expect(repositories).toMatchObject([{ imageTagMutability: 'IMMUTABLE', imageScanningConfiguration: { scanOnPush: true } }]);
    const missing = ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
    await expect(missing).rejects.toMatchObject({ name: 'LifecyclePolicyNotFoundException' });
    const lifecyclePolicyText = '{"rules":[]}';
    await ecr.send(new PutLifecyclePolicyCommand({ repositoryName, lifecyclePolicyText }));
    expect((await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }))).lifecyclePolicyText).toBe(lifecyclePolicyText);
    await ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName }));
    const broken = ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: '{' }));
    await expect(broken).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText: '{"Statement":[]}' }));
    expect((await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }))).policyText).toBe('{"Statement":[]}');
  });

  it('are listed over pages', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `paged/${index}`);
    for (const repositoryName of names) await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const seen: (string | undefined)[] = [];
    for await (const page of paginateDescribeRepositories({ client: ecr, pageSize: 2 }, {})) {
      seen.push(...(page.repositories ?? []).map((repository) => repository.repositoryName));
    }
    expect(seen).toEqual(expect.arrayContaining(names));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('do not take layers through the API calls', async () => {
    await expect(ecr.send(new InitiateLayerUploadCommand({ repositoryName: 'settings' }))).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('ecr:InitiateLayerUpload') as string,
      $metadata: { httpStatusCode: 501 },
    });
  });
});
