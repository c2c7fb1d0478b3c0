import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';

let workspace: Workspace;
let client: CloudFormationClient;
/** What a client of a region is made with. */
let settings: (region: string) => { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
let cwd: string;

const CHILD = `
Resources:
  Topic: { Type: AWS::SNS::Topic }
  Policy: { Type: AWS::SNS::TopicPolicy, Properties: { Topics: [!Ref Topic], PolicyDocument: {} } }
`;
const TEMPLATE = `
Transform: AWS::Serverless-2016-10-31
Description: Everything that can be shown
Parameters: { Stage: { Type: String, Default: dev }, Secret: { Type: String, NoEcho: true } }
Resources:
  ApiFunction:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      CodeUri: ./src
      Timeout: 10
      FunctionUrlConfig: { AuthType: NONE }
      Events:
        Proxy: { Type: Api, Properties: { Path: '/{p+}', Method: any } }
        Get: { Type: HttpApi, Properties: { Path: /x, Method: get } }
  Child: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: child.yaml } }
Outputs:
  RestURL: { Value: !Sub 'https://\${ServerlessRestApi}.execute-api.\${AWS::Region}.amazonaws.com/Prod/', Export: { Name: rest } }
`;

beforeAll(async () => {
  workspace = openWorkspace();
  cwd = join(workspace.folder, 'app');
  mkdirSync(join(cwd, 'src'), { recursive: true });
  writeFileSync(join(cwd, 'serverless.template'), TEMPLATE);
  writeFileSync(join(cwd, 'child.yaml'), CHILD);
  writeFileSync(join(cwd, 'src', 'index.js'), "exports.handler = async () => ({ statusCode: 200, body: 'hello' });\n");
  const { document } = await workspace.json(['local', 'start']);
  const { document: env } = await workspace.json(['local', 'env']);
  settings = (region) => ({
    endpoint: document.result.endpoint as string,
    region,
    credentials: { accessKeyId: env.result.AWS_ACCESS_KEY_ID as string, secretAccessKey: env.result.AWS_SECRET_ACCESS_KEY as string },
  });
  client = new CloudFormationClient(settings('us-east-1'));
  const deployed = await workspace.json(
    ['deploy-serverless', '-sn', 'Shop', '-sb', 'inventory-bucket', '--local', '-tp', 'Secret=very-hidden', '--tags', 'team=shop'],
    { cwd },
  );
  expect(deployed.code, deployed.stderr).toBe(0);
});
afterAll(() => {
  client.destroy();
  workspace.close();
});

describe('describe-serverless', () => {
  const describeShop = (...args: string[]) => workspace.json(['describe-serverless', 'Shop', '--local', ...args]);

  it('tells state, outputs, parameters and settings, and no secret', async () => {
    const { code, document, stdout, stderr } = await describeShop();
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({
      stackName: 'Shop',
      region: 'us-east-1',
      status: 'CREATE_COMPLETE',
      meaning: 'is up',
      description: 'Everything that can be shown',
      lastOperation: { type: 'create', outcome: 'succeeded' },
      lastDeployment: { by: expect.stringContaining('000000000000') as string, outcome: 'succeeded' },
      exports: { rest: 'RestURL' },
      parameters: { Stage: 'dev', Secret: '****' },
      tags: { team: 'shop', AWSServerlessAppNETCore: 'true' },
      terminationProtection: false,
      driftStatus: 'NOT_CHECKED',
    });
    expect(document.result.capabilities).toContain('CAPABILITY_IAM');
    expect(Number.isNaN(Date.parse(document.result.createdAt as string))).toBe(false);
    expect(stdout).not.toContain('very-hidden');
  });

  it('tells addresses that answer on this machine, and which output tells them already', async () => {
    const { document } = await describeShop();
    const endpoints = document.result.endpoints as { resource: string; kind: string; url: string; outputs: string[] }[];
    expect(endpoints.map(({ kind, outputs, resource }) => [resource, kind, outputs])).toEqual([
      ['ApiFunctionUrl', 'function-url', []],
      ['ServerlessHttpApiApiGatewayDefaultStage', 'http-api', []],
      ['ServerlessRestApiProdStage', 'rest-api', ['RestURL']],
    ]);
    expect(endpoints[2]?.url).toBe(document.result.outputs.RestURL);
    for (const { url } of endpoints) {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
      const answer = await fetch(url.endsWith('Prod/') ? `${url}any` : `${url}x`);
      expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
    }
  });

  it('has the resources as a tree, nested stacks inside', async () => {
    const { document } = await describeShop();
    const resources = document.result.resources as { path: string; owner?: string }[];
    const owners = Object.fromEntries(resources.map(({ path, owner }) => [path, owner]));
    expect(owners).toMatchObject({
      ApiFunctionRole: 'ApiFunction',
      ApiFunctionUrl: 'ApiFunction',
      ServerlessRestApi: 'ApiFunction',
      ServerlessRestApiProdStage: 'ServerlessRestApi',
      'Child/Topic': 'Child',
      'Child/Policy': 'Child/Topic',
    });
    expect(owners['ApiFunction']).toBeUndefined();
    const { stdout } = await workspace.run(['describe-serverless', 'Shop', '--local']);
    expect(stdout).toMatch(/^Shop is up · CREATE_COMPLETE · created (just now|\d+ minutes? ago) by \S+@000000000000.* · us-east-1\n/);
    expect(stdout).toMatch(/^├ ApiFunctionRole +IAM role +Shop-ApiFunctionRole-\w+/m);
    expect(stdout).toMatch(
      /^Child +CloudFormation stack +Shop-Child-\w+\n└ Child\/Topic +SNS topic .*\n {2}└ Child\/Policy +SNS topic policy/m,
    );
    expect(stdout).toMatch(/^Secret +\*\*\*\*$/m);
    expect(stdout).toMatch(/^ApiFunctionUrl \(function URL\) +http:\/\/127/m);
    expect(stdout).not.toMatch(/^ServerlessRestApiProdStage \(REST API\)/m);
  });

  it('takes the calls that its page states', async () => {
    const { stderr } = await workspace.run(['describe-serverless', 'Shop', '--local', '--verbose']);
    const calls = stderr.split('\n').flatMap((line) => /^(?:STS|CloudFormation|Lambda|S3) (\S+) .*\d{3} \d+ ms$/.exec(line)?.[1] ?? []);
    const ofStacks = calls.filter((call) => /^(DescribeStacks|GetTemplate|ListStackResources)$/.test(call));
    expect(ofStacks.toSorted()).toEqual(['DescribeStacks', 'GetTemplate', 'GetTemplate', 'ListStackResources', 'ListStackResources']);
    expect(calls.length).toBeLessThanOrEqual(9);
  });

  it('tells with --drift what was changed outside of the stack', async () => {
    const before = await describeShop('--drift');
    expect(before.document.result, before.stderr).toMatchObject({ driftStatus: 'IN_SYNC', drift: { resources: [] } });
    const resources = before.document.result.resources as { path: string; physicalId: string }[];
    const lambda = new LambdaClient(settings('us-east-1'));
    const FunctionName = resources.find(({ path }) => path === 'ApiFunction')?.physicalId;
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 20 }));
    const after = await describeShop('--drift');
    expect(after.document.result).toMatchObject({
      driftStatus: 'DRIFTED',
      drift: {
        resources: [{ resource: 'ApiFunction', status: 'MODIFIED', differences: [{ path: '/Timeout', expected: '10', actual: '20' }] }],
      },
    });
    const { stdout } = await workspace.run(['describe-serverless', 'Shop', '--local', '--drift']);
    expect(stdout).toMatch(
      /^1 resource differs from the template:\n {2}~ {2}ApiFunction {2}Lambda function .*\n {7}\/Timeout {2}10 → 20$/m,
    );
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 10 }));
    lambda.destroy();
  });

  it('takes an ARN, and a stack that is not there is a failure with the nearest name', async () => {
    const { document } = await describeShop();
    const byArn = await workspace.json(['describe-serverless', '-sn', document.result.stackId as string, '--local']);
    expect(byArn.document.result.stackName).toBe('Shop');
    const missing = await workspace.json(['describe-serverless', 'Shp', '--local']);
    expect(missing.code).toBe(1);
    expect(missing.document).toMatchObject({
      error: { code: 'STACK_NOT_FOUND', hint: 'Did you mean Shop?' },
      result: { stackName: 'Shp' },
    });
    const unlike = await workspace.json(['describe-serverless', 'Nothing-like-it', '--local']);
    expect(unlike.document.error?.hint).toContain('list-serverless --all');
    expect((await workspace.json(['describe-serverless'])).code).toBe(2);
  });

  it('tells a stack in a bad state with its reason', async () => {
    const TemplateBody = JSON.stringify({ Resources: { A: { Type: 'LocalTarget::Test::Probe', Properties: { FailOn: 'create' } } } });
    await client.send(new CreateStackCommand({ StackName: 'Broken', TemplateBody, DisableRollback: true }));
    const look = async () => (await workspace.json(['describe-serverless', 'Broken', '--local'])).document.result;
    await expect.poll(async () => (await look()).status as string, { timeout: 60_000 }).toBe('CREATE_FAILED');
    expect(await look()).toMatchObject({
      meaning: 'could not be created and was not rolled back',
      lastOperation: { type: 'create', outcome: 'failed' },
      resources: [{ path: 'A', status: 'CREATE_FAILED', reason: expect.any(String) as string }],
    });
    const drift = await workspace.json(['describe-serverless', 'Broken', '--local', '--drift']);
    expect(drift.document.error).toMatchObject({ code: 'STACK_STATE' });
    const { stdout } = await workspace.run(['describe-serverless', 'Broken', '--local']);
    expect(stdout).toMatch(/^A +LocalTarget Test probe .*CREATE_FAILED: /m);
  });
});

