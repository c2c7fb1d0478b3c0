import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  type CloudFormationClient,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ListChangeSetsCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { openStackClient } from '../support/stack-client.ts';

type Probe = Readonly<Record<string, unknown>>;

const template = (probes: Readonly<Record<string, Probe>>): string =>
  JSON.stringify({
    Resources: Object.fromEntries(
      Object.entries(probes).map(([name, Properties]) => [name, { Type: 'LocalTarget::Test::Probe', Properties }]),
    ),
  });

let workspace: Workspace;
let client: CloudFormationClient;
let count = 0;

beforeAll(async () => {
  workspace = openWorkspace();
  client = await openStackClient(workspace);
});
afterAll(() => {
  client.destroy();
  workspace.close();
});

function project(text: string): string {
  const cwd = join(workspace.folder, `project-${(count += 1)}`);
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'serverless.template'), text);
  return cwd;
}

const deploy = (name: string, probes: Readonly<Record<string, Probe>>, ...args: string[]) =>
  workspace.json(['deploy-serverless', '-sn', name, '--local', ...args], { cwd: project(template(probes)) });

async function find(name: string): Promise<Stack | undefined> {
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
  } catch {
    // A stack that is not there is an error of DescribeStacks.
    return undefined;
  }
}

describe('a deployment that fails', () => {
  it('with --disable-rollback leaves everything as it is, and --resume goes on from there', async () => {
    expect((await deploy('Off', { A: { Value: '1' } })).code).toBe(0);
    const failed = await deploy('Off', { A: { FailOn: 'update', Value: '2' } }, '--disable-rollback');
    expect(failed.document.error).toMatchObject({
      code: 'STACK_FAILED',
      hint: expect.stringContaining('deploy-serverless -sn Off --resume --local'),
    });
    expect((await find('Off'))?.StackStatus).toBe('UPDATE_FAILED');
    expect((await deploy('Off', { A: { Value: '3' } }, '--resume')).document.result).toMatchObject({ action: 'updated' });
    expect((await find('Off'))?.StackStatus).toBe('UPDATE_COMPLETE');
  });

  it('keeps rollback on where something is replaced, and says so', async () => {
    await deploy('Replaced', { A: { Name: 'one' }, B: {} });
    const { document } = await deploy('Replaced', { A: { Name: 'two' }, B: { FailOn: 'update', Value: 'x' } }, '--disable-rollback');
    expect(document.warnings).toEqual([expect.stringMatching(/^Rollback stays on: .*\bA would be replaced/)]);
    expect(document.result).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
  });

  it('is not resumed with a replacement, and nothing is changed', async () => {
    await deploy('Stuck', { A: { Name: 'one' } });
    await deploy('Stuck', { A: { Name: 'one', FailOn: 'update', Value: 'x' } }, '--disable-rollback');
    const { document } = await deploy('Stuck', { A: { Name: 'two' } }, '--resume');
    expect(document.error).toMatchObject({ code: 'STACK_STATE', message: expect.stringContaining('replaces no resource then (A)') });
    expect(document.result).toMatchObject({ status: 'UPDATE_FAILED', replaced: ['A'] });
    expect(
      (await client.send(new ListChangeSetsCommand({ StackName: 'Stuck' }))).Summaries?.filter(
        ({ ExecutionStatus }) => ExecutionStatus === 'AVAILABLE',
      ),
    ).toEqual([]);
  });

  it('is resumed with what worked before', async () => {
    await deploy('Again', { A: { Name: 'one' }, B: { HoldMs: 0 } });
    const { UpdateStackCommand } = await import('@aws-sdk/client-cloudformation');
    const wedge = template({ A: { Name: 'two' }, B: { HoldMs: 0 } });
    await client.send(new UpdateStackCommand({ StackName: 'Again', TemplateBody: wedge, DisableRollback: true }));
    await expect.poll(async () => (await find('Again'))?.StackStatus, { timeout: 60_000 }).toBe('UPDATE_FAILED');
    const { document, stderr } = await deploy('Again', { A: { Name: 'one' }, B: { HoldMs: 0 } }, '--resume');
    expect(document.result, stderr).toMatchObject({ action: 'updated' });
    expect((await find('Again'))?.StackStatus).toBe('UPDATE_COMPLETE');
  });

  it('with --on-failure delete leaves no stack, and tells the cause', async () => {
    const { code, document } = await deploy('Gone', { A: { FailOn: 'create' } }, '--on-failure', 'delete');
    expect(code).toBe(1);
    expect(document.error).toMatchObject({
      code: 'STACK_FAILED',
      message: 'Stack Gone could not be created and was removed again (DELETE_COMPLETE)',
    });
    expect(document.result.cause).toMatchObject({ logicalId: 'A', reason: 'The probe was told to fail on create' });
    expect(await find('Gone')).toBeUndefined();
    expect((await deploy('Gone', { A: {} }, '--on-failure', 'delete')).document.result).toMatchObject({ action: 'created' });
  });

  it('with --on-failure is an ordinary one as soon as the stack is there', async () => {
    await deploy('Later', { A: {} });
    const { document } = await deploy('Later', { A: { FailOn: 'update', Value: 'x' } }, '--on-failure', 'delete');
    expect(document.result).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
  });

  it('with --on-failure do-nothing stays as it is', async () => {
    await deploy('Kept', { A: { FailOn: 'create' } }, '--on-failure', 'do-nothing');
    expect((await find('Kept'))?.StackStatus).toBe('CREATE_FAILED');
  });
});

