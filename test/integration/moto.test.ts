import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { motoMissing, startMoto, type Moto } from '../support/moto.ts';

const missing = motoMissing();
if (missing !== undefined) console.log(`${missing}: the tests against an emulator that is not ours are skipped`);

describe.skipIf(missing !== undefined)('an emulator that is not ours (moto)', () => {
  let workspace: Workspace;
  let moto: Moto;
  let project: string;
  let env: Record<string, string>;
  const code = (answer: number) =>
    writeFileSync(join(project, 'src', 'index.js'), `exports.handler = async () => ({ answer: ${answer} });\n`);

  beforeAll(async () => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'app');
    mkdirSync(join(project, 'src'), { recursive: true });
    code(1);
    writeFileSync(
      join(project, 'serverless.template'),
      `{
  // Plain CloudFormation: moto does not know the serverless transform
  "AWSTemplateFormatVersion": "2010-09-09",
  "Parameters": { "Stage": { "Type": "String", "Default": "dev" } },
  "Resources": {
    "Role": {
      "Type": "AWS::IAM::Role",
      "Properties": {
        "AssumeRolePolicyDocument": {
          "Version": "2012-10-17",
          "Statement": [{ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }]
        }
      }
    },
    "Fn": {
      "Type": "AWS::Lambda::Function",
      "Properties": { "Runtime": "nodejs22.x", "Handler": "index.handler", "Code": "./src", "Role": { "Fn::GetAtt": ["Role", "Arn"] } }
    }
  }
}
`,
    );
    moto = await startMoto();
    env = {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'eu-west-1',
    };
  });
  afterAll(async () => {
    await moto.close();
    workspace.close();
  });

  const run = (...args: string[]) => workspace.json(args, { cwd: project, env });
  const deploy = (...args: string[]) => run('deploy-serverless', '-sn', 'Plain', '-sb', 'moto-bucket', ...args);

  it('takes the whole life of an application', async () => {
    expect((await run('bucket', 'create', 'moto-bucket')).document).toMatchObject({ ok: true, result: { created: true } });
    expect((await deploy()).document).toMatchObject({
      ok: true,
      result: { action: 'created', region: 'eu-west-1', artifacts: [{ published: true }] },
    });
    expect((await deploy()).document).toMatchObject({
      ok: true,
      result: { action: 'unchanged', artifacts: [{ built: false, published: false }] },
    });
    expect((await run('watch', 'Plain')).document).toMatchObject({ ok: true, result: { watched: false, status: 'CREATE_COMPLETE' } });
    const listed = await run('list-serverless');
    expect(listed.document).toMatchObject({
      ok: true,
      result: { stacks: [{ stackName: 'Plain', status: 'CREATE_COMPLETE', ours: true }] },
    });
    const described = await run('describe-serverless', 'Plain');
    expect(described.document).toMatchObject({
      ok: true,
      result: { stackName: 'Plain', meaning: 'is up', parameters: { Stage: 'dev' }, endpoints: [] },
    });
    expect((described.document.result.resources as { path: string }[]).map(({ path }) => path)).toEqual(['Role', 'Fn']);
    expect((await run('describe-serverless', 'Plan')).document.error).toMatchObject({
      code: 'STACK_NOT_FOUND',
      hint: 'Did you mean Plain?',
    });
    code(2);
    expect((await deploy('-tp', 'Stage=prod;Nope=1')).document).toMatchObject({
      ok: true,
      result: { action: 'updated' },
      warnings: ['The template declares no parameter Nope; it was left out'],
    });
    const dryRun = await run('delete-serverless', 'Plain', '--dry-run');
    expect(dryRun.document.result.stacks).toMatchObject([
      { wouldBeDeleted: true, resources: [{ path: 'Role', fate: 'delete' }, { path: 'Fn' }] },
    ]);
    expect((await run('rollback-serverless', 'Plain', '--list')).document.result.deployments).toMatchObject([
      { action: 'updated', outcome: 'succeeded', current: true, artifacts: { total: 1, present: 1 } },
      { action: 'created', outcome: 'succeeded', current: false, artifacts: { total: 1, present: 1 } },
    ]);
    expect((await run('rollback-serverless', 'Plain')).document).toMatchObject({ ok: true, result: { action: 'rolled-back' } });
    expect((await run('gc', '-sb', 'moto-bucket', '--older-than', '0', '--dry-run')).document).toMatchObject({
      ok: true,
      result: { unused: [] },
    });
    expect((await run('delete-serverless', '-sn', 'Plain')).document).toMatchObject({
      ok: true,
      result: { deleted: [{ stackName: 'Plain' }], artifacts: { removed: [expect.any(String), expect.any(String)], kept: [] } },
      warnings: [],
    });
    expect((await run('gc', '-sb', 'moto-bucket', '--older-than', '0', '--yes')).document).toMatchObject({
      ok: true,
      result: { unused: [] },
    });
    expect((await run('bucket', 'delete', 'moto-bucket', '--yes')).document).toMatchObject({ ok: true, result: { deleted: true } });
  });

  it('says which bucket is missing before anything is built', async () => {
    const { code: exit, document, stderr } = await run('deploy-serverless', '-sn', 'Other', '-sb', 'never-made');
    expect(exit).toBe(1);
    expect(document.error).toMatchObject({ code: 'BUCKET_NOT_FOUND', message: expect.stringContaining('never-made') });
    expect(stderr).not.toContain('[zip');
  });
});
