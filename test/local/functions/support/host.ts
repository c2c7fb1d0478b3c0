/** A function host on a folder of its own, with logs that a test can read. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { Call } from '../../../../src/local/functions/execution-environment.ts';
import { createFunctionRunner, type FunctionRunner } from '../../../../src/local/functions/runner.ts';
import type { FunctionHost, FunctionSpec, ZipPackage } from '../../../../src/local/functions/types.ts';

export interface TestHost {
  readonly folder: string;
  readonly host: FunctionHost;
  readonly runner: FunctionRunner;
  /** All lines that functions have logged so far. */
  readonly lines: string[];
  /** A spec of a Node.js function with these files. */
  nodeSpec(files: Readonly<Record<string, string>>, changes?: Partial<FunctionSpec>): Promise<FunctionSpec>;
  zip(files: Readonly<Record<string, string>>, modes?: Readonly<Record<string, number>>): Promise<ZipPackage>;
  close(): Promise<void>;
}

export async function createTestHost(changes: Partial<FunctionHost> = {}): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), 'local-functions-'));
  const lines: string[] = [];
  const host: FunctionHost = {
    folder,
    endpoint: 'http://127.0.0.1:9',
    credentials: { accessKeyId: 'local', secretAccessKey: 'secret' },
    logs: {
      createGroup: () => undefined,
      deleteGroup: () => undefined,
      groupExists: () => true,
      retentionDays: () => undefined,
      append: (_group, _stream, message) => void lines.push(message),
    },
    images: { registryHost: '127.0.0.1:9', credentials: { username: 'AWS', password: 'x' } },
    toLocal: (text) => text,
    log: () => undefined,
    env: { PATH: process.env['PATH'] },
    ...changes,
  };
  const runner = createFunctionRunner(host);
  const zip: TestHost['zip'] = async (files, modes = {}) => {
    const path = join(folder, `${randomUUID()}.zip`);
    await writeZip(path, files, modes);
    const { createHash } = await import('node:crypto');
    const { readFile } = await import('node:fs/promises');
    return await runner.code.keepFile(
      path,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  };
  return {
    folder,
    host,
    runner,
    lines,
    zip,
    nodeSpec: async (files, specChanges = {}) => ({ ...baseSpec(await zip(files)), ...specChanges }),
    async close() {
      await runner.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function writeZip(
  path: string,
  files: Readonly<Record<string, string>>,
  modes: Readonly<Record<string, number>> = {},
): Promise<void> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) {
    zip.addBuffer(Buffer.from(text), name, { mode: modes[name] ?? 0o100644, mtime: new Date(0) });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

export function baseSpec(code: FunctionSpec['package']): FunctionSpec {
  return {
    functionName: 'shop',
    version: '$LATEST',
    functionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:shop',
    region: 'eu-central-1',
    runtime: 'nodejs22.x',
    handler: 'index.handler',
    architecture: 'x86_64',
    memorySizeMb: 256,
    timeoutSeconds: 5,
    environment: {},
    logGroup: '/aws/lambda/shop',
    package: code,
    layers: [],
  };
}

export function callOf(event: unknown, changes: Partial<Call> = {}): Call {
  return {
    requestId: randomUUID(),
    functionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:shop',
    payload: Buffer.from(JSON.stringify(event)),
    streaming: false,
    ...changes,
  };
}

/** Runs a function once and answers its parsed payload. */
export async function callOnce(
  runner: FunctionRunner,
  spec: FunctionSpec,
  event: unknown = {},
): Promise<{ readonly value: unknown; readonly error: string | undefined; readonly logTail: string }> {
  const result = await runner.run(spec, callOf(event));
  return { value: JSON.parse(result.payload.toString('utf8')), error: result.functionError, logTail: result.logTail };
}