describe('a change set that is executed later', () => {
  it('takes --disable-rollback then', async () => {
    await deploy('Prepared', { A: {} });
    const prepared = await deploy('Prepared', { A: { FailOn: 'update', Value: 'x' } }, '--prepare');
    const { changeSet } = prepared.document.result;
    const { document } = await deploy('Prepared', {}, '--execute', changeSet, '--disable-rollback');
    expect(document.result).toMatchObject({ status: 'UPDATE_FAILED' });
  });

  it('takes nothing that was settled when it was made', async () => {
    const prepared = await deploy('Settled', { A: {} }, '--prepare', '--on-failure', 'delete');
    const { changeSet } = prepared.document.result;
    expect(await client.send(new DescribeChangeSetCommand({ StackName: 'Settled', ChangeSetName: changeSet }))).toMatchObject({
      OnStackFailure: 'DELETE',
    });
    const { code, document } = await deploy('Settled', {}, '--execute', changeSet, '--disable-rollback');
    expect({ code, message: document.error?.message }).toEqual({
      code: 2,
      message: `--disable-rollback cannot be added to the change set ${changeSet}: it was made with --on-failure, which has settled that`,
    });
    const express = await deploy('Settled', {}, '--execute', changeSet, '--express');
    expect(express.document.error).toMatchObject({ code: 'USAGE', message: '--execute and --express contradict each other' });
    expect((await deploy('Settled', {}, '--execute', changeSet, '--termination-protection')).document.result).toMatchObject({
      action: 'created',
    });
    expect((await find('Settled'))?.EnableTerminationProtection).toBe(true);
  });
});

describe('termination protection', () => {
  it('is set after a deployment and lifted again, also when nothing else changes', async () => {
    await deploy('Safe', { A: {} }, '--termination-protection');
    expect((await find('Safe'))?.EnableTerminationProtection).toBe(true);
    const refused = await workspace.json(['delete-serverless', 'Safe', '--local']);
    expect(refused.document.error).toMatchObject({
      code: 'STACK_PROTECTED',
      hint: expect.stringContaining('delete-serverless Safe --no-termination-protection'),
    });
    const lifted = await deploy('Safe', { A: {} }, '--no-termination-protection');
    expect(lifted.document.result).toMatchObject({ action: 'unchanged' });
    expect((await find('Safe'))?.EnableTerminationProtection).toBe(false);
  });

  it('is lifted from what is to be deleted', async () => {
    await deploy('Doomed', { A: {} }, '--termination-protection');
    expect((await workspace.json(['delete-serverless', 'Doomed', '--local', '--no-termination-protection'])).code).toBe(0);
    expect(await find('Doomed')).toBeUndefined();
  });
});

