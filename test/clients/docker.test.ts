import { spawnSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBuildContext, packBuildContext } from '../../src/artifacts/build-context.ts';
import type { Builder } from '../../src/clients/docker-build.ts';
import type { ContainerEngine } from '../../src/clients/docker.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';

const { engine: found, reason } = await engineOrReason();
if (found === undefined) console.warn(`skipped: builds with a real engine: ${reason}`);
const platform = found?.architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64';

describe.skipIf(found === undefined).each<Builder>(['BuildKit', 'classic'])('a build with %s', (builder) => {
  const engine = found as ContainerEngine;
  let folder: string;
  let name: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'engine-test-'));
    name = uniqueName();
    await copyFile('/bin/busybox', join(folder, 'busybox'));
    await chmod(join(folder, 'busybox'), 0o755);
  });
  afterEach(async () => {
    await engine.removeTag(`${name}:1`);
    await rm(folder, { recursive: true });
  });

  async function build(
    dockerfile: string,
    more: { args?: Record<string, string>; target?: string; signal?: AbortSignal; onLine?: (line: string) => void } = {},
  ) {
    await writeFile(join(folder, 'Dockerfile'), dockerfile);
    const context = await listBuildContext(folder, join(folder, 'Dockerfile'));
    return engine.build({
      context: () => packBuildContext(context),
      dockerfile: context.dockerfile,
      platform,
      buildArgs: more.args ?? {},
      target: more.target,
      tag: `${name}:1`,
      builder,
      signal: more.signal,
      onLine: more.onLine,
    });
  }
  const run = (...command: string[]) => spawnSync('docker', ['run', '--rm', `${name}:1`, ...command], { encoding: 'utf8' });

  it('makes an image of one manifest for the platform, with arguments and target', async () => {
    const lines: string[] = [];
    const id = await build(
      'FROM scratch AS wanted\nARG WORD\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo said $WORD > /word; echo to the log"]\nENTRYPOINT ["/bin/sh"]\nFROM wanted AS unwanted\nRUN ["/bin/sh", "-c", "exit 9"]\n',
      {
        args: { WORD: 'hello' },
        target: 'wanted',
        onLine: (line) => lines.push(line),
      },
    );
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await engine.inspect(`${name}:1`)).toMatchObject({ id, os: 'linux', architecture: engine.architecture, hasCommand: true });
    expect(run('-c', 'cat /word').stdout).toBe('said hello\n');
    expect(lines.join('\n')).toContain('to the log');
    expect(lines.join('\n')).toMatch(/RUN/);
  });

  it('sends links, modes and names that need no care elsewhere', async () => {
    await mkdir(join(folder, 'sub dir'));
    await writeFile(join(folder, 'sub dir/ü+(1).txt'), 'text');
    await chmod(join(folder, 'sub dir/ü+(1).txt'), 0o640);
    await symlink('sub dir/ü+(1).txt', join(folder, 'link'));
    await build('FROM scratch\nCOPY . /app/\nCOPY busybox /bin/sh\nENTRYPOINT ["/bin/sh"]\n');
    expect(run('-c', 'cat /app/link; stat -c " %a %u" "/app/sub dir/ü+(1).txt"').stdout).toBe('text 640 0\n');
  });

  it('fails with the step and its last lines', async () => {
    const failing = build('FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo the real reason >&2; exit 3"]\n');
    const error = await failing.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('exit 3') });
    expect((error as { details: string[] }).details.join('\n')).toContain('the real reason');
  });

  it('fails when the Dockerfile is wrong, and when it copies what is not there', async () => {
    await expect(build('FROM scratch\nNONSENSE here\n')).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/nonsense/i),
    });
    await expect(build('FROM scratch\nCOPY missing.txt /\n')).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('missing.txt'),
    });
  });

  it('can be interrupted in the middle of a step, which ends with it', async () => {
    const controller = new AbortController();
    const mark = `86${Math.floor(Math.random() * 1e6)}`;
    const building = build(`FROM scratch\nCOPY busybox /bin/sh\nRUN ["/bin/sh", "-c", "echo begun; sleep ${mark}"]\n`, {
      signal: controller.signal,
      onLine: (line) => line.includes('begun') && !line.includes('RUN') && controller.abort(),
    });
    await expect(building).rejects.toMatchObject({ name: 'AbortError' });
    for (let tries = 0; tries < 100 && isRunning(`sleep ${mark}`); tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isRunning(`sleep ${mark}`)).toBe(false);
  });

  it('takes a Dockerfile that is ignored, or lies outside of the context', async () => {
    await writeFile(join(folder, '.dockerignore'), '*\n!busybox\n');
    await build('FROM scratch\nCOPY busybox /bin/sh\n');
    const outside = await mkdtemp(join(tmpdir(), 'engine-test-'));
    await writeFile(join(outside, 'My.Dockerfile'), 'FROM scratch\nCOPY busybox /bin/sh\nCOPY . /app/\n');
    const context = await listBuildContext(folder, join(outside, 'My.Dockerfile'));
    await engine.build({
      context: () => packBuildContext(context),
      dockerfile: context.dockerfile,
      platform,
      buildArgs: {},
      tag: `${name}:1`,
      builder,
    });
    await rm(outside, { recursive: true });
  });
});

function isRunning(command: string): boolean {
  return spawnSync('pgrep', ['-f', `^/?[a-z/]*${command}$|${command}$`], { encoding: 'utf8' })
    .stdout.split('\n')
    .some((pid) => pid !== '' && Number(pid) !== process.pid);
}
