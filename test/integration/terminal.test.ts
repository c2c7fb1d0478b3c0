import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { openHold } from '../support/hold.ts';
import { openStackClient } from '../support/stack-client.ts';
import { KEYS, noTerminal, runInTerminal, type TerminalRun } from '../support/terminal.ts';

if (noTerminal !== undefined) console.log(`Questions at a terminal are not tested: ${noTerminal}`);

let workspace: Workspace;
let client: CloudFormationClient;

beforeAll(async () => {
  workspace = openWorkspace();
  client = await openStackClient(workspace);
});
afterAll(() => {
  client.destroy();
  workspace.close();
});

type Probe = Readonly<Record<string, unknown>>;

let projects = 0;
/** A project of one probe. */
function project(probe: Probe, more: object = {}): string {
  const cwd = join(workspace.folder, `project-${(projects += 1)}`);
  mkdirSync(cwd);
  const Resources = { A: { Type: 'LocalTarget::Test::Probe', Properties: probe } };
  writeFileSync(join(cwd, 'serverless.template'), JSON.stringify({ Resources, ...more }));
  return cwd;
}

async function made(name: string, probe: Probe, more: object = {}): Promise<void> {
  const { code, stderr } = await workspace.run(['deploy-serverless', '-sn', name, '--local'], { cwd: project(probe, more) });
  expect(code, stderr).toBe(0);
}

/** A deployment in a terminal that has come to the question. */
async function interrupted(name: string, probe: Probe, step: 'CREATE' | 'UPDATE', ...args: string[]): Promise<TerminalRun> {
  const run = runInTerminal(workspace, ['deploy-serverless', '-sn', name, '--local', ...args], { cwd: project(probe) });
  await run.shows(new RegExp(`A LocalTarget::Test::Probe ${step}_IN_PROGRESS|A .*Probe.* \\d+ s`));
  run.type(KEYS.ctrlC);
  return run;
}

async function statusOf(name: string): Promise<string | undefined> {
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name })).catch((error: unknown) => {
    if (error instanceof Error && error.message.includes('does not exist')) return { Stacks: [] };
    throw error;
  });
  return Stacks?.[0]?.StackStatus;
}

describe.skipIf(noTerminal !== undefined)('Ctrl-C while a stack is at work', () => {
  it('asks, and leaves the operation to AWS', async () => {
    const hold = openHold(workspace);
    const run = await interrupted('Leave', hold.in('create'), 'CREATE');
    await run.shows(/Stack Leave is being created \(0 of 1 resource\)\. AWS goes on without us\./);
    await run.shows(/leave it running +re-attach with: lambda-tool watch Leave --local/);
    run.type(KEYS.enter);
    expect(await run.ended, run.text()).toBe(130);
    expect(run.text()).toContain('Error INTERRUPTED: Stopped waiting for stack Leave');
    expect(await statusOf('Leave')).toBe('CREATE_IN_PROGRESS');
    hold.release();
  });

  it('keeps waiting when asked to, and asks again the next time', async () => {
    const hold = openHold(workspace);
    const run = await interrupted('Stay', hold.in('create'), 'CREATE');
    await run.shows(/keep waiting/);
    run.type(KEYS.down, KEYS.down, KEYS.enter);
    await run.shows(/A .*Probe.* \d+ s/);
    run.type(KEYS.ctrlC);
    await run.shows(/AWS goes on without us[^]*keep waiting/);
    run.type(KEYS.down, KEYS.down, KEYS.enter);
    await run.shows(/A .*Probe.* \d+ s/);
    hold.release();
    expect(await run.ended, run.text()).toBe(0);
    expect(await statusOf('Stay')).toBe('CREATE_COMPLETE');
  });

  it('deletes what a creation has begun', async () => {
    const run = await interrupted('Drop', openHold(workspace).in('create'), 'CREATE');
    await run.shows(/delete what was begun +the creation is stopped/);
    run.type(KEYS.down, KEYS.enter);
    expect(await run.ended, run.text()).toBe(130);
    expect(run.text()).toContain('the creation of stack Drop was stopped, and what was begun is deleted');
    expect(await statusOf('Drop')).toBeUndefined();
  });

  it('rolls an update back, and a second Ctrl-C does not wait for that', async () => {
    const hold = openHold(workspace);
    await made('Back', { Value: 1 });
    const first = await interrupted('Back', { Value: 2, ...openHold(workspace).in('update') }, 'UPDATE');
    await first.shows(/cancel the update +roll back what was done so far/);
    first.type(KEYS.down, KEYS.enter);
    expect(await first.ended, first.text()).toBe(130);
    expect(first.text()).toContain('back at its last good state (UPDATE_ROLLBACK_COMPLETE)');

    await made('Again', { Value: 1, ...hold.in('update') });
    const second = await interrupted('Again', { Value: 2, ...hold.in('update') }, 'UPDATE');
    await second.shows(/cancel the update/);
    second.type(KEYS.down, KEYS.enter);
    await second.shows(/cancelling the update|UPDATE_ROLLBACK/);
    second.type(KEYS.ctrlC);
    expect(await second.ended, second.text()).toBe(130);
    expect(await statusOf('Again')).toBe('UPDATE_ROLLBACK_IN_PROGRESS');
    hold.release();
  });

  it('leaves at once when it is pressed at the question', async () => {
    const hold = openHold(workspace);
    const run = await interrupted('Twice', hold.in('create'), 'CREATE');
    await run.shows(/keep waiting/);
    run.type(KEYS.ctrlC);
    expect(await run.ended, run.text()).toBe(130);
    expect(run.text()).toContain('Stopped waiting for stack Twice');
    expect(await statusOf('Twice')).toBe('CREATE_IN_PROGRESS');
    hold.release();
  });

  it('asks nothing where --on-interrupt answers', async () => {
    const run = await interrupted('Answered', openHold(workspace).in('create'), 'CREATE', '--on-interrupt', 'rollback');
    expect(await run.ended, run.text()).toBe(130);
    expect(run.text()).not.toContain('keep waiting');
    expect(await statusOf('Answered')).toBeUndefined();
  });
});

