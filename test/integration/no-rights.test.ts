import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type CliDocument, type Workspace } from '../support/cli.ts';
import { denyingProxy, type DenyingProxy } from '../support/denying-proxy.ts';

let workspace: Workspace;
let proxy: DenyingProxy;
let env: Record<string, string>;
let count = 0;

beforeAll(async () => {
  workspace = openWorkspace();
  await workspace.run(['bucket', 'create', 'rights', '--local']);
  ({ proxy, env } = await denyingProxy(workspace));
});

afterAll(() => {
  proxy.close();
  workspace.close();
});

function project(): string {
  const folder = join(workspace.folder, `project-${count}`);
  mkdirSync(folder, { recursive: true });
  const fn = { Handler: 'index.handler', Runtime: 'nodejs22.x', Code: '.', Role: 'arn:aws:iam::000000000000:role/any' };
  writeFileSync(join(folder, 'index.js'), `exports.handler = async () => ${count};\n`);
  writeFileSync(
    join(folder, 'serverless.template'),
    JSON.stringify({ Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties: fn } } }),
  );
  return folder;
}

/** A first deployment by somebody who may do anything but what fits. */
async function deployWithout(
  action: RegExp,
  ...args: string[]
): Promise<{ name: string; document: CliDocument; calls: readonly string[] }> {
  const name = `rights-${(count += 1)}`;
  const cwd = project();
  proxy.deny(action);
  const { document } = await workspace.json(['deploy-serverless', '-sn', name, '-sb', 'rights', ...args], { cwd, env });
  const calls = [...proxy.calls];
  proxy.deny(undefined);
  return { name, document, calls };
}

const isThere = async (name: string): Promise<boolean> => (await workspace.run(['describe-serverless', name, '--local'])).code === 0;

describe('a deployment without the right to', () => {
  it.each([
    ['GetCallerIdentity', /^GetCallerIdentity$/],
    ['DescribeStacks', /^DescribeStacks$/],
    ['CreateChangeSet', /^CreateChangeSet$/],
    ['DescribeChangeSet', /^DescribeChangeSet$/],
    ['DescribeStackEvents', /^DescribeStackEvents$/],
    ['ExecuteChangeSet', /^ExecuteChangeSet$/],
  ])('%s names the right and leaves nothing behind', async (right, action) => {
    const { document, name } = await deployWithout(action);
    expect(document.error).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(right),
      hint: `The identity needs the permission for ${right}; see docs/iam-policy.md`,
    });
    expect(await isThere(name)).toBe(false);
  });

  it.each([
    ['list the bucket', /^s3:HEAD \/rights\/$/, 'BUCKET_FOREIGN', 's3:ListBucket'],
    ['put the code there', /^s3:PUT .*\.zip/, 'ACCESS_DENIED', 'PutObject'],
  ])('%s does not get as far as a change set', async (_, action, code, right) => {
    const { calls, document } = await deployWithout(action);
    expect(document.error).toMatchObject({ code, message: expect.stringContaining(right) });
    expect(calls).not.toContain('CreateChangeSet');
  });

  it.each([
    ['DescribeEvents', /^DescribeEvents$/, []],
    ['look for an object', /^s3:HEAD .*\.zip/, []],
    ['put records', /^s3:PUT .*\.lambda-tool\//, [expect.stringContaining('The deployment is not recorded')]],
  ])('%s does its work all the same', async (_, action, warnings) => {
    const { document } = await deployWithout(action);
    expect(document).toMatchObject({ ok: true, result: { action: 'created' }, warnings });
  });
});

describe('a first deployment that is only looked at', () => {
  it('leaves nothing behind when its change set may not be read', async () => {
    const { document, name } = await deployWithout(/^DescribeChangeSet$/, '--preview');
    expect(document.error?.code).toBe('ACCESS_DENIED');
    expect(await isThere(name)).toBe(false);
  });
});
