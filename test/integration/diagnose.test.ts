import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLogReader } from '../../src/clients/logs.ts';
import { createHttpHandler } from '../../src/clients/http-handler.ts';
import { openWorkspace, type Workspace } from '../support/cli.ts';
import { openHold } from '../support/hold.ts';
import { motoMissing, startMoto } from '../support/moto.ts';

let workspace: Workspace;
let project: string;

const write = (name: string, text: string): void => {
  mkdirSync(join(project, name, '..'), { recursive: true });
  writeFileSync(join(project, name), text);
};
const probe = (properties: object, more: object = {}) => ({ Type: 'LocalTarget::Test::Probe', Properties: properties, ...more });
const template = (resources: object): string => JSON.stringify({ Resources: resources }, null, 2);
const json = (...args: string[]) => workspace.json(args, { cwd: project });
const deploy = (name: string, ...args: string[]) => json('deploy-serverless', '-sn', name, '-sb', 'artifacts', '--local', ...args);

/** Three stacks in each other; the resource at the bottom fails when it is told to. `other` is beside them. */
function writeNested(bottom: object, other: object = {}): void {
  write(
    'serverless.template',
    template({
      Other: probe(other),
      Database: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'middle.json' } },
    }),
  );
  write('middle.json', template({ Inner: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'leaf/bottom.yaml' } } }));
  write(
    'leaf/bottom.yaml',
    `Resources:\n  Good:\n    Type: LocalTarget::Test::Probe\n  Table:\n    Type: LocalTarget::Test::Probe\n    Properties: ${JSON.stringify(bottom)}\n`,
  );
}

beforeAll(async () => {
  workspace = openWorkspace();
  project = join(workspace.folder, 'app');
  mkdirSync(project);
  await json('local', 'start');
});
afterAll(() => workspace.close());

describe('a failure three stacks deep', () => {
  let stackId: string;

  it('is told with the resource, its path and the line in its own file', async () => {
    writeNested({ FailOn: 'create' }, openHold(workspace).in('create'));
    const { document, code } = await deploy('Deep');
    expect(code).toBe(1);
    expect(document.error).toMatchObject({
      code: 'STACK_FAILED',
      details: expect.arrayContaining([
        'Cause   Database/Inner/Table (LocalTarget::Test::Probe), leaf/bottom.yaml:4',
        '        The probe was told to fail on create',
        'Later   1 other resource was cancelled because of this one',
        'More    lambda-tool diagnose Deep --local',
      ]),
    });
    expect(document.result).toMatchObject({
      stackName: 'Deep',
      status: 'ROLLBACK_COMPLETE',
      cause: {
        logicalId: 'Table',
        resourceType: 'LocalTarget::Test::Probe',
        status: 'CREATE_FAILED',
        reason: 'The probe was told to fail on create',
        path: 'Database/Inner/Table',
        place: 'leaf/bottom.yaml:4',
      },
    });
    stackId = document.result.stackId;
  });

  it('is told the same afterwards', async () => {
    const { document, code } = await json('diagnose', 'Deep', '--local');
    expect(code).toBe(0);
    expect(document.result).toMatchObject({
      stackName: 'Deep',
      stackId,
      account: '000000000000',
      status: 'ROLLBACK_COMPLETE',
      healthy: false,
      operation: { kind: 'create', outcome: 'failed' },
      cause: { path: 'Database/Inner/Table', place: 'leaf/bottom.yaml:4' },
      cancelled: 1,
      next: { command: 'lambda-tool deploy-serverless -sn Deep --local' },
    });
    expect(document.result).not.toHaveProperty('consoleUrl');
  });

  it("tells no lines of a template that is another stack's, unless it is named", async () => {
    write('other/serverless.template', template({ Something: probe({}) }));
    const elsewhere = { cwd: join(project, 'other') };
    expect((await workspace.json(['diagnose', 'Deep', '--local'], elsewhere)).document.result.cause).not.toHaveProperty('place');
    const named = await workspace.json(['diagnose', 'Deep', '--local', '-t', '../serverless.template'], elsewhere);
    expect(named.document.result.cause.place).toBe(join(project, 'leaf/bottom.yaml') + ':4');
  });

  it('is still told when the stack is deleted, by name and by ARN', async () => {
    expect((await json('delete-serverless', 'Deep', '--local')).code).toBe(0);
    for (const name of ['Deep', stackId]) {
      const { document, code } = await json('diagnose', name, '--local');
      expect(code).toBe(0);
      expect(document.result).toMatchObject({
        status: 'DELETE_COMPLETE',
        operation: { kind: 'delete', outcome: 'succeeded' },
        earlier: { operation: { kind: 'create' }, cause: { path: 'Database/Inner/Table' } },
      });
    }
  });

  it('is found in an update too, and not in what failed before it', async () => {
    writeNested({ Value: 1 });
    expect((await deploy('Deep')).code).toBe(0);
    writeNested({ FailOn: 'update', Value: 2 });
    const { document } = await deploy('Deep');
    expect(document.result).toMatchObject({
      status: 'UPDATE_ROLLBACK_COMPLETE',
      cause: { path: 'Database/Inner/Table', status: 'UPDATE_FAILED', reason: 'The probe was told to fail on update' },
    });
    const { document: diagnosis } = await json('diagnose', '-sn', 'Deep', '--local');
    expect(diagnosis.result).toMatchObject({
      operation: { kind: 'update', outcome: 'failed' },
      cause: { path: 'Database/Inner/Table', status: 'UPDATE_FAILED' },
    });
  });
});

