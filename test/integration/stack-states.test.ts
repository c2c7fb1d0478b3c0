import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  SetStackPolicyCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type CliOptions, type Workspace } from '../support/cli.ts';
import { openHold, type Hold } from '../support/hold.ts';
import { openStackClient } from '../support/stack-client.ts';

type Probes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A template of probes: `{ A: { FailOn: 'update' } }`; `DependsOn` is taken out of the properties. */
function template(probes: Probes, more: object = {}): string {
  const resources = Object.entries(probes).map(([name, { DependsOn, ...Properties }]) => [
    name,
    { Type: 'LocalTarget::Test::Probe', Properties, ...(DependsOn === undefined ? {} : { DependsOn }) },
  ]);
  return JSON.stringify({ Resources: Object.fromEntries(resources), ...more });
}

const GOOD = template({ A: { Value: 'good' } });
/** What a run says that waits for the operation of another; the test then lets that one end. */
const WAITS = /waiting until that has ended/;

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

const uniqueName = (): string => `State${(count += 1)}`;

/** A project of its own with a template in it. */
function project(text: string): string {
  const cwd = join(workspace.folder, `project-${(count += 1)}`);
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'serverless.template'), text);
  return cwd;
}

const deployWith = (options: CliOptions, name: string, text: string, ...args: string[]) =>
  workspace.json(['deploy-serverless', '-sn', name, '--local', ...args], { cwd: project(text), ...options });
const deploy = (name: string, text: string, ...args: string[]) => deployWith({}, name, text, ...args);
const removeWith = (options: CliOptions, name: string, ...args: string[]) =>
  workspace.json(['delete-serverless', name, '--local', ...args], options);
const remove = (name: string, ...args: string[]) => removeWith({}, name, ...args);

async function statusOf(name: string): Promise<string | undefined> {
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]?.StackStatus;
  } catch {
    // A stack that is not there is an error of DescribeStacks.
    return undefined;
  }
}

const reached = (name: string, status: string) => expect.poll(() => statusOf(name), { timeout: 30_000, interval: 30 }).toBe(status);
const create = (name: string, probes: Probes, more: { DisableRollback?: boolean } = {}) =>
  client.send(new CreateStackCommand({ StackName: name, TemplateBody: template(probes), ...more }));
const update = (name: string, probes: Probes, more: { DisableRollback?: boolean } = {}) =>
  client.send(new UpdateStackCommand({ StackName: name, TemplateBody: template(probes), ...more }));

