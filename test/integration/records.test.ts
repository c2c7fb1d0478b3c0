import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createObjectStore, type ObjectStore } from '../../src/clients/s3.ts';
import { openWorkspace, type Workspace } from '../support/cli.ts';

const BUCKET = 'recorded-bucket';
const COMMITS = ['a', 'b', 'c'].map((letter) => letter.repeat(40));
const TEMPLATE = `{
  "AWSTemplateFormatVersion": "2010-09-09",
  "Transform": "AWS::Serverless-2016-10-31",
  "Parameters": {
    "Stage": { "Type": "String", "Default": "dev" },
    "Token": { "Type": "String", "NoEcho": true, "Default": "none" },
    "Fail": { "Type": "String", "Default": "" }
  },
  "Resources": {
    "Fn": {
      "Type": "AWS::Serverless::Function",
      "Properties": { "Runtime": "nodejs22.x", "Handler": "app.handler", "CodeUri": "./src", "Environment": { "Variables": { "STAGE": { "Ref": "Stage" } } } }
    },
    "Probe": { "Type": "LocalTarget::Test::Probe", "Properties": { "FailOn": { "Ref": "Fail" }, "Value": { "Ref": "Stage" } } }
  },
  "Outputs": { "Stage": { "Value": { "Ref": "Stage" } } }
}
`;

