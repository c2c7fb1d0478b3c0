import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudFormationClient, DescribeStacksCommand, ListChangeSetsCommand } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { openStackClient } from '../support/stack-client.ts';

const SECRET = 'very-secret-value';

function template(options: { value?: string; name?: string; action?: string; more?: boolean } = {}): string {
  return JSON.stringify({
    Parameters: { Password: { Type: 'String', NoEcho: true, Default: 'unset-password' } },
    Resources: {
      Probe: { Type: 'LocalTarget::Test::Probe', Properties: { Value: options.value ?? 'one', Name: options.name ?? 'first' } },
      Hidden: { Type: 'LocalTarget::Test::Probe', Properties: { Value: { Ref: 'Password' } } },
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {
            Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
          },
          Policies: [
            {
              PolicyName: 'read',
              PolicyDocument: { Statement: [{ Effect: 'Allow', Action: options.action ?? 's3:GetObject', Resource: 'arn:aws:s3:::b/*' }] },
            },
          ],
        },
      },
      ...(options.more === true ? { More: { Type: 'LocalTarget::Test::Probe' } } : {}),
    },
    Outputs: { Value: { Value: { 'Fn::GetAtt': ['Probe', 'Value'] } } },
  });
}

let workspace: Workspace;
let client: CloudFormationClient;
let cwd: string;

beforeAll(async () => {
  workspace = openWorkspace();
  cwd = join(workspace.folder, 'project');
  mkdirSync(cwd);
  client = await openStackClient(workspace);
});
afterAll(() => {
  client.destroy();
  workspace.close();
});

function write(text: string): void {
  writeFileSync(join(cwd, 'serverless.template'), text);
}

const deploy = (name: string, ...args: string[]) => workspace.json(['deploy-serverless', '-sn', name, '--local', ...args], { cwd });
const show = (name: string, ...args: string[]) => workspace.run(['deploy-serverless', '-sn', name, '--local', ...args], { cwd });
const changeSetsOf = async (name: string) =>
  ((await client.send(new ListChangeSetsCommand({ StackName: name }))).Summaries ?? [])
    .filter(({ ExecutionStatus }) => ExecutionStatus === 'AVAILABLE')
    .map(({ ChangeSetName }) => ChangeSetName);
const exists = (name: string) =>
  client.send(new DescribeStacksCommand({ StackName: name })).then(
    () => true,
    () => false,
  );

describe('--preview', () => {
  it('of a new stack shows what would be added and leaves no stack behind', async () => {
    write(template());
    const { code, stdout, stderr } = await show('New', '--preview');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Changes of New: 3 to add\n\n {2}\+ {2}Hidden /);
    expect(stderr).toContain('Nothing was changed.');
    expect(await exists('New')).toBe(false);
    expect((await deploy('New', '--preview')).document.result).toMatchObject({ action: 'previewed', operation: 'create' });
    expect((await show('New', '--preview', '--fail-on-changes')).code).toBe(3);
    expect(await exists('New')).toBe(false);
  });

  it('of a stack that is as wished ends with 0, whatever --fail-on-changes says', async () => {
    write(template());
    expect((await deploy('Same')).code).toBe(0);
    const { code, document } = await deploy('Same', '--preview', '--fail-on-changes');
    expect(code).toBe(0);
    expect(document.result).toMatchObject({ action: 'unchanged', changes: [] });
    expect((await show('Same', '--preview')).stdout).toBe('No changes of Same.\n');
  });

  it('shows properties before and after, replacement and wider rights, and removes its change set', async () => {
    write(template());
    expect((await deploy('Shop')).code).toBe(0);
    write(template({ name: 'second', value: 'two', action: 's3:*', more: true }));
    const { code, document, stderr } = await deploy('Shop', '--preview', '--fail-on-changes');
    expect(code, stderr).toBe(3);
    expect(document).toMatchObject({ ok: true, result: { action: 'previewed', operation: 'update', stackName: 'Shop' } });
    expect(document.result).not.toHaveProperty('changeSet');
    expect(document.result.changes).toMatchObject([
      { action: 'Add', logicalId: 'More', resourceType: 'LocalTarget::Test::Probe', replacement: 'False', properties: [] },
      {
        action: 'Modify',
        logicalId: 'Probe',
        replacement: 'True',
        properties: [
          { path: 'Name', before: 'first', after: 'second', requiresRecreation: 'Always' },
          { path: 'Value', before: 'one', after: 'two', requiresRecreation: 'Never' },
        ],
      },
      {
        action: 'Modify',
        logicalId: 'Role',
        replacement: 'False',
        properties: [{ path: 'Policies[0].PolicyDocument.Statement[0].Action', before: 's3:GetObject', after: 's3:*' }],
        widerRights: ['allows s3:* on arn:aws:s3:::b/*'],
      },
    ]);
    const { stdout } = await show('Shop', '--preview');
    expect(stdout).toContain('Changes of Shop: 1 to add, 1 to change, 1 to replace');
    expect(stdout).toMatch(/^ {2}± {2}Probe .* replaced: what the old one holds is lost$/m);
    expect(stdout).toMatch(/^ {7}Name +first → second {2}\(replaces\)$/m);
    expect(stdout).toContain('! wider rights: allows s3:* on arn:aws:s3:::b/*');
    expect(await changeSetsOf('Shop')).toEqual([]);
    expect((await show('Shop', '--preview', '--color')).stdout).toContain('\u001B[31m±');
  });

  it('shows no value of a NoEcho parameter', async () => {
    write(template());
    expect((await deploy('Quiet')).code).toBe(0);
    const { document, stdout, stderr } = await deploy('Quiet', '--preview', '-tp', `Password=${SECRET}`);
    expect(document.result.changes).toMatchObject([{ logicalId: 'Hidden', properties: [{ path: 'Value' }] }]);
    expect(stdout + stderr).not.toContain(SECRET);
  });

  it('of a stack that never came up tells from the template, and does not delete it', async () => {
    write(JSON.stringify({ Resources: { Probe: { Type: 'LocalTarget::Test::Probe', Properties: { FailOn: 'create' } } } }));
    expect((await deploy('Broken')).code).toBe(1);
    const { code, document, stderr } = await deploy('Broken', '--preview');
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ operation: 'recreate', changes: [{ action: 'Add', logicalId: 'Probe' }] });
    expect(await exists('Broken')).toBe(true);
    expect((await deploy('Broken', '--prepare')).document.error).toMatchObject({ code: 'STACK_STATE' });
  });
});