/** For each status: how a stack gets there. One that passes is held. */
const WAYS: Readonly<Record<string, (name: string, hold: Hold) => Promise<void>>> = {
  async CREATE_IN_PROGRESS(name, hold) {
    await create(name, { A: hold.in('create') });
  },
  async CREATE_FAILED(name) {
    await create(name, { A: { FailOn: 'create' } }, { DisableRollback: true });
  },
  async CREATE_COMPLETE(name) {
    await create(name, { A: {} });
  },
  async ROLLBACK_IN_PROGRESS(name, hold) {
    await create(name, { A: hold.in('delete'), B: { FailOn: 'create', DependsOn: 'A' } });
  },
  async ROLLBACK_FAILED(name) {
    await create(name, { A: { FailOn: 'delete' }, B: { FailOn: 'create', DependsOn: 'A' } });
  },
  async ROLLBACK_COMPLETE(name) {
    await create(name, { A: { FailOn: 'create' } });
  },
  async DELETE_IN_PROGRESS(name, hold) {
    await create(name, { A: hold.in('delete') });
    await reached(name, 'CREATE_COMPLETE');
    await client.send(new DeleteStackCommand({ StackName: name }));
  },
  async DELETE_FAILED(name) {
    await create(name, { A: { FailOn: 'delete' } });
    await reached(name, 'CREATE_COMPLETE');
    await client.send(new DeleteStackCommand({ StackName: name }));
  },
  async UPDATE_IN_PROGRESS(name, hold) {
    await create(name, { A: {} });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: hold.in('update') });
  },
  async UPDATE_COMPLETE_CLEANUP_IN_PROGRESS(name, hold) {
    await create(name, { A: {}, B: hold.in('delete') });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: { Value: 'x' } });
  },
  async UPDATE_COMPLETE(name) {
    await create(name, { A: {} });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: { Value: 'x' } });
  },
  async UPDATE_FAILED(name) {
    await create(name, { A: {} });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: { FailOn: 'update' } }, { DisableRollback: true });
  },
  async UPDATE_ROLLBACK_IN_PROGRESS(name, hold) {
    await create(name, { A: hold.in('update') });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: { Value: 'x' }, B: { FailOn: 'create', DependsOn: 'A' } });
  },
  async UPDATE_ROLLBACK_FAILED(name) {
    await create(name, { A: { FailOn: 'update' } });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: { Value: 'x' }, B: { FailOn: 'create', DependsOn: 'A' } });
  },
  async UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS(name, hold) {
    await create(name, { A: {} });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: {}, B: hold.in('delete'), C: { FailOn: 'create', DependsOn: 'B' } });
  },
  async UPDATE_ROLLBACK_COMPLETE(name) {
    await create(name, { A: {} });
    await reached(name, 'CREATE_COMPLETE');
    await update(name, { A: { FailOn: 'update' } });
  },
  async REVIEW_IN_PROGRESS(name) {
    const input = { StackName: name, ChangeSetName: 'somebody-elses', ChangeSetType: 'CREATE', TemplateBody: template({ A: {} }) } as const;
    await client.send(new CreateChangeSetCommand(input));
  },
};

interface Brought {
  readonly name: string;
  readonly hold: Hold;
}

async function bring(status: string): Promise<Brought> {
  const name = uniqueName();
  const hold = openHold(workspace);
  await WAYS[status]?.(name, hold);
  await reached(name, status);
  return { name, hold };
}

/** status → action of a deployment, and the switch that refuses it. */
const DEPLOYMENTS: readonly (readonly [status: string, action: string, refusal: string])[] = [
  ['CREATE_IN_PROGRESS', 'updated', '--no-wait-for-stack'],
  ['CREATE_FAILED', 'recreated', '--no-recreate'],
  ['CREATE_COMPLETE', 'updated', ''],
  ['ROLLBACK_IN_PROGRESS', 'recreated', '--no-wait-for-stack'],
  ['ROLLBACK_COMPLETE', 'recreated', '--no-recreate'],
  ['DELETE_IN_PROGRESS', 'created', '--no-wait-for-stack'],
  ['UPDATE_IN_PROGRESS', 'updated', '--no-wait-for-stack'],
  ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'updated', '--no-wait-for-stack'],
  ['UPDATE_COMPLETE', 'updated', ''],
  ['UPDATE_FAILED', 'updated', '--no-continue-rollback'],
  ['UPDATE_ROLLBACK_IN_PROGRESS', 'updated', '--no-wait-for-stack'],
  ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'updated', '--no-wait-for-stack'],
  ['UPDATE_ROLLBACK_COMPLETE', 'updated', ''],
  ['REVIEW_IN_PROGRESS', 'created', ''],
];

