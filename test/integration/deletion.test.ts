import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand, UpdateTerminationProtectionCommand } from '@aws-sdk/client-cloudformation';
import { HeadBucketCommand, ListObjectVersionsCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type CliOptions, type Workspace } from '../support/cli.ts';
import { openHold } from '../support/hold.ts';

let workspace: Workspace;
let stacks: CloudFormationClient;
let s3: S3Client;
let count = 0;

beforeAll(async () => {
  workspace = openWorkspace();
  const { document } = await workspace.json(['local', 'start']);
  const { document: env } = await workspace.json(['local', 'env']);
  const config = {
    endpoint: document.result.endpoint as string,
    region: 'us-east-1',
    credentials: { accessKeyId: env.result.AWS_ACCESS_KEY_ID as string, secretAccessKey: env.result.AWS_SECRET_ACCESS_KEY as string },
  };
  stacks = new CloudFormationClient(config);
  s3 = new S3Client({ ...config, forcePathStyle: true });
});
afterAll(() => {
  stacks.destroy();
  s3.destroy();
  workspace.close();
});

/** Deploys a template of its own; answers the name of the stack. */
async function deploy(template: string, files: Readonly<Record<string, string>> = {}, name = `Del${(count += 1)}`): Promise<string> {
  const cwd = join(workspace.folder, name);
  mkdirSync(cwd, { recursive: true });
  for (const [file, text] of Object.entries({ ...files, 'serverless.template': template })) writeFileSync(join(cwd, file), text);
  const { code, stderr } = await workspace.run(['deploy-serverless', '-sn', name, '-sb', 'deletion-bucket', '--local'], { cwd });
  expect(code, stderr).toBe(0);
  return name;
}

const removeWith = (options: CliOptions, ...args: string[]) => workspace.json(['delete-serverless', '--local', ...args], options);
const remove = (...args: string[]) => removeWith({}, ...args);

async function exists(name: string): Promise<boolean> {
  return stacks.send(new DescribeStacksCommand({ StackName: name })).then(
    () => true,
    () => false,
  );
}

async function outputs(name: string): Promise<Record<string, string>> {
  const { document } = await workspace.json(['describe-serverless', name, '--local']);
  return document.result.outputs as Record<string, string>;
}

/** Two versions of one object, and another object. */
async function fill(bucket: string): Promise<void> {
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  for (const Key of ['a', 'a', 'b']) await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'hello' }));
}

const BUCKETS = `
Resources:
  Uploads: { Type: AWS::S3::Bucket }
  Kept: { Type: AWS::S3::Bucket, DeletionPolicy: Retain }
  Topic: { Type: AWS::SNS::Topic }
  Child: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: child.yaml } }
Outputs:
  Uploads: { Value: !Ref Uploads }
  Kept: { Value: !Ref Kept }
  Inner: { Value: !GetAtt Child.Outputs.Inner }
`;
const CHILD = 'Resources:\n  Inner: { Type: AWS::S3::Bucket }\nOutputs:\n  Inner: { Value: !Ref Inner }\n';

