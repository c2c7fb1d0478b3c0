import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetLayerVersionCommand,
  GetPolicyCommand,
  AddPermissionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListLayerVersionsCommand,
  ListVersionsByFunctionCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  TagResourceCommand,
  ListTagsCommand,
  DeleteLayerVersionCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeZip } from '../functions/support/host.ts';
import { hasCommand } from '../support/commands.ts';
import { ROLE, startTestTarget, type TestTarget } from './support/target.ts';

const run = promisify(execFile);
let target: TestTarget;
let client: LambdaClient;
beforeAll(async () => {
  target = await startTestTarget();
  client = new LambdaClient({ ...target.client, maxAttempts: 1 });
});
afterAll(async () => {
  client.destroy();
  await target.close();
});

async function zipOf(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const path = join(target.folder, 'upload.zip');
  await writeZip(path, files);
  return await readFile(path);
}

async function createNode(name: string, code: string, more: object = {}): Promise<void> {
  const ZipFile = await zipOf({ 'index.js': code });
  await client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: ROLE,
      Code: { ZipFile },
      ...more,
    }),
  );
}

async function invoke(name: string, event: unknown = {}, more: object = {}) {
  const answer = await client.send(new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(event)), ...more }));
  return { ...answer, value: JSON.parse(Buffer.from(answer.Payload ?? []).toString() || 'null') as unknown };
}

describe('functions', () => {
  it('are created, invoked, changed and deleted by an SDK client', async () => {
    await createNode('life', 'exports.handler = async (event) => ({ hello: event.name, v: process.env.VV });', {
      Environment: { Variables: { VV: '1' } },
    });
    expect((await invoke('life', { name: 'you' })).value).toEqual({ hello: 'you', v: '1' });
    await client.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: 'life', Environment: { Variables: { VV: '2' } }, Timeout: 9 }),
    );
    expect((await invoke('life', { name: 'you' })).value).toEqual({ hello: 'you', v: '2' });
    await client.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'life', ZipFile: await zipOf({ 'index.js': 'exports.handler = async () => "new";' }) }),
    );
    expect((await invoke('life')).value).toBe('new');
    const { Configuration, Code } = await client.send(new GetFunctionCommand({ FunctionName: 'life' }));
    expect(Configuration).toMatchObject({
      State: 'Active',
      LastUpdateStatus: 'Successful',
      Timeout: 9,
      MemorySize: 128,
      PackageType: 'Zip',
    });
    expect(Code?.RepositoryType).toBe('S3');
    await client.send(new DeleteFunctionCommand({ FunctionName: 'life' }));
    await expect(invoke('life')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: expect.stringContaining('Function not found: arn:aws:lambda:eu-central-1:000000000000:function:life'),
    });
  });

  const refusals: readonly (readonly [string, object, string, RegExp])[] = [
    ['a role that is missing', { Role: undefined }, 'ValidationException', /role/],
    ['a timeout of an hour', { Timeout: 3600 }, 'ValidationException', /timeout.*less than or equal to 900/],
    ['a name with a space', { FunctionName: 'a b' }, 'ValidationException', /regular expression/],
    [
      'reserved variables',
      { Environment: { Variables: { AWS_REGION: 'x' } } },
      'InvalidParameterValueException',
      /reserved keys.*AWS_REGION/,
    ],
    ['too large an environment', { Environment: { Variables: { AA: 'x'.repeat(5000) } } }, 'InvalidParameterValueException', /4KB/],
    [
      'a layer that does not exist',
      { Layers: ['arn:aws:lambda:eu-central-1:000000000000:layer:none:1'] },
      'InvalidParameterValueException',
      /does not exist/,
    ],
    [
      'a zip that is none',
      { Code: { ZipFile: Buffer.from('nonsense') } },
      'InvalidParameterValueException',
      /Could not unzip uploaded file/,
    ],
    [
      'an object that is missing',
      { Code: { S3Bucket: 'code', S3Key: 'nowhere.zip' } },
      'InvalidParameterValueException',
      /^Error occurred while GetObject\. S3 Error Code: NoSuchKey\. S3 Error Message: The specified key does not exist\.$/,
    ],
    ['a bucket that is missing', { Code: { S3Bucket: 'other', S3Key: 'x' } }, 'InvalidParameterValueException', /NoSuchBucket/],
    [
      'an image that is missing',
      { PackageType: 'Image', Runtime: undefined, Handler: undefined, Code: { ImageUri: '127.0.0.1:9/shop:1' } },
      'InvalidParameterValueException',
      /Source image 127\.0\.0\.1:9\/shop:1 does not exist/,
    ],
    [
      'an image with a handler',
      { PackageType: 'Image', Code: { ImageUri: '127.0.0.1:9/shop:1' } },
      'InvalidParameterValueException',
      /Please don't provide Handler or Runtime/,
    ],
  ];
  it.each(refusals)('refuse %s', async (_name, change, name, message) => {
    const base = {
      FunctionName: 'refused',
      Runtime: 'nodejs22.x' as const,
      Handler: 'index.handler',
      Role: ROLE,
      Code: { ZipFile: await zipOf({ 'index.js': '' }) },
    };
    const error = await client.send(new CreateFunctionCommand({ ...base, ...change })).catch((caught: Error) => caught);
    expect((error as Error).name).toMatch(new RegExp(`^(?:${name})$`));
    expect((error as Error).message).toMatch(message);
  });

  it('refuse a name that is taken', async () => {
    await createNode('taken', '');
    await expect(createNode('taken', '')).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: 'Function already exist: taken',
    });
  });

  it('are listed in pages', async () => {
    const names = ['page-a', 'page-b', 'page-c'];
    await Promise.all(names.map((name) => createNode(name, '')));
    const found: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await client.send(new ListFunctionsCommand({ MaxItems: 2, Marker }));
      found.push(...(page.Functions ?? []).map(({ FunctionName = '' }) => FunctionName));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    expect(found).toEqual(expect.arrayContaining(names));
    expect(new Set(found).size).toBe(found.length);
  });

  it('run from an object in S3, which may go away afterwards', async () => {
    const Code = await target.upload('code.zip', { 'index.js': 'exports.handler = async () => "from s3";' });
    await client.send(new CreateFunctionCommand({ FunctionName: 's3', Runtime: 'nodejs22.x', Handler: 'index.handler', Role: ROLE, Code }));
    expect((await invoke('s3')).value).toBe('from s3');
  });
});