describe('list-serverless', () => {
  it('lists what this tool has deployed, and with --all the rest', async () => {
    const { document } = await workspace.json(['list-serverless', '--local']);
    expect(document.result).toMatchObject({ all: false, stacks: [{ stackName: 'Shop', status: 'CREATE_COMPLETE', ours: true }] });
    expect(document.result.stacks).toHaveLength(1);
    const all = await workspace.json(['list-serverless', '--local', '--all']);
    const names = (all.document.result.stacks as { stackName: string }[]).map(({ stackName }) => stackName);
    expect(names).toEqual(['Broken', 'Shop', expect.stringMatching(/^Shop-Child-/)]);
    expect(all.document.result.stacks[0]).toMatchObject({ ours: false });
    expect(all.document.result.stacks[2].parentId).toBe(document.result.stacks[0].stackId);
    const { stdout } = await workspace.run(['list-serverless', '--local']);
    expect(stdout).toMatch(
      /^Stack +Status +Last change +Description\n[─ ]+\nShop +CREATE_COMPLETE +(just now|\d+ minutes? ago) +Everything that can be shown\n$/,
    );
  });

  it('says so when there is nothing, and what --all would show', async () => {
    const region = ['--region', 'eu-north-1'];
    const none = await workspace.run(['list-serverless', '--local', ...region]);
    expect(none).toMatchObject({ code: 0, stdout: 'There are no stacks in eu-north-1.\n' });
    expect((await workspace.json(['list-serverless', '--local', ...region])).document.result.stacks).toEqual([]);
  });

  it('reads every page of several hundred stacks', async () => {
    const elsewhere = new CloudFormationClient(settings('eu-west-3'));
    const TemplateBody = JSON.stringify({ Resources: { A: { Type: 'LocalTarget::Test::Probe' } } });
    const Tags = [{ Key: 'AWSServerlessAppNETCore', Value: '' }];
    const count = 320;
    for (let from = 0; from < count; from += 20) {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const tags = (from + index) % 2 === 0 ? { Tags } : {};
          return elsewhere.send(new CreateStackCommand({ StackName: `Many${from + index}`, TemplateBody, ...tags }));
        }),
      );
    }
    elsewhere.destroy();
    const names = async (...args: string[]) =>
      (
        (await workspace.json(['list-serverless', '--local', '--region', 'eu-west-3', ...args])).document.result.stacks as {
          stackName: string;
        }[]
      ).map(({ stackName }) => stackName);
    const ours = await names();
    expect(ours).toHaveLength(count / 2);
    expect(ours).toEqual(ours.toSorted((one, other) => one.localeCompare(other, 'en')));
    expect(new Set(await names('--all')).size).toBe(count);
  });
});