describe.skipIf(noTerminal !== undefined)('Ctrl-C while several stacks are deleted', () => {
  /** Two stacks that are being deleted, and one that has to wait for the first of them. */
  const threeStacks = async (name: string) => {
    const hold = openHold(workspace);
    await made(`${name}Base`, {}, { Outputs: { Out: { Value: 'v', Export: { Name: `${name}-out` } } } });
    await made(`${name}User`, { Value: { 'Fn::ImportValue': `${name}-out` }, ...hold.in('delete') });
    await made(`${name}Free`, hold.in('delete'));
    const names = ['Base', 'User', 'Free'].map((part) => name + part);
    const run = runInTerminal(workspace, ['delete-serverless', ...names, '--local', '--yes']);
    await run.shows(/A .*Probe.* \d+ s[^]*A .*Probe.* \d+ s/);
    run.type(KEYS.ctrlC);
    await run.shows(new RegExp(`The stacks ${name}User, ${name}Free are being deleted, ${name}Base waits for its turn`));
    await run.shows(/keep waiting/);
    return { run, hold, statuses: () => Promise.all(names.map(statusOf)) };
  };

  it('asks once for all, and leaves what has begun', async () => {
    const { run, hold, statuses } = await threeStacks('L');
    run.type(KEYS.enter);
    expect(await run.ended, run.text()).toBe(130);
    expect(run.text()).toContain('Error INTERRUPTED: Stopped waiting for the stacks LUser, LFree; what has begun goes on without us');
    expect(run.text()).toContain('Not begun: LBase');
    expect(await statuses()).toEqual(['CREATE_COMPLETE', 'DELETE_IN_PROGRESS', 'DELETE_IN_PROGRESS']);
    hold.release();
  });

  it('begins no more and waits for the others when asked to', async () => {
    const { run, hold, statuses } = await threeStacks('N');
    run.type(KEYS.down, KEYS.enter);
    await run.shows(/Nothing more is begun; another interrupt leaves at once/);
    hold.release();
    expect(await run.ended, run.text()).toBe(130);
    expect(run.text()).toContain('Error INTERRUPTED: Interrupted: nothing more was begun');
    expect(run.text()).toContain('Deleted: NUser, NFree');
    expect(await statuses()).toEqual(['CREATE_COMPLETE', undefined, undefined]);
  });

  it('deletes all when asked to keep waiting', async () => {
    const { run, hold, statuses } = await threeStacks('K');
    run.type(KEYS.down, KEYS.down, KEYS.enter);
    hold.release();
    expect(await run.ended, run.text()).toBe(0);
    expect(await statuses()).toEqual([undefined, undefined, undefined]);
  });
});

describe.skipIf(noTerminal !== undefined)('a terminal of 60 columns', () => {
  it('gets messages broken between words, and commands whole; a pipe gets them as they are', async () => {
    const cwd = project({ FailOn: 'create' });
    const args = ['deploy-serverless', '-sn', 'Narrow', '--local', '--no-timeline'];
    const run = runInTerminal(workspace, args, { cwd, columns: 60 });
    expect(await run.ended, run.text()).toBe(1);
    const error = run.text().slice(run.text().indexOf('Error STACK_FAILED'));
    expect(error).toContain('Error STACK_FAILED: Stack Narrow could not be created and\n  was rolled back (ROLLBACK_COMPLETE)\n');
    expect(error).toMatch(/^ {2}Cause {3}A \(LocalTarget::Test::Probe\),\n {10}serverless\.template:1\n {10}The probe/m);
    expect(error.split('\n').filter((line) => line.length > 60)).toEqual([]);

    const refused = runInTerminal(workspace, [...args, '--no-recreate'], { cwd, columns: 60 });
    expect(await refused.ended).toBe(1);
    expect(refused.text()).toMatch(/\n {2}Hint {4}Delete it first:\n {10}lambda-tool delete-serverless Narrow --local\n/);
    const piped = await workspace.run([...args, '--no-recreate'], { cwd });
    expect(piped.stderr).toContain('  Hint    Delete it first: lambda-tool delete-serverless Narrow --local\n');
  });

  it('gets help that fits', async () => {
    const run = runInTerminal(workspace, ['deploy-serverless', '--help'], { columns: 60 });
    expect(await run.ended).toBe(0);
    expect(run.text()).toMatch(/--max-wait DURATION\n {12}Longest time to wait/);
  });
});