describe('invoking', () => {
  beforeAll(() =>
    createNode(
      'calls',
      'exports.handler = async (event, context) => { console.log("seen", event); if (event.fail) throw new Error("no"); return { event, version: context.functionVersion, arn: context.invokedFunctionArn }; };',
      { Timeout: 5 },
    ),
  );

  it('gives the log tail when it is asked for', async () => {
    const { ExecutedVersion, LogResult, StatusCode } = await invoke('calls', { a: 1 }, { LogType: 'Tail' });
    expect({ ExecutedVersion, StatusCode }).toEqual({ ExecutedVersion: '$LATEST', StatusCode: 200 });
    const tail = Buffer.from(LogResult ?? '', 'base64').toString();
    expect(tail).toMatch(/^START RequestId: /);
    expect(tail).toContain('seen { a: 1 }');
  });

  it('tells of an error of the function', async () => {
    const { FunctionError, value } = await invoke('calls', { fail: true });
    expect(FunctionError).toBe('Unhandled');
    expect(value).toMatchObject({ errorType: 'Error', errorMessage: 'no' });
  });

  it('takes ARNs and partial ARNs', async () => {
    const arn = 'arn:aws:lambda:eu-central-1:000000000000:function:calls';
    for (const name of [arn, `${arn}:$LATEST`, '000000000000:function:calls']) {
      expect((await invoke(name)).value).toMatchObject({ version: '$LATEST' });
    }
  });

  it('does nothing for a dry run', async () => {
    expect((await invoke('calls', {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
  });

  it('refuses an event that is no JSON, and one that is too large', async () => {
    const Payload = Buffer.from('{oops');
    await expect(client.send(new InvokeCommand({ FunctionName: 'calls', Payload }))).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    });
    await expect(invoke('calls', 'x'.repeat(6 * 1024 * 1024 + 10))).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });

  it('tries an asynchronous event three times', async () => {
    const path = join(target.folder, 'attempts');
    await createNode(
      'async',
      `exports.handler = async () => { require('fs').appendFileSync(${JSON.stringify(path)}, 'x'); throw new Error('again'); };`,
    );
    expect((await invoke('async', {}, { InvocationType: 'Event' })).StatusCode).toBe(202);
    await expect.poll(() => readFile(path, 'utf8').catch(() => ''), { timeout: 60_000 }).toBe('xxx');
    await expect.poll(() => target.log.join('\n'), { timeout: 60_000 }).toContain('failed for the last time (attempt 3)');
  });

  it('throttles at the reserved concurrency', async () => {
    await createNode('narrow', 'exports.handler = () => new Promise((r) => setTimeout(r, 400));');
    await client.send(new PutFunctionConcurrencyCommand({ FunctionName: 'narrow', ReservedConcurrentExecutions: 0 }));
    await expect(invoke('narrow')).rejects.toMatchObject({ name: 'TooManyRequestsException', $metadata: { httpStatusCode: 429 } });
  });

  it('streams', async () => {
    await createNode(
      'streams',
      'exports.handler = awslambda.streamifyResponse(async (e, s) => { s.write("a"); await new Promise((r) => setTimeout(r, 50)); s.write("b"); if (e.fail) throw new Error("x"); s.end(); });',
    );
    const collect = async (event: object) => {
      const { EventStream = [] } = await client.send(
        new InvokeWithResponseStreamCommand({ FunctionName: 'streams', Payload: Buffer.from(JSON.stringify(event)) }),
      );
      let text = '';
      let end;
      for await (const part of EventStream) {
        text += Buffer.from(part.PayloadChunk?.Payload ?? []).toString();
        end = part.InvokeComplete ?? end;
      }
      return { text, error: end?.ErrorCode };
    };
    expect(await collect({})).toEqual({ text: 'ab', error: undefined });
    expect(await collect({ fail: true })).toEqual({ text: 'ab', error: 'Error' });
  });
});

describe('versions, aliases, layers, policies and tags', () => {
  it('keep a version as it was when the function changes', async () => {
    await createNode('versions', 'exports.handler = async (e, c) => [1, c.functionVersion];');
    expect((await client.send(new PublishVersionCommand({ FunctionName: 'versions' }))).Version).toBe('1');
    expect((await client.send(new PublishVersionCommand({ FunctionName: 'versions' }))).Version).toBe('1');
    await client.send(new CreateAliasCommand({ FunctionName: 'versions', Name: 'live', FunctionVersion: '1' }));
    await client.send(
      new UpdateFunctionCodeCommand({
        FunctionName: 'versions',
        ZipFile: await zipOf({ 'index.js': 'exports.handler = async (e, c) => [2, c.functionVersion];' }),
        Publish: true,
      }),
    );
    expect((await invoke('versions:live')).value).toEqual([1, '1']);
    expect((await invoke('versions')).value).toEqual([2, '$LATEST']);
    await client.send(new UpdateAliasCommand({ FunctionName: 'versions', Name: 'live', FunctionVersion: '2' }));
    expect((await invoke('versions', {}, { Qualifier: 'live' })).value).toEqual([2, '2']);
    const { Versions } = await client.send(new ListVersionsByFunctionCommand({ FunctionName: 'versions' }));
    expect(Versions?.map(({ Version }) => Version)).toEqual(['$LATEST', '1', '2']);
  });

  it('let a function use a layer, even after the layer is deleted', async () => {
    const ZipFile = await zipOf({ 'nodejs/node_modules/words/index.js': 'module.exports = "layered";' });
    const layer = await client.send(
      new PublishLayerVersionCommand({ LayerName: 'words', Content: { ZipFile }, CompatibleRuntimes: ['nodejs22.x'] }),
    );
    await createNode('layered', 'exports.handler = async () => require("words");', { Layers: [layer.LayerVersionArn] });
    expect((await client.send(new GetLayerVersionCommand({ LayerName: 'words', VersionNumber: 1 }))).CompatibleRuntimes).toEqual([
      'nodejs22.x',
    ]);
    await client.send(new DeleteLayerVersionCommand({ LayerName: 'words', VersionNumber: 1 }));
    expect((await client.send(new ListLayerVersionsCommand({ LayerName: 'words' }))).LayerVersions).toEqual([]);
    expect((await invoke('layered')).value).toBe('layered');
  });

  it('hold permissions', async () => {
    await createNode('policy', '');
    const permission = {
      FunctionName: 'policy',
      StatementId: 's1',
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      SourceArn: 'arn:aws:execute-api:eu-central-1:000000000000:abc/*/GET/x',
    };
    await client.send(new AddPermissionCommand(permission));
    await expect(client.send(new AddPermissionCommand(permission))).rejects.toMatchObject({ name: 'ResourceConflictException' });
    const { Policy = '' } = await client.send(new GetPolicyCommand({ FunctionName: 'policy' }));
    expect(JSON.parse(Policy)).toMatchObject({ Statement: [{ Sid: 's1', Principal: { Service: 'apigateway.amazonaws.com' } }] });
    const allowed = (arn: string) => target.lambda.invoker.isAllowed('policy', 'apigateway.amazonaws.com', 'lambda:InvokeFunction', arn);
    expect(allowed('arn:aws:execute-api:eu-central-1:000000000000:abc/Prod/GET/x')).toBe(true);
    expect(allowed('arn:aws:execute-api:eu-central-1:000000000000:abc/Prod/POST/x')).toBe(false);
    await client.send(new RemovePermissionCommand({ FunctionName: 'policy', StatementId: 's1' }));
    await expect(client.send(new GetPolicyCommand({ FunctionName: 'policy' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('hold tags', async () => {
    await createNode('tags', '', { Tags: { a: '1' } });
    const Resource = 'arn:aws:lambda:eu-central-1:000000000000:function:tags';
    await client.send(new TagResourceCommand({ Resource, Tags: { b: '2' } }));
    expect((await client.send(new ListTagsCommand({ Resource }))).Tags).toEqual({ a: '1', b: '2' });
  });
});

describe.skipIf(!hasCommand('aws'))('the aws command', () => {
  it('creates, invokes and deletes a function, and reads its logs', async () => {
    const zip = join(target.folder, 'cli.zip');
    await writeZip(zip, { 'index.js': 'exports.handler = async () => { console.log("hello from the log"); return "cli"; };' });
    const aws = async (...args: string[]) => (await run('aws', args, { env: target.env })).stdout;
    await aws(
      'lambda',
      'create-function',
      '--function-name',
      'cli',
      '--runtime',
      'nodejs22.x',
      '--handler',
      'index.handler',
      '--role',
      ROLE,
      '--zip-file',
      `fileb://${zip}`,
    );
    await aws('lambda', 'wait', 'function-active-v2', '--function-name', 'cli');
    const out = join(target.folder, 'out.json');
    await writeFile(out, '');
    await aws('lambda', 'invoke', '--function-name', 'cli', out);
    expect(await readFile(out, 'utf8')).toBe('"cli"');
    const events = JSON.parse(
      await aws('logs', 'filter-log-events', '--log-group-name', '/aws/lambda/cli', '--filter-pattern', '"hello from"'),
    ) as { events: { message: string }[] };
    expect(events.events.map(({ message }) => message)).toEqual([expect.stringMatching(/\tINFO\thello from the log$/)]);
    const streams = JSON.parse(await aws('logs', 'describe-log-streams', '--log-group-name', '/aws/lambda/cli')) as {
      logStreams: { logStreamName: string }[];
    };
    const stream = streams.logStreams[0]?.logStreamName ?? '';
    const read = JSON.parse(await aws('logs', 'get-log-events', '--log-group-name', '/aws/lambda/cli', '--log-stream-name', stream)) as {
      events: { message: string }[];
    };
    expect(read.events[0]?.message).toMatch(/^START/);
    await aws('iam', 'create-role', '--role-name', 'cli', '--assume-role-policy-document', '{"Version":"2012-10-17"}');
    expect(await aws('iam', 'get-role', '--role-name', 'cli')).toContain('arn:aws:iam::000000000000:role/cli');
    await aws('lambda', 'delete-function', '--function-name', 'cli');
  });
});

describe('a restart', () => {
  it('finds every function again', async () => {
    let own = await startTestTarget();
    await own.create('AWS::Lambda::Function', own.nodeFunction('exports.handler = async () => "again";', { FunctionName: 'again' }));
    own = await own.restart();
    const other = new LambdaClient({ ...own.client, maxAttempts: 1 });
    const { Payload } = await other.send(new InvokeCommand({ FunctionName: 'again' }));
    expect(Buffer.from(Payload ?? []).toString()).toBe('"again"');
    expect((await other.send(new GetFunctionConfigurationCommand({ FunctionName: 'again' }))).Runtime).toBe('nodejs22.x');
    other.destroy();
    await own.close();
  });
});