describe('--prepare and --execute', () => {
  it('leave a change set and carry it out later, without the template', async () => {
    write(template());
    expect((await deploy('Twice')).code).toBe(0);
    write(template({ value: 'later' }));
    const prepared = await deploy('Twice', '--prepare');
    expect(prepared.code, prepared.stderr).toBe(0);
    const name = prepared.document.result.changeSet as string;
    expect(prepared.document.result).toMatchObject({ action: 'prepared', changes: [{ logicalId: 'Probe' }] });
    expect(await changeSetsOf('Twice')).toEqual([name]);
    expect(prepared.stderr).toContain(`--execute ${name}`);
    const elsewhere = { cwd: workspace.folder };
    const done = await workspace.json(['deploy-serverless', '-sn', 'Twice', '--local', '--execute', name], elsewhere);
    expect(done.document.result, done.stderr).toMatchObject({ action: 'updated', outputs: { Value: 'later' }, artifacts: [] });
    const again = await workspace.json(['deploy-serverless', '-sn', 'Twice', '--local', '--execute', name], elsewhere);
    expect(again.code).toBe(1);
    expect(again.document.error?.code).toBe('CHANGE_SET_NOT_FOUND');
  });

  it('work for a stack that does not exist yet', async () => {
    write(template());
    const prepared = await deploy('Fresh', '--prepare');
    const name = prepared.document.result.changeSet as string;
    const preview = await deploy('Fresh', '--preview');
    expect(preview.document.result).toMatchObject({ operation: 'create' });
    expect(await changeSetsOf('Fresh')).toEqual([name]);
    expect((await deploy('Fresh', '--execute', name)).document.result).toMatchObject({ action: 'created', outputs: { Value: 'one' } });
  });

  it('name a change set or stack that is not there', async () => {
    expect((await deploy('Fresh', '--execute', 'nothing')).document.error).toMatchObject({
      code: 'CHANGE_SET_NOT_FOUND',
      message: 'Stack Fresh has no change set nothing',
    });
    expect((await deploy('Nowhere', '--execute', 'nothing')).document.error?.code).toBe('STACK_NOT_FOUND');
  });
});

describe('--confirm', () => {
  it('needs --yes where nobody can answer, and says so before anything is done', async () => {
    write(template({ value: 'asked' }));
    const { code, document, stderr } = await deploy('Shop', '--confirm');
    expect(code).toBe(1);
    expect(document.error?.code).toBe('CONFIRMATION_NEEDED');
    expect(stderr).not.toContain('Account');
  });

  it('shows what is done and does it with --yes', async () => {
    write(template({ value: 'asked' }));
    const { code, document, stderr } = await deploy('Shop', '--confirm', '--yes');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Changes of Shop: 1 to change');
    expect(document.result).toMatchObject({ action: 'updated', outputs: { Value: 'asked' } });
  });
});

describe('switches that contradict each other', () => {
  it.each([['--preview', '--prepare'], ['--preview', '--confirm'], ['--prepare', '--execute', 'x'], ['--fail-on-changes']])(
    '%s %s are refused',
    async (...args) => {
      const { code, document } = await deploy('Shop', ...args);
      expect(code).toBe(2);
      expect(document.error?.code).toBe('USAGE');
    },
  );
});