describe('a stack with buckets that hold something', () => {
  let name: string;
  let buckets: Record<string, string>;
  beforeAll(async () => {
    name = await deploy(BUCKETS, { 'child.yaml': CHILD });
    buckets = await outputs(name);
    for (const bucket of Object.values(buckets)) await fill(bucket);
  });

  it('is described by a dry run: what goes, what stays, what is in the way; nothing is changed', async () => {
    const { code, document } = await remove(name, 'Not-there', '--dry-run');
    expect(code).toBe(0);
    expect(document.result).toMatchObject({ dryRun: true, absent: ['Not-there'], stacks: [{ stackName: name, wouldBeDeleted: false }] });
    const [stack] = document.result.stacks as {
      resources: { path: string; fate: string }[];
      obstacles: { message: string; hint: string }[];
      buckets: object[];
    }[];
    expect(Object.fromEntries(stack?.resources.map(({ fate, path }) => [path, fate]) ?? [])).toEqual({
      Uploads: 'delete',
      Kept: 'retain',
      Topic: 'delete',
      Child: 'delete',
      'Child/Inner': 'delete',
    });
    expect(stack?.buckets).toContainEqual({
      path: 'Uploads',
      bucket: buckets['Uploads'],
      emptied: false,
      objects: 2,
      versions: 3,
      bytes: 15,
      complete: true,
    });
    expect(stack?.obstacles.map(({ hint }) => hint)).toEqual([
      `lambda-tool delete-serverless ${name} --empty-buckets Uploads --local`,
      `lambda-tool delete-serverless ${name} --empty-buckets Child/Inner --local`,
    ]);
    const { stdout } = await workspace.run(['delete-serverless', name, '--local', '--dry-run', '--empty-buckets', 'Uploads,Inner']);
    expect(stdout).toContain(`Stack ${name} is up (CREATE_COMPLETE). It would be deleted: 5 resources, 1 of them would stay.`);
    expect(stdout).toMatch(/^Uploads +S3 bucket .*emptied of 2 objects \(3 versions\), 15 B, then deleted$/m);
    expect(stdout).toMatch(/^Kept +S3 bucket .*stays \(DeletionPolicy\)$/m);
    expect(stdout).toMatch(/^s3:\/\/deletion-bucket\/\S+\.template +removed$/m);
    expect(await exists(name)).toBe(true);
    expect((await s3.send(new ListObjectVersionsCommand({ Bucket: buckets['Uploads'] }))).Versions).toHaveLength(3);
  });

  it('is left alone when a bucket is named that is none of its own', async () => {
    const { code, document } = await remove(name, '--empty-buckets', 'Uploads,deletion-bucket');
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'BUCKET_NOT_FOUND', hint: 'Its buckets: Uploads, Kept, Child/Inner' });
    expect((await s3.send(new ListObjectVersionsCommand({ Bucket: buckets['Uploads'] }))).Versions).toHaveLength(3);
  });

  it('cannot be deleted, and the hint says what to empty', async () => {
    const { code, document } = await remove(name);
    expect(code).toBe(1);
    expect(document.error).toMatchObject({
      code: 'STACK_FAILED',
      hint: expect.stringContaining(`delete-serverless ${name} --empty-buckets Uploads,Child/Inner --local`) as string,
    });
  });

  it('is deleted when they are emptied, all versions; what is kept keeps what it holds', async () => {
    const { code, document, stderr } = await remove(name, '--empty-buckets', 'Uploads,Inner');
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ deleted: [{ stackName: name }], absent: [] });
    expect(stderr).toContain(`Uploads (${buckets['Uploads']}) emptied: 3 versions deleted`);
    await expect(s3.send(new HeadBucketCommand({ Bucket: buckets['Uploads'] }))).rejects.toThrow();
    expect((await s3.send(new ListObjectVersionsCommand({ Bucket: buckets['Kept'] }))).Versions).toHaveLength(3);
    const again = await remove(name, '--empty-buckets', 'Uploads,Inner');
    expect(again.document).toMatchObject({ ok: true, result: { deleted: [], absent: [name] } });
  });
});

