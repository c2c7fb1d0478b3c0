import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestTarget, type TestTarget } from '../services/support/target.ts';
import { call } from './support.ts';

let target: TestTarget;
beforeAll(async () => {
  target = await startTestTarget();
});
afterAll(() => target.close());

async function open(name: string, code: string, url: object = {}, permissions: readonly object[] = BOTH): Promise<string> {
  await target.create('AWS::Lambda::Function', target.nodeFunction(code, { FunctionName: name }));
  for (const [index, permission] of permissions.entries())
    await target.create('AWS::Lambda::Permission', { FunctionName: name, Principal: '*', ...permission }, `P${index}`);
  const made = await target.create('AWS::Lambda::Url', { TargetFunctionArn: name, AuthType: 'NONE', ...url });
  expect(made.attributes['FunctionUrl']).toMatch(/^https:\/\/[a-z2-7]{32}\.lambda-url\.eu-central-1\.on\.aws\/$/);
  return target.apis.urls.toLocal(String(made.attributes['FunctionUrl'])).replace(/\/$/, '');
}

const BOTH = [
  { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
  { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
];
const ECHO = 'exports.handler = async (event) => event;';

describe('a function URL', () => {
  it('answers at the root with an event of format 2.0', async () => {
    const url = await open('echo', ECHO);
    const { json, status } = await call(`${url}/a%20b?x=1`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a%20b',
      rawQueryString: 'x=1',
      body: '{}',
      isBase64Encoded: false,
      requestContext: { stage: '$default', accountId: 'anonymous', http: { method: 'POST' } },
    });
  });

  it('needs both permissions', async () => {
    for (const [index, permission] of BOTH.entries()) {
      const answer = await call(await open(`half${index}`, ECHO, {}, [permission]));
      expect(answer.status).toBe(403);
      expect(String(answer.json['Message'])).toMatch(/^Forbidden\./);
    }
  });

  it('refuses AWS_IAM with a reason', async () => {
    const answer = await call(await open('iam', ECHO, { AuthType: 'AWS_IAM' }));
    expect(answer.status).toBe(403);
    expect(String(answer.json['Message'])).toContain('AWS_IAM');
  });

  it('says 502 when the function fails', async () => {
    const url = await open('broken', 'exports.handler = async () => { throw new Error("x"); };');
    expect(await call(url)).toMatchObject({ status: 502, text: 'Internal Server Error' });
  });

  it('does its own CORS', async () => {
    const url = await open(
      'cors',
      'exports.handler = async () => ({ statusCode: 200, headers: { "Access-Control-Allow-Origin": "nonsense" }, body: "x" });',
      { Cors: { AllowOrigins: ['*'], AllowMethods: ['*'] } },
    );
    const headers = { origin: 'https://any.example' };
    expect((await call(url, { headers })).headers['access-control-allow-origin']).toBe('*');
    const preflight = await call(url, { method: 'OPTIONS', headers: { ...headers, 'access-control-request-method': 'PUT' } });
    expect(preflight).toMatchObject({ status: 200, text: '' });
    expect(preflight.headers['access-control-allow-methods']).toBe('*');
    expect((await call(await open('nocors', ECHO), { headers })).status).toBe(403);
  });

  it('carries large and binary bodies', async () => {
    const url = await open(
      'bytes',
      'exports.handler = async (e) => ({ statusCode: 200, headers: { "content-type": "application/octet-stream" }, isBase64Encoded: true, body: e.body });',
    );
    const body = Buffer.from(Array.from({ length: 3 * 1024 * 1024 }, (_, index) => (index * 7) % 256));
    const answer = await call(url, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
    expect(answer.body.equals(body)).toBe(true);
    expect((await call(url, { method: 'POST', body: Buffer.alloc(6 * 1024 * 1024 + 1) })).status).toBe(413);
  });

  it('streams with RESPONSE_STREAM', async () => {
    const code = `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
      const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'content-type': 'text/event-stream' }, cookies: ['s=1'] });
      for (let i = 0; i < 3; i++) { out.write('data ' + i + ';'); await new Promise((r) => setTimeout(r, 80)); }
      if (event.rawPath === '/fail') throw new Error('late');
      out.end();
    });`;
    const url = await open('stream', code, { InvokeMode: 'RESPONSE_STREAM' });
    const answer = await call(url);
    expect(answer).toMatchObject({ status: 201, text: 'data 0;data 1;data 2;' });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/event-stream', 'set-cookie': ['s=1'] });
    expect((answer.times.at(-1) ?? 0) - (answer.times[0] ?? 0)).toBeGreaterThan(100);
    await expect(call(`${url}/fail`)).rejects.toThrow();
  });

  it('is gone with its resource', async () => {
    const url = await open('gone', ECHO);
    const arn = 'arn:aws:lambda:eu-central-1:000000000000:function:gone';
    await target.remove('AWS::Lambda::Url', { physicalId: arn, attributes: {} }, { TargetFunctionArn: 'gone' });
    await expect(call(url)).rejects.toThrow('ECONNREFUSED');
  });
});