describe('recorded deployments', () => {
  let workspace: Workspace;
  let project: string;
  let store: ObjectStore;
  let ids: string[] = [];
  let artifacts: string[] = [];

  const code = (text: string) => writeFileSync(join(project, 'src', 'app.js'), `exports.handler = async () => '${text}';\n`);
  const json = (args: readonly string[], env: Record<string, string> = {}) => workspace.json([...args, '--local'], { cwd: project, env });
  const deploy = (stack: string, args: readonly string[] = [], env: Record<string, string> = {}) =>
    json(['deploy-serverless', '-sn', stack, '-sb', BUCKET, '-sp', 'app/', ...args], env);
  const list = async (stack: string): Promise<any[]> =>
    (await json(['rollback-serverless', stack, '--list'])).document.result.deployments as any[];
  const keys = async (): Promise<string[]> => (await store.listVersions(BUCKET, '')).map(({ key }) => key);
  const zips = async (): Promise<string[]> => (await keys()).filter((key) => key.endsWith('.zip')).toSorted();

  /** A template that leads to no bucket. */
  const inlineTemplate = (): string => {
    writeFileSync(join(project, 'inline.template'), TEMPLATE.replace('"CodeUri": "./src"', '"InlineCode": "exports.handler = 1"'));
    return 'inline.template';
  };

  beforeAll(async () => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'app');
    mkdirSync(join(project, 'src'), { recursive: true });
    writeFileSync(join(project, 'serverless.template'), TEMPLATE);
    const { document } = await workspace.json(['local', 'start']);
    const { document: env } = await workspace.json(['local', 'env']);
    store = await createObjectStore({
      region: 'us-east-1',
      endpoint: document.result.endpoint as string,
      credentials: async () => ({
        accessKeyId: env.result.AWS_ACCESS_KEY_ID as string,
        secretAccessKey: env.result.AWS_SECRET_ACCESS_KEY as string,
      }),
      maxAttempts: 2,
      retryMode: 'standard',
      customUserAgent: [],
    });
  });
  afterAll(() => workspace.close());

  it('tell what, when, by whom and from which commit', async () => {
    for (const [index, commit] of COMMITS.entries()) {
      code(`version ${index + 1}`);
      const { document } = await deploy('Shop', ['-tp', `Stage=stage${index + 1};Token=secret-${index + 1}`], { GITHUB_SHA: commit });
      expect(document).toMatchObject({ ok: true, warnings: [] });
      artifacts.push(document.result.artifacts[0].location as string);
    }
    const deployments = await list('Shop');
    expect(deployments.map(({ action, outcome, current, commit }) => [action, outcome, current, commit])).toEqual([
      ['updated', 'succeeded', true, COMMITS[2]],
      ['updated', 'succeeded', false, COMMITS[1]],
      ['created', 'succeeded', false, COMMITS[0]],
    ]);
    expect(deployments[0]).toMatchObject({ by: expect.stringMatching(/^arn:aws:/), artifacts: { total: 1, present: 1 } });
    ids = deployments.map(({ id }) => id as string).toReversed();
    const { stdout } = await workspace.run(['rollback-serverless', 'Shop', '--list', '--local'], { cwd: project });
    expect(stdout.split('\n')[0]).toMatch(/^Id +When +What +By +Commit +Artifacts$/);
    expect(stdout).toMatch(/updated \(current\) .*cccccccccc +1 of 1$/m);
  });

  it('never hold the value of a secret', async () => {
    for (const key of (await keys()).filter((each) => each.includes('.lambda-tool/')))
      expect(await store.readText(BUCKET, key)).not.toContain('secret-');
  });

  it('cost two calls, and none when nothing has changed', async () => {
    const unchanged = await workspace.run(['deploy-serverless', '-sn', 'Shop', '-sb', BUCKET, '-sp', 'app/', '--local', '--verbose'], {
      cwd: project,
    });
    expect(unchanged.stderr).not.toMatch(/S3 Put|S3 .*lambda-tool/);
    const changed = await workspace.run(
      ['deploy-serverless', '-sn', 'Shop', '-sb', BUCKET, '-sp', 'app/', '-tp', 'Stage=other', '--local', '--verbose'],
      { cwd: project },
    );
    expect(changed.code, changed.stderr).toBe(0);
    const calls = changed.stderr.split('\n').filter((line) => /S3 .*lambda-tool/.test(line));
    expect(calls).toHaveLength(2);
    expect(calls.every((line) => line.startsWith('S3 PutObject '))).toBe(true);
  });

  it('are gone back to: template, parameters and code, without the project', async () => {
    rmSync(join(project, 'src', 'app.js'));
    const { code: exit, document, stderr } = await json(['rollback-serverless', 'Shop', '--to', ids[0]?.slice(-8) ?? '']);
    expect(exit, stderr).toBe(0);
    expect(document.result).toMatchObject({ action: 'rolled-back', of: ids[0], outputs: { Stage: 'stage1' } });
    // Secrets were given again after the first deployment.
    expect(document.warnings).toEqual([expect.stringContaining('Token keeps its present value')]);
    const answer = await workspace.json(['rollback-serverless', 'Shop', '--list', '--local']);
    expect(answer.document.result.deployments[0]).toMatchObject({ action: 'rolled-back', of: ids[0], current: true });
  });

  it('answers unchanged when it is there already, and records nothing', async () => {
    const before = (await list('Shop')).length;
    const { document } = await json(['rollback-serverless', 'Shop', '--to', ids[0] ?? '']);
    expect(document.result.action).toBe('unchanged');
    expect(await list('Shop')).toHaveLength(before);
  });

  it('previews without changing anything', async () => {
    const before = (await list('Shop')).length;
    const { document } = await json(['rollback-serverless', 'Shop', '--to', ids[2] ?? '', '--preview']);
    expect(document.result).toMatchObject({ action: 'previewed', operation: 'update' });
    expect(document.result.changes.length).toBeGreaterThan(0);
    expect(await list('Shop')).toHaveLength(before);
  });

  it('keep failed attempts too, and go back to the deployment before the current one', async () => {
    code('version 4');
    const { document } = await deploy('Shop', ['-tp', 'Fail=update;Stage=four']);
    expect(document.error?.code).toBe('STACK_FAILED');
    const [failed, current] = await list('Shop');
    expect(failed).toMatchObject({ outcome: 'failed', current: false });
    expect(current).toMatchObject({ action: 'rolled-back', current: true });
    const refused = await json(['rollback-serverless', 'Shop', '--to', failed.id as string]);
    expect(refused.document.error).toMatchObject({ code: 'DEPLOYMENT_NOT_FOUND', message: expect.stringContaining('failed') });
    expect((await deploy('Shop', ['-tp', 'Stage=five;Fail='])).document.result.action).toBe('updated');
    const back = await json(['rollback-serverless', 'Shop']);
    expect(back.document.result).toMatchObject({ action: 'rolled-back', outputs: { Stage: 'stage1' } });
  });

  it('name what is missing, and change nothing then', async () => {
    const key = artifacts[1]?.replace(`s3://${BUCKET}/`, '') ?? '';
    await store.deleteVersions(BUCKET, await store.listVersions(BUCKET, key));
    const { code: exit, document } = await json(['rollback-serverless', 'Shop', '--to', ids[1] ?? '']);
    expect(exit).toBe(1);
    expect(document.error).toMatchObject({ code: 'ARTIFACT_MISSING', details: [artifacts[1]] });
    expect((await list('Shop')).find(({ id }) => id === ids[1])).toMatchObject({ artifacts: { total: 1, present: 0 } });
  });

  it('are not believed when a template was changed in the bucket', async () => {
    const record = (await keys()).find((key) => key.endsWith(`${ids[2]}.json`)) ?? '';
    const { template } = JSON.parse((await store.readText(BUCKET, record)) ?? '{}') as { template: { key: string } };
    const text = (await store.readText(BUCKET, template.key)) ?? '';
    await store.deleteVersions(BUCKET, await store.listVersions(BUCKET, template.key));
    await store.uploadText(BUCKET, template.key, text.replace('app.handler', 'evil.handler'));
    const { document } = await json(['rollback-serverless', 'Shop', '--to', ids[2] ?? '']);
    expect(document.error).toMatchObject({ code: 'ARTIFACT_MISSING', message: expect.stringContaining('was changed since') });
  });

  it('say why there are none', async () => {
    // No --local here: what that makes is used.
    const { document: env } = await workspace.json(['local', 'env']);
    const remote = (args: readonly string[]) => workspace.json(args, { cwd: project, env: env.result as Record<string, string> });
    const made = await remote(['deploy-serverless', '-sn', 'Inline', '-t', inlineTemplate()]);
    expect(made.document.result?.action, made.stderr).toBe('created');
    const { document } = await remote(['rollback-serverless', 'Inline']);
    expect(document.error).toMatchObject({ code: 'DEPLOYMENT_NOT_FOUND', message: expect.stringContaining('no bucket was named') });
    expect((await remote(['rollback-serverless', 'Inline', '--list'])).document.result.deployments).toEqual([]);
    expect((await json(['rollback-serverless', 'Nobody'])).document.error?.code).toBe('STACK_NOT_FOUND');
    await json(['delete-serverless', 'Inline']);
  });

  it('are found although nothing in the template leads to them: the last change set tells', async () => {
    const where = ['-sb', BUCKET, '-sp', 'else where/'];
    const told = (stage: string, ...args: string[]) =>
      json(['deploy-serverless', '-sn', 'Told', '-t', inlineTemplate(), ...where, '-tp', `Stage=${stage}`, ...args]);
    for (const stage of ['one', 'two']) expect((await told(stage)).document.result?.action).toMatch(/created|updated/);
    const prepared = await told('three', '--prepare');
    await json(['deploy-serverless', '-sn', 'Told', '--execute', prepared.document.result.changeSet as string]);
    expect((await list('Told')).map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'updated succeeded',
      'updated prepared',
      'updated succeeded',
      'created succeeded',
    ]);
    const back = await json(['rollback-serverless', 'Told']);
    expect(back.document.result, back.stderr).toMatchObject({ action: 'rolled-back', outputs: { Stage: 'two' } });
    expect((await list('Told'))[0]).toMatchObject({ action: 'rolled-back', current: true });
    await json(['delete-serverless', 'Told']);
    expect((await keys()).filter((key) => key.startsWith('else where/'))).toEqual([]);
  });

  it('are made on the local target when no bucket is named, and in the one of --resolve-s3 where it is there', async () => {
    const deployed = (stage: string) => json(['deploy-serverless', '-sn', 'Nowhere', '-t', inlineTemplate(), '-tp', `Stage=${stage}`]);
    await deployed('one');
    await deployed('two');
    const { document: env } = await workspace.json(['local', 'env']);
    const remote = await workspace.json(['deploy-serverless', '-sn', 'Nowhere', '-t', inlineTemplate(), '-tp', 'Stage=three'], {
      cwd: project,
      env: env.result as Record<string, string>,
    });
    expect(remote.document.warnings).toEqual([]);
    expect(await list('Nowhere')).toHaveLength(3);
    expect((await json(['rollback-serverless', 'Nowhere'])).document.result).toMatchObject({ outputs: { Stage: 'two' } });
  });

  it('are gone back to as the switches of a deployment say', async () => {
    const topic = 'arn:aws:sns:us-east-1:000000000000:deployments';
    expect((await json(['rollback-serverless', 'Nowhere', '--preview', '--fail-on-changes'])).code).toBe(3);
    expect((await json(['rollback-serverless', 'Nowhere', '--fail-on-changes'])).code).toBe(2);
    expect((await json(['rollback-serverless', 'Nowhere', '--disable-rollback', '--rollback-alarms', 'Errors'])).code).toBe(2);
    const { document } = await json(['rollback-serverless', 'Nowhere', '--notification-arns', topic, '--termination-protection']);
    expect(document.result, JSON.stringify(document)).toMatchObject({ action: 'rolled-back', outputs: { Stage: 'one' } });
    const { document: described } = await json(['describe-serverless', 'Nowhere']);
    expect(described.result).toMatchObject({ terminationProtection: true, notificationArns: [topic] });

    const failing = ['--to', (await list('Nowhere')).find(({ of }) => of === undefined)?.id as string, '-tp', 'Fail=update'];
    const failed = await json(['rollback-serverless', 'Nowhere', ...failing, '--disable-rollback']);
    expect(failed.document.error).toMatchObject({
      code: 'STACK_FAILED',
      hint: expect.stringContaining('lambda-tool rollback-serverless -sn Nowhere --resume'),
    });
    expect((await json(['describe-serverless', 'Nowhere'])).document.result.status).toBe('UPDATE_FAILED');
    await json(['delete-serverless', 'Nowhere', '--no-termination-protection']);
  });

  it('go with their stack, and so does what was published for it, but for what another stack uses', async () => {
    code('shared');
    expect((await deploy('Shop', ['-tp', 'Stage=six'])).document.result.action).toBe('updated');
    expect((await deploy('Twin')).document.result.action).toBe('created');
    // Not ours: another name.
    await store.uploadText(BUCKET, 'app/notes.zip', 'mine');
    const deleted = await json(['delete-serverless', 'Shop']);
    expect(deleted.document.result.artifacts.kept).toEqual([{ location: expect.stringMatching(/\.zip$/), reason: 'stack Twin uses it' }]);
    expect((await keys()).filter((key) => key.includes('/stacks/Shop/'))).toEqual([]);
    expect(await zips()).toHaveLength(2);
    const last = await json(['delete-serverless', 'Twin']);
    expect(last.document).toMatchObject({
      ok: true,
      warnings: [],
      result: { artifacts: { removed: [expect.stringMatching(/\.zip$/)], kept: [] } },
    });
    expect(await keys()).toEqual(['app/notes.zip']);
  });

  it('keep what a recorded deployment of another stack needs', async () => {
    code('once');
    await deploy('One');
    code('twice');
    await deploy('One');
    code('once');
    await deploy('Two');
    code('thrice');
    await deploy('Two');
    const { document } = await json(['delete-serverless', 'One']);
    expect(document.result.artifacts.removed).toHaveLength(1);
    expect(document.result.artifacts.kept).toEqual([expect.objectContaining({ reason: 'a recorded deployment of Two uses it' })]);
    expect((await json(['rollback-serverless', 'Two'])).document.result.action).toBe('rolled-back');
  });

  it('stay with --keep-artifacts, and gc finds what they leave', async () => {
    expect((await json(['delete-serverless', 'Two', '--keep-artifacts'])).document.result).not.toHaveProperty('artifacts');
    const young = await json(['gc', '-sb', BUCKET, '--dry-run']);
    expect(young.document.result).toMatchObject({ dryRun: true, unused: [], unusedBytes: 0 });
    const before = await keys();
    const dry = await json(['gc', '-sb', BUCKET, '-sp', 'app/', '--dry-run', '--older-than', '0']);
    const found = dry.document.result.unused as any[];
    expect(found.map(({ kind }) => kind as string).toSorted()).toEqual([
      'artifact',
      'artifact',
      'record',
      'record',
      'record',
      'template',
      'template',
    ]);
    expect(found.every(({ removed }) => removed === false)).toBe(true);
    expect(await keys()).toEqual(before);
    const refused = await json(['gc', '-sb', BUCKET, '--older-than', '0']);
    expect(refused.document.error?.code).toBe('CONFIRMATION_NEEDED');
    const swept = await json(['gc', '-sb', BUCKET, '--older-than', '0', '--yes']);
    expect(swept.document.result).toMatchObject({ dryRun: false, failed: [] });
    expect(swept.document.result.unused).toHaveLength(7);
    expect(await keys()).toEqual(['app/notes.zip']);
  });

  it('are forgotten by number, and a prepared change set keeps what it refers to', async () => {
    for (const text of ['x', 'y', 'z']) {
      code(text);
      expect((await deploy('Kept')).document.ok).toBe(true);
    }
    code('prepared');
    const prepared = await deploy('Kept', ['--prepare']);
    expect(prepared.document.result.action).toBe('prepared');
    const { document } = await json(['gc', '-sb', BUCKET, '--older-than', '0', '--keep-deployments', '1', '--yes']);
    expect((document.result.unused as any[]).map(({ kind }) => kind as string).toSorted()).toEqual([
      'artifact',
      'artifact',
      'record',
      'record',
      'template',
      'template',
    ]);
    const executed = await json([
      'deploy-serverless',
      '-sn',
      'Kept',
      '-sb',
      BUCKET,
      '-sp',
      'app/',
      '--execute',
      prepared.document.result.changeSet as string,
    ]);
    expect(executed.document.result?.action, executed.stderr).toBe('updated');
    expect((await list('Kept')).map(({ outcome, current }) => [outcome, current])).toEqual([
      ['succeeded', true],
      ['prepared', false],
      ['succeeded', false],
    ]);
    await json(['delete-serverless', 'Kept']);
    expect(await keys()).toEqual(['app/notes.zip']);
  });

  it('warns and deploys all the same when the bucket cannot be written', async () => {
    writeFileSync(
      join(project, 'plain.template'),
      '{ "Resources": { "Probe": { "Type": "LocalTarget::Test::Probe", "Properties": {} } } }',
    );
    // No --local here: a bucket that is named is made there.
    const { document: env } = await workspace.json(['local', 'env']);
    const { code: exit, document } = await workspace.json(
      ['deploy-serverless', '-sn', 'Plain', '-sb', 'never-made', '-t', 'plain.template'],
      {
        cwd: project,
        env: env.result as Record<string, string>,
      },
    );
    expect(exit).toBe(0);
    expect(document.result.action).toBe('created');
    expect(document.warnings).toEqual([expect.stringContaining('is not recorded in s3://never-made')]);
    await json(['delete-serverless', 'Plain']);
  });
});