describe('several stacks at once', () => {
  const exporting = (name: string) =>
    `Resources:\n  A: { Type: LocalTarget::Test::Probe }\nOutputs:\n  Out: { Value: v, Export: { Name: ${name} } }\n`;
  const importing = (name: string, more: object = {}) => {
    const Properties = { Value: { 'Fn::ImportValue': name }, ...more };
    return JSON.stringify({ Resources: { B: { Type: 'LocalTarget::Test::Probe', Properties } } });
  };

  it('go in the order of their imports, however they are named, and side by side otherwise', async () => {
    const base = await deploy(exporting('order-a'));
    const [first, second] = [openHold(workspace), openHold(workspace)];
    const user = await deploy(importing('order-a', first.in('delete')));
    const other = await deploy(importing('order-a', second.in('delete')));
    const alone = await remove(base, user);
    expect(alone.document.error).toMatchObject({ code: 'EXPORT_IN_USE', details: [`order-a is imported by ${other}`] });
    expect(await exists(user)).toBe(true);
    const dry = await remove(base, user, other, '--dry-run');
    expect(dry.document.result.stacks[0]).toMatchObject({ stackName: base, wouldBeDeleted: true, after: [user, other] });
    // Neither can end before the other has begun.
    const begun = (name: string) => new RegExp(`${name} AWS::CloudFormation::Stack DELETE_IN_PROGRESS`);
    const onStderr: CliOptions['onStderr'] = (text, child) => {
      first.untilSaid(begun(other)).onStderr?.(text, child);
      second.untilSaid(begun(user)).onStderr?.(text, child);
    };
    const all = await removeWith({ onStderr }, base, user, other);
    expect(all.document, all.stderr).toMatchObject({
      ok: true,
      result: { deleted: [{ stackName: base }, { stackName: user }, { stackName: other }] },
    });
    const order = all.stderr.split('\n').filter((line) => / AWS::CloudFormation::Stack DELETE_(IN_PROGRESS|COMPLETE)/.test(line));
    const at = (text: string) => order.findIndex((line) => line.includes(text));
    expect(at(`[stack ${base}] ${base} AWS::CloudFormation::Stack DELETE_IN_PROGRESS`)).toBe(4);
    expect(at(`[stack ${other}] ${other} AWS::CloudFormation::Stack DELETE_IN_PROGRESS`)).toBeLessThan(2);
  });

  it('go on when one fails, but for what it imports from, and everything is told', async () => {
    const base = await deploy(exporting('fail-a'));
    const stuck = await deploy(importing('fail-a', { FailOn: 'delete' }));
    const free = await deploy('Resources:\n  T: { Type: AWS::SNS::Topic }\n');
    const { code, document } = await remove(base, stuck, free);
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ message: `2 of 3 stacks could not be deleted: ${base}, ${stuck}` });
    expect(document.error?.details?.join('\n')).toContain(`Stack ${base} was left alone: ${stuck} could not be deleted`);
    expect(document.result).toMatchObject({
      deleted: [{ stackName: free }],
      failed: [
        { stackName: base, code: 'EXPORT_IN_USE' },
        { stackName: stuck, code: 'STACK_FAILED' },
      ],
    });
    expect(await exists(free)).toBe(false);
    const rest = await remove(base, stuck, '--retain', 'B');
    expect(rest.document, rest.stderr).toMatchObject({ ok: true });
  });

  it('are left, or not begun, when the run is interrupted and nobody can be asked', async () => {
    const hold = openHold(workspace);
    const base = await deploy(exporting('cut-a'));
    const user = await deploy(importing('cut-a', hold.in('delete')));
    const other = await deploy(importing('cut-a', hold.in('delete')));
    let sent = false;
    const { code, document } = await removeWith(
      {
        onStderr(text, child) {
          if (sent || (text.match(/ B LocalTarget::Test::Probe DELETE_IN_PROGRESS/g) ?? []).length < 2) return;
          sent = true;
          child.kill('SIGTERM');
        },
      },
      base,
      user,
      other,
    );
    expect(code).toBe(130);
    expect(document.error).toMatchObject({
      code: 'INTERRUPTED',
      message: `Stopped waiting for the stacks ${user}, ${other}; what has begun goes on without us`,
      hint: expect.stringContaining(`lambda-tool watch ${user} --local, lambda-tool watch ${other} --local`) as string,
    });
    expect(document.result).toMatchObject({
      deleted: [],
      interrupted: [{ stackName: user }, { stackName: other }],
      notBegun: [{ stackName: base }],
    });
    hold.release();
    expect((await remove(base, user, other)).document.ok).toBe(true);
  });

  it('are all left alone when one is protected', async () => {
    const locked = await deploy('Resources:\n  T: { Type: AWS::SNS::Topic }\n');
    const free = await deploy('Resources:\n  T: { Type: AWS::SNS::Topic }\n');
    await stacks.send(new UpdateTerminationProtectionCommand({ StackName: locked, EnableTerminationProtection: true }));
    const dry = await remove(locked, free, '--dry-run');
    expect(dry.code).toBe(0);
    expect((dry.document.result.stacks as { wouldBeDeleted: boolean }[]).map(({ wouldBeDeleted }) => wouldBeDeleted)).toEqual([
      false,
      true,
    ]);
    const { document } = await remove(free, locked);
    expect(document.error?.code).toBe('STACK_PROTECTED');
    expect(await exists(free)).toBe(true);
  });
});