describe('a deployment to a stack in', () => {
  it.each(DEPLOYMENTS)('%s ends as %s', async (status, action, refusal) => {
    const { name, hold } = await bring(status);
    if (refusal !== '') {
      const { code, document, stdout } = await deploy(name, GOOD, refusal);
      expect(code, stdout).toBe(1);
      expect(document.error).toMatchObject({
        code: 'STACK_STATE',
        message: expect.stringContaining(`${refusal} was given (${status})`),
        hint: expect.stringMatching(/lambda-tool (watch|delete-serverless) .* --local$|^Leave out --no-continue-rollback/),
      });
    }
    const { code, document, stderr } = await deployWith(hold.untilSaid(WAITS), name, GOOD);
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ action, stackName: name });
    expect(await statusOf(name)).toBe(action === 'updated' ? 'UPDATE_COMPLETE' : 'CREATE_COMPLETE');
    if (refusal === '--no-wait-for-stack') {
      expect(stderr).toContain('waiting until that has ended');
      expect(stderr).toContain('the other operation has ended');
    }
    if (refusal === '--no-recreate') expect(stderr).toContain(`(${status}); it is deleted and created anew`);
  });

  it.each(['CREATE_FAILED', 'UPDATE_FAILED'])('%s goes on from there with --resume', async (status) => {
    const { name } = await bring(status);
    const { document, stderr } = await deploy(name, GOOD, '--resume');
    expect(document.result, stderr).toMatchObject({ action: 'updated' });
    expect(stderr).not.toContain('ROLLBACK');
    expect(await statusOf(name)).toBe('UPDATE_COMPLETE');
  });

  it('UPDATE_ROLLBACK_FAILED is rolled back further, and says what to skip when that fails again', async () => {
    const { name } = await bring('UPDATE_ROLLBACK_FAILED');
    const refused = await deploy(name, GOOD, '--no-continue-rollback');
    expect(refused.document.error).toMatchObject({ code: 'STACK_STATE', message: expect.stringContaining('(UPDATE_ROLLBACK_FAILED)') });
    const failed = await deploy(name, GOOD);
    expect(failed.code).toBe(1);
    expect(failed.document.error).toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringContaining('could not be rolled back to its last good state (UPDATE_ROLLBACK_FAILED)'),
      hint: expect.stringContaining('--skip-resources A'),
    });
    expect(failed.document.result).toMatchObject({ cause: { logicalId: 'A' } });
    const { document, stderr } = await deploy(name, GOOD, '--skip-resources', 'A');
    expect(document.result, stderr).toMatchObject({ action: 'updated' });
  });

  it.each(['ROLLBACK_FAILED', 'DELETE_FAILED'])('%s is deleted again, and says what to leave behind when that fails', async (status) => {
    const { name } = await bring(status);
    const { code, document } = await deploy(name, GOOD);
    expect(code).toBe(1);
    expect(document.error).toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringContaining('could not be deleted to be created anew (DELETE_FAILED)'),
      hint: expect.stringContaining(`lambda-tool delete-serverless ${name} --retain A`),
    });
    const deleted = await remove(name, '--retain', 'A');
    expect(deleted.document, deleted.stderr).toMatchObject({ ok: true, warnings: [expect.stringContaining('Left behind')] });
    expect((await deploy(name, GOOD)).document.result).toMatchObject({ action: 'created' });
  });

  it('a state that needs a deletion, with termination protection, is left alone', async () => {
    const { name } = await bring('ROLLBACK_COMPLETE');
    await client.send(new UpdateTerminationProtectionCommand({ StackName: name, EnableTerminationProtection: true }));
    const { document } = await deploy(name, GOOD);
    expect(document.error).toMatchObject({ code: 'STACK_PROTECTED', message: expect.stringContaining('is protected against deletion') });
    expect(await statusOf(name)).toBe('ROLLBACK_COMPLETE');
  });
});

