import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { findOwnPort } from '../support/own-port.ts';

const DEPLOY = ['deploy-serverless', '-sn', 'Demo', '-sb', 'some-bucket', '--local'];

describe('a new Node.js project on the local target', () => {
  let workspace: Workspace;
  let project: string;
  let url: string;

  beforeAll(async () => {
    workspace = openWorkspace({ port: await findOwnPort() });
    project = join(workspace.folder, 'hello');
    const made = await workspace.run(['new', 'node', '--name', 'Hello', '-o', 'hello']);
    expect(made.code, made.stderr).toBe(0);
  });
  afterAll(() => workspace.close());

  const answerOf = async (address: string): Promise<{ status: number; body: any }> => {
    const response = await fetch(address);
    return { status: response.status, body: await response.json() };
  };

  it('is deployed, and the printed URL answers', async () => {
    const { code, stdout, stderr } = await workspace.run(DEPLOY, { cwd: project });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^Account 000000000000 · us-east-1 · local target http:\/\/127\.0\.0\.1:\d+$/m);
    expect(stderr).toMatch(/^\[stack Demo\] .*HttpFunction AWS::Lambda::Function CREATE_COMPLETE/m);
    expect(stdout.split('\n')[0]).toMatch(/^Output +Value$/);
    url = /ApiURL +(http:\/\/127\.0\.0\.1:\d+\S*)/.exec(stdout)?.[1] ?? '';
    expect(url).not.toBe('');
    expect((await answerOf(url)).status).toBe(200);
  });

  it('changes nothing when deployed again', async () => {
    const { code, document, stderr } = await workspace.json(DEPLOY, { cwd: project });
    expect(code, stderr).toBe(0);
    expect(document).toMatchObject({ ok: true, command: 'deploy-serverless', warnings: [] });
    expect(document.result).toMatchObject({
      stackName: 'Demo',
      account: '000000000000',
      region: 'us-east-1',
      action: 'unchanged',
      outputs: { ApiURL: url },
    });
    expect(document.result.artifacts).toEqual([
      expect.objectContaining({ kind: 'zip', logicalIds: ['HttpFunction'], built: false, published: false }),
    ]);
    expect(stderr).toContain('no build, no upload, no change set');
  });

  it('gives the new answer after a change', async () => {
    const file = join(project, 'src', 'app.mjs');
    const before = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      `${before}\nconst original = handler;\nexport { wrapped as changed };\nasync function wrapped(event, context) { const answer = await original(event, context); return { ...answer, headers: { ...answer.headers, 'x-changed': 'yes' } }; }\n`,
    );
    const template = join(project, 'serverless.template');
    writeFileSync(template, readFileSync(template, 'utf8').replace('src/app.handler', 'src/app.changed'));
    const { code, document, stderr } = await workspace.json(DEPLOY, { cwd: project });
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ action: 'updated', outputs: { ApiURL: url } });
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-changed')).toBe('yes');
  });

  it('answers after the local target was killed and started again', async () => {
    const { document } = await workspace.json(['local', 'status']);
    process.kill(document.result.pid as number, 'SIGKILL');
    const again = await workspace.json(['local', 'start']);
    expect(again.document.result.endpoint).toBe(document.result.endpoint);
    const { document: deployed } = await workspace.json(DEPLOY, { cwd: project });
    expect(deployed.result.action).toBe('unchanged');
    expect((await fetch(deployed.result.outputs.ApiURL as string)).status).toBe(200);
  });

  it('has logs that can be read', async () => {
    const { code, stdout } = await workspace.run(['local', 'logs', '--function', 'HttpFunction']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/START RequestId: .*\n(.*\n)*.*REPORT RequestId/);
  });

  it('is deleted, and its URL answers no more', async () => {
    const { code, stdout, stderr } = await workspace.run(['delete-serverless', '-sn', 'Demo', '--local']);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe('Stack Demo is deleted.\n');
    expect(stderr).toMatch(/\[stack Demo\] .*HttpFunction AWS::Lambda::Function DELETE_COMPLETE/);
    // Somebody else may have the port by now, and may answer: but not what the app answers.
    const after = await fetch(url).then(
      ({ status }) => status,
      () => undefined,
    );
    expect(after).not.toBe(200);
    const again = await workspace.run(['delete-serverless', 'Demo', '--local']);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain('Stack Demo does not exist');
  });

  it('leaves a bucket that can be emptied and deleted', async () => {
    const refused = await workspace.json(['bucket', 'delete', 'some-bucket', '--local']);
    expect(refused.code).toBe(1);
    expect(refused.document.error?.code).toBe('CONFIRMATION_NEEDED');
    const deleted = await workspace.json(['bucket', 'delete', 'some-bucket', '--local', '--yes']);
    expect(deleted.code).toBe(0);
    expect(deleted.document.result).toMatchObject({ deleted: true, objectsDeleted: 0 });
  });

  it('leaves nothing in the temporary folder once the local target is stopped', async () => {
    expect((await workspace.run(['local', 'stop'])).code).toBe(0);
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });
});