describe('notification topics', () => {
  const TOPIC = 'arn:aws:sns:us-east-1:000000000000:events';

  it('go with the deployment, and a changed one is not overlooked', async () => {
    await deploy('Told', { A: {} }, '--notification-arns', TOPIC);
    expect((await find('Told'))?.NotificationARNs).toEqual([TOPIC]);
    const same = await deploy('Told', { A: {} }, '--notification-arns', TOPIC);
    expect(same.document).toMatchObject({ result: { action: 'unchanged' }, warnings: [] });
    const changed = await deploy('Told', { A: { Value: 'x' } }, '--notification-arns', '');
    expect(changed.document.result).toMatchObject({ action: 'updated' });
    expect((await find('Told'))?.NotificationARNs ?? []).toEqual([]);
    const alone = await deploy('Told', { A: { Value: 'x' } }, '--notification-arns', TOPIC);
    expect(alone.document).toMatchObject({
      result: { action: 'unchanged' },
      warnings: [expect.stringContaining('only together with another change')],
    });
  });
});

const yaml = (name: string, text: string, ...args: string[]) =>
  workspace.json(['deploy-serverless', '-sn', name, '--local', ...args], { cwd: project(text) });

const bucket = (name: string, more = ''): string => `Resources:
  Uploads:
    Type: AWS::S3::Bucket
${more}    Properties:
      BucketName: ${name}
  Other:
    Type: LocalTarget::Test::Probe
`;

