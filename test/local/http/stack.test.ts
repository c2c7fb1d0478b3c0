import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe as suite, expect, it } from 'vitest';
import { type AssembledAws, assembleLocalAws } from '../../../src/local/assemble.ts';
import { findSecrets } from '../../../src/local/credentials.ts';
import { listenOnLoopback } from '../../../src/local/server.ts';
import { writeZip } from '../functions/support/host.ts';
import { hasCommand } from '../support/commands.ts';
import { call } from './support.ts';

const run = promisify(execFile);

interface Stack {
  readonly StackStatus: string;
  readonly Outputs: readonly { readonly OutputKey: string; readonly OutputValue: string }[];
}

/** The whole target, driven by the aws command alone. */
suite.skipIf(!hasCommand('aws'))('a serverless stack', () => {
  let folder: string;
  let assembled: AssembledAws;
  let env: Record<string, string>;
  const log: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'local-stack-'));
    const server = await listenOnLoopback(0);
    assembled = await assembleLocalAws({ folder, server, version: 'test', log: (line) => void log.push(line), onStop: () => undefined });
    const secrets = findSecrets(folder);
    env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: secrets?.accessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: secrets?.secretAccessKey ?? '',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  });
  afterAll(async () => {
    await assembled.close();
    await rm(folder, { recursive: true, force: true });
  });
  const aws = async (...args: string[]) => (await run('aws', args, { env, cwd: folder })).stdout;

  const template = (key: string) => ({
    AWSTemplateFormatVersion: '2010-09-09',
    Transform: 'AWS::Serverless-2016-10-31',
    Resources: {
      Shop: {
        Type: 'AWS::Serverless::Function',
        Properties: {
          CodeUri: { Bucket: 'stack-code', Key: key },
          Handler: 'index.handler',
          Runtime: 'nodejs22.x',
          Environment: { Variables: { TABLE: { Ref: 'AWS::StackName' } } },
          FunctionUrlConfig: { AuthType: 'NONE' },
          Events: {
            Rest: { Type: 'Api', Properties: { Path: '/items/{id}', Method: 'get' } },
            Http: { Type: 'HttpApi', Properties: { Path: '/http/{proxy+}', Method: 'any' } },
          },
        },
      },
    },
    Outputs: {
      Rest: { Value: { 'Fn::Sub': 'https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/' } },
      Http: { Value: { 'Fn::Sub': 'https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/' } },
      Url: { Value: { 'Fn::GetAtt': 'ShopUrl.FunctionUrl' } },
    },
  });

  it('answers on all its addresses, changes and goes', async () => {
    const code = `exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify({ v: 1, id: event.pathParameters?.id ?? event.rawPath, table: process.env.TABLE, endpoint: process.env.AWS_ENDPOINT_URL }) });`;
    await aws('s3', 'mb', 's3://stack-code');
    const describe = async () =>
      (JSON.parse(await aws('cloudformation', 'describe-stacks', '--stack-name', 'Shop')) as { Stacks: [Stack] }).Stacks[0];
    const put = async (verb: string, key: string, text: string) => {
      await writeZip(join(folder, key), { 'index.js': text });
      await aws('s3', 'cp', key, `s3://stack-code/${key}`);
      await writeFile(join(folder, 'template.json'), JSON.stringify(template(key)));
      const body = [
        '--stack-name',
        'Shop',
        '--template-body',
        'file://template.json',
        '--capabilities',
        'CAPABILITY_IAM',
        'CAPABILITY_AUTO_EXPAND',
      ];
      await aws('cloudformation', verb, ...body);
      let stack: Stack | undefined;
      await expect
        .poll(async () => (stack = await describe()).StackStatus, { timeout: 30_000, interval: 200 })
        .toMatch(/^(?:CREATE|UPDATE)_COMPLETE$/);
      return Object.fromEntries(stack?.Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]) ?? []);
    };
    const outputs = await put('create-stack', 'one.zip', code);
    expect((await call(`${outputs['Rest']}items/7`)).json).toEqual({ v: 1, id: '7', table: 'Shop', endpoint: env['AWS_ENDPOINT_URL'] });
    expect((await call(`${outputs['Http']}http/a/b`)).json).toMatchObject({ id: '/http/a/b' });
    expect((await call(String(outputs['Url']))).json).toMatchObject({ id: '/' });
    const again = await put('update-stack', 'two.zip', code.replace('v: 1', 'v: 2'));
    expect(again).toEqual(outputs);
    expect((await call(`${outputs['Rest']}items/7`)).json).toMatchObject({ v: 2 });
    await aws('cloudformation', 'delete-stack', '--stack-name', 'Shop');
    await expect
      .poll(() => call(String(outputs['Url'])).catch((error: Error) => error.message), { timeout: 20_000 })
      .toContain('ECONNREFUSED');
    await expect.poll(() => aws('lambda', 'list-functions'), { timeout: 20_000 }).toMatch(/"Functions": \[\]/);
  });
});
