import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type CliResult, type Workspace } from '../support/cli.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { ociLayout, writeFolder } from '../support/image-archives.ts';
import { BUSYBOX, writeImageProject } from '../support/image-project.ts';
import { watchForSecret, type SecretWatch } from '../support/secret-watch.ts';

const { engine, reason } = await engineOrReason();
const noProc = process.platform === 'linux' ? undefined : 'there is no /proc';
const why = engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : noProc;
if (why !== undefined) console.log(`Where the registry's token might show is not tested for pushes by the engine: ${why}`);

const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

describe.skipIf(noProc !== undefined)('the token of the registry', () => {
  let workspace: Workspace;
  let home: string;
  let token: string;
  /** The local target's own: the other side of the conversation. */
  let keys: string;
  const name = uniqueName('it-token');

  beforeAll(async () => {
    workspace = openWorkspace();
    home = join(workspace.folder, 'home');
    mkdirSync(home);
    const started = await workspace.run(['local', 'start']);
    expect(started.code, started.stderr).toBe(0);
    const status = (await workspace.json(['local', 'status'])).document.result as { folder: string };
    keys = join(status.folder, 'credentials.json');
    token = (JSON.parse(readFileSync(keys, 'utf8')) as { registryPassword: string }).registryPassword;
  });
  afterAll(async () => {
    workspace.close();
    await engine?.removeTag(`${name}:v1`).catch(() => undefined);
  });

  const FEWEST_LOOKS = 6;

  /**
   * Runs a push under watch, and again where it took less time than a few looks. Home, state, cache, temporary files and the project are all
   * below the workspace. Answers the first.
   */
  async function watched(args: readonly string[], env: Record<string, string>): Promise<{ watch: SecretWatch; push: CliResult }> {
    const watch = watchForSecret(token, [workspace.folder]);
    const settings = { HOME: home, XDG_STATE_HOME: join(home, 'state'), XDG_CONFIG_HOME: join(home, 'config'), ...env };
    const run = () => workspace.run([...args, '--local', '--verbose'], { env: settings });
    const push = await run();
    for (let tries = 0; watch.looks < FEWEST_LOOKS && tries < 10; tries += 1) {
      const again = await run();
      expect([again.code, watch.isIn(again.stdout), watch.isIn(again.stderr)]).toEqual([push.code, false, false]);
    }
    await watch.end();
    return { watch, push };
  }

  function expectNothing({ watch, push }: { watch: SecretWatch; push: CliResult }): void {
    expect(watch.looks).toBeGreaterThanOrEqual(FEWEST_LOOKS);
    expect([...watch.seen]).toEqual([keys]);
    expect(statSync(keys).mode & 0o777).toBe(0o600);
    expect([watch.isIn(push.stdout), watch.isIn(push.stderr)]).toEqual([false, false]);
  }

  it('would be found where it does not belong, in any spelling', async () => {
    const watch = watchForSecret(token, [workspace.folder]);
    const file = join(home, 'for-a-moment');
    writeFileSync(file, `{"auth": "${Buffer.from(JSON.stringify({ username: 'AWS', password: token })).toString('base64')}"}`);
    const child = spawn('sleep', ['5'], { env: { LEAKED: token }, argv0: `--password=${token}`, stdio: 'ignore' });
    await sleep(300);
    child.kill();
    await watch.end();
    writeFileSync(file, '');
    expect([...watch.seen].toSorted()).toEqual([`/proc/${child.pid}/cmdline`, `/proc/${child.pid}/environ`, keys, file].toSorted());
    for (const text of [`AWS:${token}`, `..AWS:${token}..`]) expect(watch.isIn(Buffer.from(text).toString('base64'))).toBe(true);
    expect(watch.isIn(randomBytes(100_000).toString('base64'))).toBe(false);
  });

  it('is in no file, process or log of a push straight over HTTP, the first and the second time', async () => {
    const layout = join(workspace.folder, 'layout');
    writeFolder(layout, ociLayout({ layers: [randomBytes(24 * 1024 * 1024), randomBytes(300_000)], isCompressed: false }).files);
    const args = ['push-image', '-ldi', layout, '-it', `${name}:archived`];
    const first = await watched(args, NO_ENGINE);
    expect(first.push.code, first.push.stderr).toBe(0);
    expectNothing(first);
    const again = await watched([...args.slice(0, -1), `${name}:again`], NO_ENGINE);
    expect(again.push.code, again.push.stderr).toBe(0);
    expectNothing(again);
  });

  it('is in no file, process or log of a push that the registry refuses', async () => {
    const layout = join(workspace.folder, 'broken');
    const { files } = ociLayout({ layers: [randomBytes(100_000)] });
    const blobs = Object.keys(files).filter((path) => path.startsWith('blobs/') && (files[path]?.length ?? 0) > 90_000);
    expect(blobs).toHaveLength(1);
    writeFolder(layout, { ...files, [blobs[0] ?? '']: randomBytes(files[blobs[0] ?? '']?.length ?? 0) });
    const refused = await watched(['push-image', '-ldi', layout, '-it', `${name}:broken`], NO_ENGINE);
    expect(refused.push.code).toBe(1);
    expectNothing(refused);
  });

  it.skipIf(why !== undefined)('is in no file, process or log of a build that the engine pushes', async () => {
    const project = join(workspace.folder, 'app');
    writeImageProject(project, name);
    const built = await watched(['push-image', '-pl', project, '-it', `${name}:v1`], {});
    expect(built.push.code, built.push.stderr).toBe(0);
    expect(built.push.stderr).toContain('build started');
    expectNothing(built);
  });
});
