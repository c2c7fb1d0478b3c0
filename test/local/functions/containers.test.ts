import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTAINER_LABEL, containerLabel } from '../../../src/local/functions/container-environment.ts';
import type { ImagePackage } from '../../../src/local/functions/types.ts';
import { buildBusyboxImage, containersWith, hasEngine, removeImage } from './support/busybox.ts';
import { baseSpec, callOnce, createTestHost, type TestHost } from './support/host.ts';

const run = promisify(execFile);
const engine = await hasEngine();
if (!engine) console.warn('No container engine answers: the tests of functions in containers are skipped.');
const tag = `local-functions-test:${randomBytes(6).toString('hex')}`;
const ANSWER =
  'case "$EVENT" in *sleep*) $B sleep 30;; *die*) exit 3;; esac; echo "log of $AWS_LAMBDA_FUNCTION_NAME" >&2; echo "{\\"event\\":$EVENT,\\"pid\\":\\"$($B hostname)\\",\\"arg\\":\\"$1\\",\\"dir\\":\\"$PWD\\",\\"endpoint\\":\\"$AWS_ENDPOINT_URL\\"}"';

describe.skipIf(!engine)('a function in a container', () => {
  let test: TestHost;
  let image: ImagePackage;
  beforeAll(async () => {
    const id = await buildBusyboxImage(tag, ANSWER);
    test = await createTestHost({ env: { PATH: process.env['PATH'], DOCKER_HOST: process.env['DOCKER_HOST'] } });
    image = {
      kind: 'image',
      imageUri: '127.0.0.1:9/shop@sha256:0',
      repository: 'shop',
      digest: `sha256:${'0'.repeat(64)}`,
      configDigest: id,
      command: undefined,
      entryPoint: undefined,
      workingDirectory: undefined,
    };
  });
  afterAll(async () => {
    await test.close();
    await removeImage(tag);
  });
  const label = () => `${CONTAINER_LABEL}=${containerLabel(test.folder)}`;
  const spec = (changes = {}) => ({ ...baseSpec(image), runtime: undefined, functionName: 'boxed', ...changes });

  it('reaches the Runtime API, answers and logs', async () => {
    const { error, logTail, value } = await callOnce(test.runner, spec(), { a: 1 });
    expect(error).toBeUndefined();
    expect(value).toMatchObject({ event: { a: 1 }, endpoint: 'http://127.0.0.1:9' });
    expect(logTail).toContain('log of boxed');
    expect(await containersWith(label())).toHaveLength(1);
    await callOnce(test.runner, spec(), { a: 2 });
    expect(await containersWith(label())).toHaveLength(1);
  });

  it('takes command, entry point and folder of ImageConfig', async () => {
    const own = { ...image, entryPoint: ['/bin/busybox', 'sh', '/bootstrap'], command: ['hello'], workingDirectory: '/tmp' };
    const { value } = await callOnce(test.runner, spec({ functionName: 'configured', package: own }), {});
    expect(value).toMatchObject({ arg: 'hello', dir: '/tmp' });
  });

  it('is ended when it runs over its time, and when it dies another takes its place', async () => {
    const short = spec({ functionName: 'short', timeoutSeconds: 1 });
    expect((await callOnce(test.runner, short, 'sleep')).value).toMatchObject({ errorType: 'Sandbox.Timedout' });
    // Engines tell of the end of a container late when they are busy.
    const patient = spec({ functionName: 'patient', timeoutSeconds: 15 });
    const died = await callOnce(test.runner, patient, 'die');
    expect(died.value).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/exit status 3$/) });
    expect((await callOnce(test.runner, patient, 'fine')).error).toBeUndefined();
  });

  it('has the memory that the function asks for', async () => {
    const [id = ''] = await containersWith(label());
    const { stdout } = await run('docker', ['inspect', '--format', '{{.HostConfig.Memory}}', id]);
    expect(Number(stdout)).toBe(256 * 1024 * 1024);
  });

  it('says so when the image is nowhere', async () => {
    const lost = { ...image, configDigest: `sha256:${'1'.repeat(64)}` };
    const { error, value } = await callOnce(test.runner, spec({ functionName: 'lost', package: lost }));
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({
      errorType: 'InvalidImage',
      errorMessage: expect.stringContaining('cannot pull 127.0.0.1:9/shop@sha256'),
    });
  });

  it('is removed when the runner closes, and by the next runner after a crash', async () => {
    const own = await createTestHost({ env: {} });
    const ownLabel = `${CONTAINER_LABEL}=${containerLabel(own.folder)}`;
    await callOnce(own.runner, spec(), {});
    expect(await containersWith(ownLabel)).toHaveLength(1);
    await own.runner.close();
    expect(await containersWith(ownLabel)).toHaveLength(0);
    await run('docker', ['create', '--label', ownLabel, tag]);
    await own.runner.recover();
    expect(await containersWith(ownLabel)).toHaveLength(0);
    await own.close();
  });

  it('needs an engine: without one the message names what was tried', async () => {
    const own = await createTestHost({ env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
    const { value } = await callOnce(own.runner, spec(), {});
    expect(value).toMatchObject({
      errorType: 'LocalTarget.NoContainerEngine',
      errorMessage: expect.stringContaining('unix:///nowhere/docker.sock (ENOENT)'),
    });
    await own.close();
  });
});

describe('a runtime that only AWS has an image of', () => {
  it('is named with the reason when there is no engine', async () => {
    const own = await createTestHost({ env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
    const python = {
      ...baseSpec(await own.zip({ 'app.py': 'def handler(e, c): return 1' })),
      runtime: 'python3.13',
      handler: 'app.handler',
    };
    expect(await own.runner.whyNot(python)).toMatch(
      /^the runtime python3\.13 needs a container of public\.ecr\.aws\/lambda\/python:3\.13: No container engine answers/,
    );
    expect(await own.runner.whyNot({ ...python, runtime: 'custom' })).toContain('customer-managed runtimes');
    expect(await own.runner.whyNot({ ...python, runtime: 'provided.al2023' })).toContain('no file named bootstrap');
    expect((await callOnce(own.runner, { ...python, runtime: 'custom' })).value).toMatchObject({ errorType: 'LocalTarget.CannotRun' });
    await own.close();
  });
});