describe('what CloudFormation finds beforehand', () => {
  it('stops the deployment with place, words and remedy, and leaves nothing behind', async () => {
    await workspace.json(['bucket', 'create', 'taken-name', '--local']);
    const { code, document } = await yaml('Conflict', bucket('taken-name'));
    expect(code).toBe(1);
    expect(document.error).toMatchObject({
      code: 'CHANGE_SET_FAILED',
      message: 'CloudFormation refuses the deployment of Conflict beforehand: 1 error',
      hint: expect.stringContaining('--no-validation'),
    });
    expect(document.error?.details).toEqual([
      'error   serverless.template:3:5: NAME_CONFLICT_VALIDATION: Uploads (AWS::S3::Bucket)',
      "        Resource of type 'AWS::S3::Bucket' with identifier 'taken-name' already exists",
      expect.stringContaining('Choose another name'),
    ]);
    expect(document.result.findings).toMatchObject([
      {
        rule: 'NAME_CONFLICT_VALIDATION',
        kind: 'validation',
        severity: 'error',
        logicalId: 'Uploads',
        path: 'serverless.template',
        line: 3,
        column: 5,
        remedy: expect.stringContaining('--import-existing-resources'),
      },
    ]);
    expect(await find('Conflict')).toBeUndefined();
  });

  it('is found by a preview as well, and left out with --no-validation', async () => {
    await workspace.json(['bucket', 'create', 'taken-again', '--local']);
    expect((await yaml('Looked', bucket('taken-again'), '--preview')).document.error?.code).toBe('CHANGE_SET_FAILED');
    expect(await find('Looked')).toBeUndefined();
    const { document } = await yaml('Looked', bucket('taken-again'), '--preview', '--no-validation');
    expect(document.result).toMatchObject({ action: 'previewed', findings: [] });
  });

  it('names the property at its own place', async () => {
    const { document } = await yaml('Wrong', bucket('fine-name').replace('      BucketName', '      BucketNam: x\n      BucketName'));
    expect(document.result.findings).toMatchObject([{ rule: 'PROPERTY_VALIDATION', line: 5, column: 18 }]);
  });

  it('names a property of a nested template in the file of that template', async () => {
    const directory = project('Resources: {Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner/nested.yaml}}}\n');
    mkdirSync(join(directory, 'inner'));
    const inner = bucket('nested-name').replace('      BucketName', '      BucketNam: x\n      BucketName');
    writeFileSync(join(directory, 'inner/nested.yaml'), inner);
    const args = ['deploy-serverless', '-sn', 'Within', '-sb', 'within-bucket', '--local', '--preview'];
    const { code, document, stderr } = await workspace.json(args, { cwd: directory });
    expect(code, stderr).toBe(1);
    expect(document.error?.details?.[0]).toBe('error   inner/nested.yaml:5:18: PROPERTY_VALIDATION: Inner/Uploads (AWS::S3::Bucket)');
    expect(document.result.findings).toMatchObject([{ logicalId: 'Inner/Uploads', path: 'inner/nested.yaml', line: 5, column: 18 }]);
    const outside = await workspace.json([...args, '-t', join(directory, 'serverless.template')], { cwd: workspace.folder });
    expect(outside.document.result.findings).toMatchObject([{ path: relative(workspace.folder, join(directory, 'inner/nested.yaml')) }]);
    expect(await find('Within')).toBeUndefined();
  });

  it('warns of what does not stop it', async () => {
    await yaml('Full', bucket('full-of-it'));
    const { document: env } = await workspace.json(['local', 'env']);
    const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
    const s3 = new S3Client({
      endpoint: env.result.AWS_ENDPOINT_URL as string,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: env.result.AWS_ACCESS_KEY_ID as string, secretAccessKey: env.result.AWS_SECRET_ACCESS_KEY as string },
    });
    await s3.send(new PutObjectCommand({ Bucket: 'full-of-it', Key: 'k', Body: 'v' }));
    s3.destroy();
    const { code, document, stderr } = await yaml('Full', 'Resources: {Other: {Type: LocalTarget::Test::Probe}}', '--preview');
    expect(code, stderr).toBe(0);
    expect(document.warnings).toEqual([expect.stringMatching(/BUCKET_EMPTINESS_VALIDATION: Uploads .*not empty.*DeletionPolicy/)]);
    expect(document.result.findings).toMatchObject([{ severity: 'warning', logicalId: 'Uploads' }]);
    expect(document.result.changes).toMatchObject([{ action: 'Remove', logicalId: 'Uploads' }]);
  });

  it('is no obstacle with --import-existing-resources', async () => {
    await workspace.json(['bucket', 'create', 'my-uploads', '--local']);
    const kept = bucket('my-uploads', '    DeletionPolicy: Retain\n');
    const preview = await yaml('Imported', kept, '--preview', '--import-existing-resources');
    expect(preview.document.result.changes).toContainEqual(expect.objectContaining({ action: 'Import', logicalId: 'Uploads' }));
    expect((await yaml('Imported', kept, '--import-existing-resources')).document.result).toMatchObject({ action: 'created' });
  });
});

