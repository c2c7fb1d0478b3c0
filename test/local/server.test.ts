import { connect } from 'node:net';
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { CreateBucketCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, DecodeAuthorizationMessageCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcessTarget, startInProcessTarget } from './support/in-process-target.ts';
import { awsCliEnvironment, hasProgram, runProgram } from './support/programs.ts';

let target: InProcessTarget;
let s3: S3Client;

beforeAll(async () => {
  target = await startInProcessTarget();
  s3 = new S3Client(target.clientOptions());
  await s3.send(new CreateBucketCommand({ Bucket: 'presigned' }));
});
afterAll(async () => {
  s3.destroy();
  await target.close();
});

/** Sends bytes as they are, which no HTTP client lets one do with Host. Answers status line and body. */
function sendRaw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(target.port, '127.0.0.1', () => socket.end(request));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('utf8')));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

function get(path: string, host: string, extra = ''): Promise<string> {
  return sendRaw(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${extra}connection: close\r\n\r\n`);
}

describe('addresses', () => {
  it('come back as they were when nothing answers for them here, and not for web pages', async () => {
    const body = JSON.stringify({ addresses: ['https://abc123.execute-api.us-east-1.amazonaws.com/Prod/', 'https://example.com/'] });
    const ask = (extra: string) =>
      sendRaw(
        `POST /_lambda-tool/addresses HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\ncontent-length: ${body.length}\r\n${extra}connection: close\r\n\r\n${body}`,
      );
    const answer = await ask('');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('["https://abc123.execute-api.us-east-1.amazonaws.com/Prod/","https://example.com/"]');
    expect(await ask('origin: https://example.com\r\n')).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('web pages', () => {
  it('cannot reach the target through a name of their own', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${target.port}`,
      '127.0.0.1',
      `127.0.0.1:1`,
      `localhost.evil.example:${target.port}`,
      '',
    ]) {
      for (const path of ['/_lambda-tool/health', '/v2/', '/']) expect(await get(path, host), host + path).toMatch(/^HTTP\/1\.1 40[03] /);
    }
  });

  it('are let in under no other name than those of the loopback', async () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]', 'bucket.localhost', 'LOCALHOST']) {
      expect(await get('/_lambda-tool/health', `${name}:${target.port}`), name).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  it('are refused by their Origin and by Sec-Fetch-Site', async () => {
    const host = `127.0.0.1:${target.port}`;
    for (const header of [
      'origin: https://evil.example\r\n',
      'origin: null\r\n',
      `origin: http://${host}\r\n`,
      'sec-fetch-site: cross-site\r\n',
    ]) {
      for (const path of ['/_lambda-tool/health', '/v2/', '/bucket/key']) {
        expect(await get(path, host, header), header + path).toMatch(/^HTTP\/1\.1 403 /);
      }
    }
    expect(await get('/_lambda-tool/health', host, 'sec-fetch-site: none\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('get no CORS headers for a preflight', async () => {
    const answer = await sendRaw(
      `OPTIONS /bucket/key HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\norigin: https://evil.example\r\naccess-control-request-method: PUT\r\nconnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer.toLowerCase()).not.toContain('access-control-allow');
  });
});

describe('signatures', () => {
  it('of another key or another secret are refused in the words of each service', async () => {
    const wrongSecret = { ...target.clientOptions(), credentials: { ...target.credentials, secretAccessKey: 'wrong' } };
    const wrongKey = { ...target.clientOptions(), credentials: { ...target.credentials, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' } };
    const codeOf = (call: Promise<unknown>) => call.then(() => 'accepted').catch((error: Error) => error.name);
    expect(await codeOf(new S3Client(wrongSecret).send(new ListBucketsCommand({})))).toBe('SignatureDoesNotMatch');
    expect(await codeOf(new S3Client(wrongKey).send(new ListBucketsCommand({})))).toBe('InvalidAccessKeyId');
    expect(await codeOf(new STSClient(wrongSecret).send(new GetCallerIdentityCommand({})))).toBe('SignatureDoesNotMatch');
    expect(await codeOf(new STSClient(wrongKey).send(new GetCallerIdentityCommand({})))).toBe('InvalidClientTokenId');
    expect(await codeOf(new ECRClient(wrongSecret).send(new DescribeRepositoriesCommand({})))).toBe('SignatureDoesNotMatch');
    expect(await codeOf(new ECRClient(wrongKey).send(new DescribeRepositoriesCommand({})))).toBe('UnrecognizedClientException');
  });

  it('have to be there', async () => {
    const unsigned = await fetch(`${target.endpoint}/presigned?list-type=2`);
    expect([unsigned.status, await unsigned.text()]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code>')]);
    const form = await fetch(target.endpoint, { method: 'POST', body: new URLSearchParams({ Action: 'GetCallerIdentity' }) });
    expect([form.status, await form.text()]).toEqual([403, expect.stringContaining('<Code>MissingAuthenticationToken</Code>')]);
    const json = await fetch(target.endpoint, { method: 'POST', body: '{}', headers: { 'x-amz-target': 'X.Y' } });
    expect([json.status, json.headers.get('x-amzn-errortype')]).toEqual([403, 'MissingAuthenticationToken']);
  });

  it('of the second version are refused by name', async () => {
    const answer = await fetch(`${target.endpoint}/presigned/k?AWSAccessKeyId=x&Signature=y&Expires=1`);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('AWS4-HMAC-SHA256')]);
  });

  it('cover the body', async () => {
    const signer = createSigner('sts');
    const signed = await signer.sign({
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: target.port,
      path: '/',
      query: {},
      headers: { host: `127.0.0.1:${target.port}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    const { host: _host, ...headers } = signed.headers;
    const send = (body: string) => fetch(target.endpoint, { method: 'POST', headers, body });
    expect((await send('Action=GetCallerIdentity&Version=2011-06-15')).status).toBe(200);
    const changed = await send('Action=GetSessionToken&Version=2011-06-15');
    expect([changed.status, await changed.text()]).toEqual([403, expect.stringContaining('SignatureDoesNotMatch')]);
  });

  it('of long ago are refused', async () => {
    const signed = await createSigner('s3').sign(
      {
        method: 'GET',
        protocol: 'http:',
        hostname: '127.0.0.1',
        path: '/',
        query: {},
        headers: { host: `127.0.0.1:${target.port}`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      { signingDate: new Date(Date.now() - 3_600_000) },
    );
    const { host: _host, ...headers } = signed.headers;
    const answer = await fetch(`${target.endpoint}/`, { headers });
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('RequestTimeTooSkewed')]);
  });

  it('in the query let a presigned URL write and read, for its time and its key only', async () => {
    const put = await presign('PUT', '/presigned/a%20key', 60);
    expect((await fetch(put, { method: 'PUT', body: 'by URL' })).status).toBe(200);
    const get = await presign('GET', '/presigned/a%20key', 60);
    expect(await (await fetch(get)).text()).toBe('by URL');
    expect((await fetch(get.replace('a%20key', 'other'))).status).toBe(403);
    const late = await presign('GET', '/presigned/a%20key', 1, new Date(Date.now() - 5000));
    const refused = await fetch(late);
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('Request has expired')]);
  });

  it('with any special character in path and query are computed as the SDK does', async () => {
    for (const Key of ["a!b'c(d)e*f", 'ä/€/😀', 'x?y#z&w=v', '%41', 'a//b', '.hidden/../up', '~-._']) {
      await s3.send(new PutObjectCommand({ Bucket: 'presigned', Key, Body: Key, Tagging: 'k=v%20w' }));
      expect(target.aws.objects.find('presigned', Key), Key).toBeDefined();
    }
  });
});

