import { open, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureLocalTarget, type LocalTarget, stopLocalTarget } from '../../src/local/index.ts';
import { findOwnPort } from '../support/own-port.ts';
import { bundleDaemon } from './support/daemon-bundle.ts';
import { awsCliEnvironment, hasProgram, runProgram } from './support/programs.ts';

let daemon: Awaited<ReturnType<typeof bundleDaemon>>;
let parent: string;
let folder: string;
let port: number;

beforeAll(async () => {
  daemon = await bundleDaemon();
});
afterAll(() => daemon.remove());
beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'lambda-tool-daemon-'));
  folder = path.join(parent, 'state');
  port = await findOwnPort();
});
afterEach(async () => {
  await stopLocalTarget(folder);
  await rm(parent, { recursive: true, force: true, maxRetries: 5 });
});

const start = (): Promise<LocalTarget> => ensureLocalTarget({ folder, daemonEntry: daemon.entry, version: '1.0.0', port });

const TEMPLATE = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      CodeUri: ./code
      Events:
        Root: { Type: HttpApi, Properties: { Path: /hello, Method: GET } }
Outputs:
  Url: { Value: !Sub "https://\${ServerlessHttpApi}.execute-api.\${AWS::Region}.amazonaws.com/hello" }
`;

describe.skipIf(!hasProgram('aws'))('the whole daemon', () => {
  it('takes a package and a deployment of the aws command, answers, and answers again after a kill', async () => {
    const target = await start();
    const aws = async (...args: string[]) => {
      const result = await runProgram('aws', args, { env: awsCliEnvironment(target), cwd: parent });
      expect(result.code, `${args.join(' ')}: ${result.stderr}`).toBe(0);
      return result.stdout;
    };
    await writeFile(path.join(parent, 'template.yaml'), TEMPLATE);
    await runProgram('mkdir', [path.join(parent, 'code')]);
    await writeFile(path.join(parent, 'code', 'index.mjs'), 'export const handler = async () => ({ hello: "there" });');
    await aws('s3', 'mb', 's3://artefacts');
    await aws(
      'cloudformation',
      'package',
      '--template-file',
      'template.yaml',
      '--s3-bucket',
      'artefacts',
      '--output-template-file',
      'packaged.yaml',
    );
    const capabilities = ['--capabilities', 'CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'];
    await aws('cloudformation', 'create-stack', '--template-body', 'file://packaged.yaml', '--stack-name', 'hello', ...capabilities);
    const status = ['describe-stacks', '--stack-name', 'hello', '--query', 'Stacks[0].StackStatus', '--output', 'text'];
    await expect.poll(() => aws('cloudformation', ...status), { timeout: 20_000 }).toContain('CREATE_COMPLETE');
    const query = ['--query', 'Stacks[0].Outputs[0].OutputValue', '--output', 'text'];
    const url = (await aws('cloudformation', 'describe-stacks', '--stack-name', 'hello', ...query)).trim();
    expect(await (await fetch(url)).json()).toEqual({ hello: 'there' });
    process.kill(target.pid, 'SIGKILL');
    await start();
    expect(await (await fetch(url)).json()).toEqual({ hello: 'there' });
    await aws('cloudformation', 'delete-stack', '--stack-name', 'hello');
    // The command's own waiter looks every 30 seconds.
    const describeStack = () =>
      runProgram('aws', ['cloudformation', 'describe-stacks', '--stack-name', 'hello'], { env: awsCliEnvironment(target) });
    await expect.poll(async () => (await describeStack()).stderr, { timeout: 20_000 }).toContain('does not exist');
    // Another target on this machine may have got the port meanwhile.
    const afterwards = await fetch(url).then(
      (answer) => answer.text(),
      () => 'nothing answers',
    );
    expect(afterwards).not.toContain('there');
  });
});

const SIZE = 300 * 1024 * 1024;
/** What may be added to the memory of the daemon, however large the content. */
const MAX_GROWTH_KB = 100 * 1024;

async function memoryKb(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]);
}

describe.skipIf(process.platform !== 'linux' || !hasProgram('curl'))('the memory of the daemon', () => {
  it('does not grow with what is uploaded and downloaded', async () => {
    const target = await start();
    const options = { endpoint: target.endpoint, region: target.region, credentials: target.credentials };
    const s3 = new S3Client(options);
    const ecr = new ECRClient(options);
    await s3.send(new CreateBucketCommand({ Bucket: 'large' }));
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'large' }));
    const token = (await ecr.send(new GetAuthorizationTokenCommand({}))).authorizationData?.[0]?.authorizationToken;
    const file = path.join(parent, 'large.bin');
    const handle = await open(file, 'w');
    await handle.truncate(SIZE);
    await handle.close();
    const before = await memoryKb(target.pid, 'VmRSS');
    const { accessKeyId, secretAccessKey } = target.credentials;
    const signing = `user = "${accessKeyId}:${secretAccessKey}"\naws-sigv4 = "aws:amz:us-east-1:s3"\nheader = "x-amz-content-sha256: UNSIGNED-PAYLOAD"\n`;
    const basic = `header = "authorization: Basic ${token}"\n`;
    const curl = async (config: string, ...args: string[]) => {
      const result = await runProgram('curl', ['-sS', '--fail', '--config', '-', ...args], { input: config });
      expect(result.code, result.stderr).toBe(0);
      return result.stdout;
    };
    await curl(signing, '-T', file, `${target.endpoint}/large/k`);
    expect((await s3.send(new HeadObjectCommand({ Bucket: 'large', Key: 'k' }))).ContentLength).toBe(SIZE);
    await curl(signing, '-o', '/dev/null', `${target.endpoint}/large/k`);
    const headers = await curl(basic, '-X', 'POST', '-D', '-', `${target.endpoint}/v2/large/blobs/uploads/`);
    const location = /location: (\S+)/i.exec(headers)?.[1];
    await curl(basic, '-X', 'PATCH', '-T', file, `${target.endpoint}${location}`);
    expect((await memoryKb(target.pid, 'VmHWM')) - before).toBeLessThan(MAX_GROWTH_KB);
  });
});