describe('express mode', () => {
  it('rolls back what fails, and says that resources are still stabilising', async () => {
    const created = await deploy('Quick', { A: {} }, '--express');
    expect(created.document).toMatchObject({ result: { action: 'created', stabilising: true }, warnings: [] });
    expect((await find('Quick'))?.DeploymentConfig).toEqual({ Mode: 'EXPRESS', DisableRollback: false });
    const failed = await deploy('Quick', { A: { FailOn: 'update', Value: 'x' } }, '--express');
    expect(failed.document.result).toMatchObject({ status: 'UPDATE_ROLLBACK_COMPLETE' });
    const standard = await deploy('Quick', { A: { Value: 'y' } });
    expect(standard.document.result).toMatchObject({ action: 'updated' });
    expect(standard.document.result).not.toHaveProperty('stabilising');
  });

  it('replaces, and keeps rollback on for that', async () => {
    await deploy('Swap', { A: { Name: 'one' } }, '--express');
    const { document } = await deploy('Swap', { A: { Name: 'two' } }, '--express', '--disable-rollback');
    expect(document).toMatchObject({ result: { action: 'updated' }, warnings: [expect.stringContaining('Rollback stays on')] });
    expect((await find('Swap'))?.DeploymentConfig).toEqual({ Mode: 'EXPRESS', DisableRollback: false });
    expect(
      (await client.send(new ListChangeSetsCommand({ StackName: 'Swap' }))).Summaries?.filter(
        ({ ExecutionStatus }) => ExecutionStatus === 'AVAILABLE',
      ),
    ).toEqual([]);
  });

  it('goes on in express mode from where it failed, without being told to', async () => {
    await deploy('Stays', { A: {} });
    const failed = await deploy('Stays', { A: { FailOn: 'update', Value: 'x' } }, '--express', '--disable-rollback');
    expect(failed.document.result).toMatchObject({ status: 'UPDATE_FAILED' });
    const refused = await deploy('Stays', { A: { Value: 'y' } }, '--no-continue-rollback');
    expect(refused.document.error).toMatchObject({ code: 'STACK_STATE', hint: expect.stringContaining('express mode') });
    const { document, stderr } = await deploy('Stays', { A: { Value: 'y' } });
    expect(document.result).toMatchObject({ action: 'updated' });
    expect(stderr).toContain('goes on from there, without rollback, in express mode');
    expect((await find('Stays'))?.StackStatus).toBe('UPDATE_COMPLETE');
  });

  it('is left by going back to what worked, where another way is closed', async () => {
    const good = { A: { Name: 'one' }, B: {} };
    await deploy('Wedged', good, '-sb', 'wedged-artifacts');
    // As another tool would do it: rollback off, and a replacement.
    const { UpdateStackCommand } = await import('@aws-sdk/client-cloudformation');
    const wedge = template({ A: { Name: 'two' }, B: {} });
    await client.send(new UpdateStackCommand({ StackName: 'Wedged', TemplateBody: wedge, DeploymentConfig: { Mode: 'EXPRESS' } }));
    await expect.poll(async () => (await find('Wedged'))?.StackStatus, { timeout: 60_000 }).toBe('UPDATE_FAILED');
    const refused = await deploy('Wedged', { A: { Name: 'two' }, B: {} }, '--express');
    expect(refused.document.error).toMatchObject({
      code: 'STACK_STATE',
      hint: expect.stringContaining('lambda-tool rollback-serverless Wedged'),
    });
    const back = await workspace.json(['rollback-serverless', 'Wedged', '--local', '-sb', 'wedged-artifacts', '--yes']);
    expect(back.code, back.stderr).toBe(0);
    expect(back.stderr).toContain('it is updated without a change set');
    expect((await find('Wedged'))?.StackStatus).toBe('UPDATE_COMPLETE');
    expect((await deploy('Wedged', { A: { Name: 'two' }, B: {} }, '--express')).document.result).toMatchObject({ action: 'updated' });
  });

  it('ends a creation that failed by creating it anew', async () => {
    await deploy('Anew', { A: { FailOn: 'create' } }, '--express', '--disable-rollback');
    expect((await find('Anew'))?.StackStatus).toBe('CREATE_FAILED');
    expect((await deploy('Anew', { A: {} }, '--express')).document.result).toMatchObject({ action: 'recreated' });
  });
});

describe('rollback alarms', () => {
  it('go with the deployment, by name, and are not overlooked when they change', async () => {
    await deploy('Watched', { A: {} }, '--rollback-alarms', 'High', '--monitoring-time', '0');
    expect((await find('Watched'))?.RollbackConfiguration?.RollbackTriggers).toEqual([
      { Arn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:High', Type: 'AWS::CloudWatch::Alarm' },
    ]);
    expect((await deploy('Watched', { A: {} }, '--rollback-alarms', 'High')).document).toMatchObject({
      result: { action: 'unchanged' },
      warnings: [],
    });
    expect((await deploy('Watched', { A: {} }, '--rollback-alarms', 'Low')).document.warnings).toHaveLength(1);
  });
});