function createSigner(service: string): SignatureV4 {
  class Sha256 {
    readonly #hash;
    constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
      this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
    }
    update(data: string | ArrayBuffer | ArrayBufferView): void {
      this.#hash.update(toBytes(data));
    }
    digest(): Promise<Uint8Array> {
      return Promise.resolve(this.#hash.digest());
    }
    reset(): void {}
  }
  return new SignatureV4({
    service,
    region: 'us-east-1',
    credentials: target.credentials,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
  });
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): string | Buffer {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

async function presign(method: string, path: string, expiresIn: number, signingDate = new Date()): Promise<string> {
  const signed = await createSigner('s3').presign(
    {
      method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: target.port,
      path,
      query: {},
      headers: { host: `127.0.0.1:${target.port}`, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    },
    { expiresIn, signingDate, unhoistableHeaders: new Set(['x-amz-content-sha256']), unsignableHeaders: new Set(['x-amz-content-sha256']) },
  );
  const query = new URLSearchParams(signed.query as Record<string, string>).toString().replaceAll('+', '%20');
  return `${target.endpoint}${path}?${query}`;
}

describe('requests', () => {
  it('that the target does not implement answer 501 and name the operation', async () => {
    const sts = new STSClient(target.clientOptions());
    await expect(sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage: 'x' }))).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('sts:DecodeAuthorizationMessage'),
      $metadata: { httpStatusCode: 501 },
    });
    const signed = await createSigner('sqs').sign({
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      query: {},
      headers: { host: `127.0.0.1:${target.port}`, 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: '{}',
    });
    const { host: _host, ...headers } = signed.headers;
    const answer = await fetch(target.endpoint, { method: 'POST', headers, body: '{}' });
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([501, 'NotImplemented']);
  });

  it('tell who the caller is, and lend the caller a role', async () => {
    const sts = new STSClient(target.clientOptions('eu-west-1'));
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: '000000000000',
      Arn: 'arn:aws:iam::000000000000:root',
    });
    const { Credentials, AssumedRoleUser } = await sts.send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/deployer', RoleSessionName: 'me' }),
    );
    expect(AssumedRoleUser?.Arn).toBe('arn:aws:sts::000000000000:assumed-role/deployer/me');
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
    await new S3Client({ ...target.clientOptions(), credentials }).send(new ListBucketsCommand({}));
  });

  it('are answered with the id that the log and the error name', async () => {
    const answer = await fetch(`${target.endpoint}/x`);
    expect(await answer.text()).toMatch(/<RequestId>[0-9a-f-]{36}<\/RequestId>/);
  });

  it('may wait for 100-continue', async () => {
    const url = new URL(await presign('PUT', '/presigned/waited', 60));
    const head = `PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 4\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n`;
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(target.port, '127.0.0.1', () => socket.write(head));
      let text = '';
      socket.on('data', (chunk) => {
        if (text === '') socket.write('body');
        text += chunk.toString('utf8');
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });

  it('with nonsense in them do not end the server', async () => {
    for (const raw of [
      'nonsense\r\n\r\n',
      'GET http://127.0.0.1/ HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /%zz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    ]) {
      expect(await sendRaw(raw)).toMatch(/^HTTP\/1\.1 40[03]/);
    }
    expect((await fetch(`${target.endpoint}/_lambda-tool/health`)).status).toBe(200);
  });

  it('to stop need the token', async () => {
    expect((await fetch(`${target.endpoint}/_lambda-tool/stop`, { method: 'POST' })).status).toBe(403);
  });
});

const hasAws = hasProgram('aws');
const hasCurl = hasProgram('curl');

describe.skipIf(!hasAws)('the aws command', () => {
  it('knows its caller, makes buckets, copies files both ways and removes them', async () => {
    const env = awsCliEnvironment(target);
    const aws = async (...args: string[]) => {
      const result = await runProgram('aws', args, { env, input: 'from stdin' });
      expect(result.stderr, args.join(' ')).toBe('');
      return result.stdout;
    };
    expect(JSON.parse(await aws('sts', 'get-caller-identity'))).toMatchObject({ Account: '000000000000' });
    await aws('s3', 'mb', 's3://from-the-cli', '--region', 'eu-west-1');
    await aws('s3', 'cp', '-', 's3://from-the-cli/some folder/key+1', '--region', 'eu-west-1');
    expect(await aws('s3', 'ls', 's3://from-the-cli/', '--recursive', '--region', 'eu-west-1')).toContain('some folder/key+1');
    expect(await aws('s3', 'cp', 's3://from-the-cli/some folder/key+1', '-', '--region', 'eu-west-1')).toBe('from stdin');
    const location = await aws('s3api', 'get-bucket-location', '--bucket', 'from-the-cli');
    expect(JSON.parse(location)).toEqual({ LocationConstraint: 'eu-west-1' });
    await aws('s3', 'rb', '--force', 's3://from-the-cli', '--region', 'eu-west-1');
    expect(await aws('ecr', 'describe-repositories')).toContain('[]');
  });
});

describe.skipIf(!hasCurl)('curl', () => {
  it('signs requests and reaches buckets by path and by host name', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'presigned', Key: 'by-curl', Body: 'hello' }));
    const signed = ['-sS', '--fail', '--aws-sigv4', 'aws:amz:us-east-1:s3', '--config', '-'];
    const config = `user = "${target.credentials.accessKeyId}:${target.credentials.secretAccessKey}"\nheader = "x-amz-content-sha256: UNSIGNED-PAYLOAD"\n`;
    for (const url of [`${target.endpoint}/presigned/by-curl`, `http://presigned.localhost:${target.port}/by-curl`]) {
      expect(await runProgram('curl', [...signed, url], { input: config }), url).toMatchObject({ stdout: 'hello', code: 0 });
    }
  });
});