describe('a diagnosis', () => {
  it('says that a stack is well', async () => {
    write('serverless.template', template({ A: probe({}) }));
    await deploy('Well');
    const { code, stdout } = await workspace.run(['diagnose', 'Well', '--local'], { cwd: project });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Well · CREATE_COMPLETE: is up\n\nLast {4}creation of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, [\d.]+ s: succeeded\nNext {4}There is nothing to mend\n$/,
    );
  });

  it('tells a rollback that failed too apart, and what to skip', async () => {
    write('serverless.template', template({ A: probe({ FailOn: 'update' }) }));
    await deploy('Stuck');
    // A becomes updatable and then cannot go back: its old self refuses updates.
    write('serverless.template', template({ A: probe({ Value: 'x' }), B: probe({ FailOn: 'create' }, { DependsOn: 'A' }) }));
    const { document, stderr } = await deploy('Stuck');
    expect(document.error?.details?.join('\n'), stderr).toContain(
      'rolling back failed too: A (LocalTarget::Test::Probe), serverless.template:3',
    );
    expect(document.result).toMatchObject({
      status: 'UPDATE_ROLLBACK_FAILED',
      cause: { logicalId: 'B' },
      rollbackFailures: [{ logicalId: 'A' }],
    });
    const { document: diagnosis } = await json('diagnose', 'Stuck', '--local');
    expect(diagnosis.result).toMatchObject({
      cause: { logicalId: 'B', place: expect.stringMatching(/^serverless\.template:\d+$/) },
      rollbackFailures: [{ logicalId: 'A' }],
      next: { text: expect.stringContaining('--skip-resources A') },
    });
  });

  it('of a stack that never was is a failure with a hint', async () => {
    const { document, code } = await json('diagnose', 'Nobody', '--local');
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'STACK_NOT_FOUND', hint: expect.stringContaining('list-serverless') });
    expect(
      (await json('diagnose', 'arn:aws:cloudformation:eu-north-1:000000000000:stack/Nobody/1', '--local')).document.error?.hint,
    ).toContain('--region eu-north-1');
  });

  it('refuses a template that was named and is not there', async () => {
    const { document } = await json('diagnose', 'Well', '--local', '-t', 'nope.yaml');
    expect(document.error?.code).toBe('TEMPLATE_NOT_FOUND');
  });
});

