import { HttpResponse, type HttpRequest } from '@smithy/core/protocols';
import { beforeEach, describe, expect, it } from 'vitest';

import { createImageRepositories } from '../../src/clients/ecr.ts';
import { placeOfRepository } from '../../src/clients/ecr-place.ts';

const FOREIGN = '111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/app';

describe('repositories of other accounts and regions', () => {
  let asked: { host: string; action: string; body: Record<string, unknown> }[] = [];
  let denied: string[] = [];
  beforeEach(() => ([asked, denied] = [[], []]));

  /** AWS as the SDK sees it: answers by the host that is asked. */
  const answer = (
    host: string,
    action: string,
    body: { repositoryName?: string; repositoryNames?: string[]; registryId?: string },
  ): object => {
    const region = host.split('.').at(-3) ?? '';
    const registry = `${body.registryId ?? '999999999999'}.dkr.ecr.${region}.amazonaws.com`;
    const name = body.repositoryName ?? body.repositoryNames?.[0] ?? '';
    if (action === 'GetAuthorizationToken') {
      const authorizationToken = Buffer.from(`AWS:token of ${region}`).toString('base64');
      return { authorizationData: [{ authorizationToken, proxyEndpoint: `https://${registry}` }] };
    }
    if (action === 'DescribeImages') return { imageDetails: [{ imageDigest: 'sha256:1' }] };
    const repository = { repositoryName: name, repositoryUri: `${registry}/${name}` };
    return action === 'CreateRepository' ? { repository } : { repositories: [repository] };
  };
  const requestHandler = {
    handle(request: HttpRequest): Promise<{ response: HttpResponse }> {
      const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      const body = JSON.parse(Buffer.from(request.body as Uint8Array).toString()) as Record<string, unknown>;
      asked.push({ host: request.hostname, action, body });
      const isDenied = denied.includes(action);
      const text = JSON.stringify(isDenied ? { __type: 'AccessDeniedException', message: 'no' } : answer(request.hostname, action, body));
      const bytes = new Uint8Array(Buffer.from(text));
      const stream = new ReadableStream({ start: (to) => (to.enqueue(bytes), to.close()) });
      return Promise.resolve({
        response: new HttpResponse({
          statusCode: isDenied ? 400 : 200,
          headers: { 'content-type': 'application/x-amz-json-1.1' },
          body: stream,
        }),
      });
    },
  };
  const repositories = (endpoint?: string) =>
    createImageRepositories({
      region: 'eu-west-1',
      credentials: () => Promise.resolve({ accessKeyId: 'A', secretAccessKey: 'B' }),
      requestHandler,
      maxAttempts: 1,
      retryMode: 'standard',
      customUserAgent: [],
      ...(endpoint === undefined ? {} : { endpoint }),
    });

  it('are asked of their own account and region when they are named in full', async () => {
    const ecr = await repositories();
    expect(await ecr.findRepository(FOREIGN)).toMatchObject({ name: FOREIGN, uri: FOREIGN });
    expect(await ecr.findImage(FOREIGN, 'v1')).toMatchObject({ digest: 'sha256:1' });
    expect(await ecr.createRepository(FOREIGN)).toMatchObject({ uri: FOREIGN });
    for (const { host, body } of asked) {
      expect(host).toBe('api.ecr.eu-central-1.amazonaws.com');
      expect(body).toMatchObject({ registryId: '111122223333' });
      expect(JSON.stringify(body)).toContain('"team/app"');
    }
    asked = [];
    expect(await ecr.findRepository('team/app')).toMatchObject({ uri: '999999999999.dkr.ecr.eu-west-1.amazonaws.com/team/app' });
    expect(asked).toEqual([
      { host: 'api.ecr.eu-west-1.amazonaws.com', action: 'DescribeRepositories', body: { repositoryNames: ['team/app'] } },
    ]);
  });

  it('have a token of their region, asked once', async () => {
    const ecr = await repositories();
    const tokens = await Promise.all([
      ecr.getAuthorization({ repository: FOREIGN }),
      ecr.getAuthorization(),
      ecr.getAuthorization({ repository: FOREIGN }),
    ]);
    expect(tokens.map((token) => token.password())).toEqual(['token of eu-central-1', 'token of eu-west-1', 'token of eu-central-1']);
    expect(asked).toHaveLength(2);
    await ecr.getAuthorization({ repository: FOREIGN, fresh: true });
    expect(asked.map(({ host }) => host.split('.')[2])).toEqual(['eu-central-1', 'eu-west-1', 'eu-central-1']);
  });

  it('are pushed to also where nothing of them may be looked at', async () => {
    denied = ['DescribeRepositories', 'DescribeImages'];
    const ecr = await repositories();
    expect(await ecr.findRepository(FOREIGN)).toMatchObject({ uri: FOREIGN });
    expect(await ecr.findImage(FOREIGN, 'v1')).toBeUndefined();
    await expect(ecr.findRepository('team/app')).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('are those of the endpoint where there is one: it has one registry', async () => {
    const ecr = await repositories('http://127.0.0.1:4577');
    await ecr.findRepository(FOREIGN);
    expect(asked).toEqual([{ host: '127.0.0.1', action: 'DescribeRepositories', body: { repositoryNames: ['team/app'] } }]);
  });

  it.each([
    ['team/app', undefined, undefined],
    ['111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/a', '111122223333', 'us-gov-west-1'],
    ['111122223333.dkr-ecr.eu-west-1.on.aws/a/b', '111122223333', 'eu-west-1'],
    ['111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a', '111122223333', 'cn-north-1'],
    ['public.ecr.aws/a/b', undefined, undefined],
    ['11112222333.dkr.ecr.eu-west-1.amazonaws.com/a', undefined, undefined],
  ])('%s is one of %s in %s', (text, account, region) => {
    const { registry } = placeOfRepository(text);
    expect([registry?.account, registry?.region]).toEqual([account, region]);
  });
});