describe('a deletion of a stack in', () => {
  it.each(Object.keys(WAYS).filter((status) => !['ROLLBACK_FAILED', 'DELETE_FAILED'].includes(status)))(
    '%s ends with no stack',
    async (status) => {
      const { name, hold } = await bring(status);
      const { code, document, stderr } = await removeWith(hold.untilSaid(WAITS), name);
      expect(code, stderr).toBe(0);
      expect(document.result.deleted).toMatchObject([{ stackName: name }]);
      expect(await statusOf(name)).toBeUndefined();
    },
  );

  it('UPDATE_IN_PROGRESS is refused with --no-wait-for-stack', async () => {
    const { name, hold } = await bring('UPDATE_IN_PROGRESS');
    const { code, document } = await remove(name, '--no-wait-for-stack');
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'STACK_STATE', message: expect.stringContaining('(UPDATE_IN_PROGRESS)') });
    hold.release();
    await reached(name, 'UPDATE_COMPLETE');
  });

  it('DELETE_FAILED names what is stuck, and leaves it behind with --retain', async () => {
    const { name } = await bring('DELETE_FAILED');
    const failed = await remove(name);
    expect(failed.code).toBe(1);
    expect(failed.document.error).toMatchObject({
      code: 'STACK_FAILED',
      message: `Stack ${name} could not be deleted (DELETE_FAILED)`,
      hint: expect.stringContaining(`lambda-tool delete-serverless ${name} --retain A`),
    });
    const { document, stderr } = await remove(name, '--retain', 'A');
    expect(document.ok, stderr).toBe(true);
    expect(stderr.match(/A LocalTarget::Test::Probe DELETE_FAILED/)).toBeNull();
    expect(await statusOf(name)).toBeUndefined();
  });

  it('CREATE_COMPLETE tries everything before it leaves something behind', async () => {
    const name = uniqueName();
    await create(name, { A: { FailOn: 'delete' }, B: {} });
    await reached(name, 'CREATE_COMPLETE');
    const { document, stderr } = await remove(name, '--retain', 'A,B');
    expect(document, stderr).toMatchObject({ ok: true, warnings: ['Left behind, and no longer part of any stack: A'] });
  });
});

describe('what is said before it bites', () => {
  const exporting = (name: string) => template({ A: {} }, { Outputs: { Out: { Value: 'v', Export: { Name: `${name}-out` } } } });
  const importing = (name: string) => template({ B: { Value: { 'Fn::ImportValue': `${name}-out` } } });

  it('an export that another stack imports, before deletion and before an update without it', async () => {
    const name = uniqueName();
    const user = uniqueName();
    expect((await deploy(name, exporting(name))).code).toBe(0);
    expect((await deploy(user, importing(name))).code).toBe(0);
    const deletion = await remove(name);
    expect(deletion.document.error).toMatchObject({ code: 'EXPORT_IN_USE', details: [`${name}-out is imported by ${user}`] });
    const update = await deploy(name, template({ A: {} }));
    expect(update.document.error?.code).toBe('EXPORT_IN_USE');
    expect(await statusOf(name)).toBe('CREATE_COMPLETE');
    const both = await workspace.json(['delete-serverless', user, name, '--local']);
    expect(both.document.ok, both.stderr).toBe(true);
  });

  it('a stack policy that forbids a change', async () => {
    const { name } = await bring('CREATE_COMPLETE');
    const policy = { Statement: [{ Effect: 'Deny', Action: 'Update:*', Principal: '*', Resource: 'LogicalResourceId/A' }] };
    await client.send(new SetStackPolicyCommand({ StackName: name, StackPolicyBody: JSON.stringify(policy) }));
    const preview = await deploy(name, GOOD, '--preview');
    expect(preview.document.result.changes).toMatchObject([{ logicalId: 'A', denied: ['Update:Modify'] }]);
    const { document } = await deploy(name, GOOD);
    expect(document.warnings).toEqual([`The stack policy of ${name} does not allow Update:Modify of A`]);
    expect(document.error?.code).toBe('STACK_FAILED');
  });
});

describe('two deployments at once', () => {
  it.each(['a new stack', 'a stack that is up'])('both succeed on %s: the later one waits', async (what) => {
    const name = uniqueName();
    if (what !== 'a new stack') expect((await deploy(name, GOOD)).code).toBe(0);
    const hold = openHold(workspace);
    const slow = (value: string) => template({ A: { Value: value, ...hold.in() } });
    const one = (value: string) => deployWith(hold.untilSaid(WAITS), name, slow(value));
    const results = await Promise.all([one('one'), one('two')]);
    for (const { code, stderr } of results) expect(code, stderr).toBe(0);
    expect(results.map(({ document }) => document.result.action as string).toSorted()).toEqual(
      what === 'a new stack' ? ['created', 'updated'] : ['updated', 'updated'],
    );
    expect(results.filter(({ stderr }) => WAITS.test(stderr))).toHaveLength(1);
  });
});