describe('a custom resource that fails', () => {
  it('shows what its function has written for that request', async () => {
    write(
      'src/index.js',
      `exports.handler = async (event) => {
  console.log('seeding', event.ResourceProperties.Table);
  const body = JSON.stringify({ Status: 'FAILED', Reason: 'no such table', PhysicalResourceId: 'seed', StackId: event.StackId, RequestId: event.RequestId, LogicalResourceId: event.LogicalResourceId });
  if (event.RequestType === 'Create') console.error('the table is missing');
  await fetch(event.ResponseURL, { method: 'PUT', body: event.RequestType === 'Create' ? body : body.replace('FAILED', 'SUCCESS') });
};
`,
    );
    const seed = { Type: 'Custom::Seed', Properties: { ServiceToken: { 'Fn::GetAtt': ['Seeder', 'Arn'] }, Table: 'orders' } };
    const fn = { Type: 'AWS::Serverless::Function', Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', CodeUri: './src' } };
    write(
      'serverless.template',
      JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Resources: { Seeder: fn, Seed: seed } }, null, 2),
    );
    const { document } = await deploy('Seeded');
    expect(document.result.cause).toMatchObject({
      logicalId: 'Seed',
      resourceType: 'Custom::Seed',
      reason: 'no such table',
      known: 'custom-resource-failed',
      log: ['INFO seeding orders', 'ERROR the table is missing'],
    });
    expect(document.error?.details).toEqual(expect.arrayContaining(['Log     INFO seeding orders', '        ERROR the table is missing']));
    const { document: diagnosis } = await json('diagnose', 'Seeded', '--local');
    expect(diagnosis.result.cause.log).toEqual(['INFO seeding orders', 'ERROR the table is missing']);
  });
});

describe('the log of a function', () => {
  it('is read through the endpoint of the logs', async () => {
    write('src/index.js', "exports.handler = async (event) => { console.log('seen', event.id); throw new Error('boom'); };\n");
    const role = {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        },
      },
    };
    const fn = {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'logged',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: './src',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      },
    };
    write('serverless.template', template({ Role: role, Fn: fn }));
    expect((await deploy('Logged')).code).toBe(0);
    const { document: target } = await json('local', 'start');
    const { document: env } = await json('local', 'env');
    const credentials = {
      accessKeyId: env.result.AWS_ACCESS_KEY_ID as string,
      secretAccessKey: env.result.AWS_SECRET_ACCESS_KEY as string,
    };
    const endpoint = target.result.endpoint as string;
    const before = Date.now();
    const lambda = new LambdaClient({ endpoint, region: 'us-east-1', credentials });
    await lambda.send(new InvokeCommand({ FunctionName: 'logged', Payload: Buffer.from('{"id":"r-1"}') }));
    lambda.destroy();
    const requestHandler = createHttpHandler();
    const config = {
      region: 'us-east-1',
      endpoint,
      credentials: () => Promise.resolve(credentials),
      requestHandler,
      maxAttempts: 1,
      retryMode: 'standard',
      customUserAgent: [],
    } as const;
    const reader = createLogReader({ ...config, customUserAgent: [['test', '1']] });
    const span = { fromMs: before - 1000, toMs: Date.now() + 1000 };
    const events = await reader.events({ group: '/aws/lambda/logged', ...span });
    expect(events?.map(({ message }) => message).join('')).toMatch(/START RequestId[\s\S]*seen r-1[\s\S]*boom[\s\S]*REPORT RequestId/);
    expect(await reader.events({ group: '/aws/lambda/nobody', ...span })).toBeUndefined();
    requestHandler.destroy();
  });
});

describe.skipIf(motoMissing() !== undefined)('an endpoint without DescribeEvents (moto)', () => {
  it('is diagnosed by its stack events', async () => {
    const moto = await startMoto();
    try {
      const env = { AWS_ENDPOINT_URL: moto.endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-west-1' };
      write('serverless.template', template({ Queue: { Type: 'AWS::SQS::Queue' } }));
      const run = (...args: string[]) => workspace.json(args, { cwd: project, env });
      await run('deploy-serverless', '-sn', 'Plain');
      expect((await run('diagnose', 'Plain')).document.result).toMatchObject({
        status: 'CREATE_COMPLETE',
        healthy: true,
        operation: { kind: 'create', outcome: 'succeeded' },
      });
      await run('delete-serverless', 'Plain');
      const gone = await run('diagnose', 'Plain');
      expect(gone.document.ok ? gone.document.result.status : gone.document.error?.code).toMatch(/DELETE_COMPLETE|STACK_NOT_FOUND/);
    } finally {
      await moto.close();
    }
  });
});
