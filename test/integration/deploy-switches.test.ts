import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ListChangeSetsCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';

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
  const { document } = await workspace.json(['local', 'start']);
  const { document: env } = await workspace.json(['local', 'env']);
  client = new CloudFormationClient({
    endpoint: document.result.endpoint as string,
    region: 'us-east-1',
    credentials: { accessKeyId: env.result.AWS_ACCESS_KEY_ID as string, secretAccessKey: env.result.AWS_SECRET_ACCESS_KEY as string },
  });
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
