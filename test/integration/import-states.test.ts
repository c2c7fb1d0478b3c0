import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type CliResult, type Workspace } from '../support/cli.ts';
import { denyingProxy, type DenyingProxy } from '../support/denying-proxy.ts';

/** The local target imports no resources in an operation of their own: its stack is up, and the proxy says that it is in one of these states. */
const NAME = 'Imported';

let workspace: Workspace;
let proxy: DenyingProxy;
let env: Record<string, string>;

beforeAll(async () => {
  workspace = openWorkspace();
  const started = await workspace.run(['deploy-serverless', '-sn', NAME, '--local'], { cwd: project('one') });
  expect(started.code, started.stderr).toBe(0);
  ({ proxy, env } = await denyingProxy(workspace));
});

afterAll(() => {
  proxy.close();
  workspace.close();
});

function project(value: string): string {
  const folder = join(workspace.folder, value);
  mkdirSync(folder, { recursive: true });
  const probe = { Type: 'LocalTarget::Test::Probe', Properties: { Value: value } };
  writeFileSync(join(folder, 'serverless.template'), JSON.stringify({ Resources: { A: probe } }));
  return folder;
}

/** Runs while the stack is said to be in a state, for so many looks at it. */
async function runIn(status: string, looks: number, args: readonly string[], cwd: string): Promise<CliResult & { document: any }> {
  let seen = 0;
  proxy.deny(undefined);
  proxy.alter('DescribeStacks', (text) =>
    (seen += 1) > looks ? text : text.replaceAll(/<StackStatus>\w+<\/StackStatus>/g, `<StackStatus>${status}</StackStatus>`),
  );
  return workspace.json(args, { cwd, env });
}

const DEPLOY = ['deploy-serverless', '-sn', NAME];

describe('a deployment to a stack in', () => {
  it.each(['IMPORT_COMPLETE', 'IMPORT_ROLLBACK_COMPLETE'])('%s updates it', async (status) => {
    const { document, stderr } = await runIn(status, 1, DEPLOY, project(status));
    expect(document, stderr).toMatchObject({ ok: true, result: { action: 'updated' } });
  });

  it.each(['IMPORT_IN_PROGRESS', 'IMPORT_ROLLBACK_IN_PROGRESS'])('%s waits, and refuses with --no-wait-for-stack', async (status) => {
    const refused = await runIn(status, 1, [...DEPLOY, '--no-wait-for-stack'], project(status));
    expect(refused.document.error).toMatchObject({
      code: 'STACK_STATE',
      message: expect.stringContaining(`and --no-wait-for-stack was given (${status})`),
      hint: expect.stringContaining(`lambda-tool watch ${NAME}`),
    });
    const { document, stderr } = await runIn(status, 1, DEPLOY, project(status));
    expect(document, stderr).toMatchObject({ ok: true, result: { action: 'updated' } });
    expect(stderr).toContain('the other operation has ended (UPDATE_COMPLETE)');
  });

  it('IMPORT_ROLLBACK_FAILED is refused, with what helps', async () => {
    const { code, document } = await runIn('IMPORT_ROLLBACK_FAILED', 9, DEPLOY, project('refused'));
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'STACK_STATE', message: expect.stringContaining('(IMPORT_ROLLBACK_FAILED)') });
    expect(proxy.calls).not.toContain('CreateChangeSet');
  });
});

describe('a deletion of a stack in', () => {
  it('IMPORT_IN_PROGRESS is refused with --no-wait-for-stack', async () => {
    const { document } = await runIn('IMPORT_IN_PROGRESS', 9, ['delete-serverless', NAME, '--no-wait-for-stack'], workspace.folder);
    expect(document.error).toMatchObject({ code: 'STACK_STATE', message: expect.stringContaining('(IMPORT_IN_PROGRESS)') });
    expect(proxy.calls).not.toContain('DeleteStack');
  });

  it.each(['IMPORT_COMPLETE', 'IMPORT_ROLLBACK_FAILED', 'IMPORT_ROLLBACK_IN_PROGRESS'])('%s ends with no stack', async (status) => {
    const there = await workspace.run([...DEPLOY, '--local'], { cwd: project(status) });
    expect(there.code, there.stderr).toBe(0);
    const { document, stderr } = await runIn(status, 1, ['delete-serverless', NAME], workspace.folder);
    expect(document, stderr).toMatchObject({ ok: true, result: { deleted: [{ stackName: NAME }] } });
  });
});
