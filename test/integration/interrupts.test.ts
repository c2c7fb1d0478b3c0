import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeImageProject } from '../support/image-project.ts';
import { startSlowCloudFormation, type SlowCloudFormation } from '../support/slow-cloudformation.ts';

const { engine, reason } = await engineOrReason();
const noImages = engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : undefined;
if (noImages !== undefined) console.log(`Interrupting a build is not tested: ${noImages}`);

let workspace: Workspace;
let slow: SlowCloudFormation | undefined;
beforeAll(() => {
  workspace = openWorkspace();
});
afterAll(() => {
  slow?.close();
  workspace.close();
});

/** Runs until `pattern` is on stderr, then sends the signal; answers how it ended and how long that took. */
async function interrupt(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; pattern: RegExp; signal?: NodeJS.Signals },
) {
  let sentAt = 0;
  const result = await workspace.run(args, {
    cwd: options.cwd,
    env: options.env ?? {},
    onStderr: (text, child) => {
      if (sentAt === 0 && options.pattern.test(text)) {
        sentAt = Date.now();
        child.kill(options.signal ?? 'SIGINT');
      }
    },
  });
  expect(sentAt, result.stderr).toBeGreaterThan(0);
  return { ...result, tookMs: Date.now() - sentAt };
}

function plainProject(name: string): string {
  const cwd = join(workspace.folder, name);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'serverless.template'), 'Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n');
  return cwd;
}

const keys = (endpoint: string) => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  AWS_REGION: 'eu-west-1',
});

describe('an interrupt', () => {
  it.skipIf(noImages !== undefined)('ends a build with everything in it, and touches no stack', async () => {
    const cwd = join(workspace.folder, 'img');
    const repository = uniqueName('it-interrupt');
    writeImageProject(cwd, repository);
    const marker = String(40_000 + (process.pid % 10_000));
    writeFileSync(join(cwd, 'Dockerfile'), `${readFileSync(join(cwd, 'Dockerfile'), 'utf8')}RUN sleep ${marker}\n`);
    const { code, stderr, tookMs } = await interrupt(['deploy-serverless', '-sn', 'Cut', '--local'], { cwd, pattern: /RUN sleep/ });
    expect(code).toBe(130);
    expect(stderr).toContain('Error INTERRUPTED');
    expect(stderr).not.toContain('[stack');
    expect(tookMs).toBeLessThan(10_000);
    await expect
      .poll(() => execFileSync('ps', ['axww', '-o', 'args'], { encoding: 'utf8' }).includes(`sleep ${marker}`), { timeout: 60_000 })
      .toBe(false);
    const { document } = await workspace.json(['delete-serverless', 'Cut', '--local']);
    expect(document.result.absent).toEqual(['Cut']);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'removes a change set that is not ready yet, and the empty stack with it (%s)',
    async (signal) => {
      slow?.close();
      slow = await startSlowCloudFormation({ pendingChangeSet: true });
      const args = ['deploy-serverless', '-sn', 'Slow', '--output', 'json'];
      const cwd = plainProject('pending');
      let sent = false;
      const started = Date.now();
      const result = await workspace.run(args, {
        cwd,
        env: keys(slow.endpoint),
        onStart: (child) => {
          const timer = setInterval(() => {
            if (sent || slow?.calls.includes('DescribeChangeSet') !== true) return;
            sent = true;
            clearInterval(timer);
            child.kill(signal);
          }, 20);
        },
      });
      expect(result.code).toBe(130);
      expect(Date.now() - started).toBeLessThan(10_000);
      expect(JSON.parse(result.stdout)).toMatchObject({ ok: false, error: { code: 'INTERRUPTED' } });
      expect(slow.calls).toContain('DeleteChangeSet');
      expect(slow.calls).toContain('DeleteStack');
      expect(slow.calls).not.toContain('ExecuteChangeSet');
    },
  );

  it('leaves a stack operation to AWS, and says how to follow it', async () => {
    slow?.close();
    slow = await startSlowCloudFormation();
    const { code, stdout, stderr, tookMs } = await interrupt(['deploy-serverless', '-sn', 'Slow'], {
      cwd: plainProject('running'),
      env: keys(slow.endpoint),
      pattern: /Fn AWS::Lambda::Function CREATE_IN_PROGRESS/,
    });
    expect(code).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toContain('Error INTERRUPTED: Stopped waiting for stack Slow');
    expect(stderr).toContain('See how it ends: lambda-tool watch Slow --region eu-west-1; once it has ended, run the same command again');
    expect(tookMs).toBeLessThan(10_000);
    expect(slow.calls).not.toContain('DeleteStack');
  });

  /** Sends itself the signals as soon as it listens for them, before anything of the program is loaded. */
  const early = (...signals: readonly string[]) => {
    const kill = signals.map((name) => `process.kill(process.pid, '${name}')`).join(';');
    const listening = `const on = process.on; process.on = function (name, listener) { on.call(this, name, listener); if (name === 'SIGHUP') { process.on = on; ${kill} } return this }`;
    return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(listening)}` };
  };

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('is answered although the program is still loaded (%s)', async (signal) => {
    const { code, document, stderr } = await workspace.json(['new', 'node', '-o', 'never-made'], { env: early(signal) });
    expect(code, stderr).toBe(130);
    expect(document).toMatchObject({ ok: false, command: 'new', error: { code: 'INTERRUPTED' } });
    expect(existsSync(join(workspace.folder, 'never-made'))).toBe(false);
  });

  it('ends at once when it is the second one, also while the program is loaded', async () => {
    const { code, stdout } = await workspace.run(['new', '--list'], { env: early('SIGINT', 'SIGTERM') });
    expect([code, stdout]).toEqual([130, '']);
  });

  it('leaves nothing in the temporary folder', () => {
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });
});
