import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REGION, startTestTarget, type TestTarget } from '../services/support/target.ts';
import { call } from './support.ts';

const ECHO =
  'exports.handler = async (event) => ({ statusCode: 200, headers: { "X-One": "1" }, multiValueHeaders: { "Set-Cookie": ["a=1", "b=2"] }, body: JSON.stringify(event) });';
/** Answers with what the request's body says, whatever that is. */
const SAY = 'exports.handler = async (event) => JSON.parse(event.body);';

let target: TestTarget;
let origin: string;
let apiId: string;

const uri = (arn: string) => `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${arn}/invocations`;
const proxy = (arn: string) => ({
  'x-amazon-apigateway-integration': { httpMethod: 'POST', type: 'aws_proxy', uri: uri(arn) },
  responses: {},
});
const mockOptions = {
  'x-amazon-apigateway-integration': {
    type: 'mock',
    requestTemplates: { 'application/json': '{\n  "statusCode" : 200\n}\n' },
    responses: {
      default: {
        statusCode: '200',
        responseParameters: {
          'method.response.header.Access-Control-Allow-Origin': "'https://shop.example'",
          'method.response.header.Access-Control-Allow-Methods': "'GET,OPTIONS'",
        },
        responseTemplates: { 'application/json': '{}\n' },
      },
    },
  },
};

async function makeFunction(name: string, code: string, allowed = true): Promise<string> {
  const { attributes } = await target.create('AWS::Lambda::Function', target.nodeFunction(code, { FunctionName: name, Timeout: 3 }));
  if (allowed) {
    const permission = {
      FunctionName: name,
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:${REGION}:000000000000:*/*/*/*`,
    };
    await target.create('AWS::Lambda::Permission', permission, `${name}Permission`);
  }
  return String(attributes['Arn']);
}

beforeAll(async () => {
  target = await startTestTarget();
  const echo = await makeFunction('echo', ECHO);
  const say = await makeFunction('say', SAY);
  const locked = await makeFunction('locked', ECHO, false);
  const slow = await makeFunction('slow', 'exports.handler = () => new Promise((r) => setTimeout(r, 2000));');
  const broken = await makeFunction('broken', 'exports.handler = async () => { throw new Error("broken"); };');
  const streamed = await makeFunction(
    'streamed',
    'exports.handler = awslambda.streamifyResponse(async (e, s) => { const o = awslambda.HttpResponseStream.from(s, { statusCode: 202, headers: { "content-type": "text/plain" } }); o.write("one "); await new Promise((r) => setTimeout(r, 150)); o.write("two"); o.end(); });',
  );
  const upstream = createServer((request, response) => response.setHeader('x-up', '1').end(`${request.method} ${request.url}`)).listen(
    0,
    '127.0.0.1',
  );
  await new Promise((resolve) => upstream.once('listening', resolve));
  upstream.unref();
  const Body = {
    swagger: '2.0',
    info: { title: 'Shop' },
    paths: {
      '/': { get: proxy(echo) },
      '/items/{id}': { get: { ...proxy(echo), operationId: 'getItem' }, options: mockOptions },
      '/items/special': { get: proxy(say) },
      '/files/{proxy+}': { 'x-amazon-apigateway-any-method': proxy(echo) },
      '/say': { post: proxy(say) },
      '/locked': { get: proxy(locked) },
      '/slow': { get: { 'x-amazon-apigateway-integration': { type: 'aws_proxy', uri: uri(slow), timeoutInMillis: 200 } } },
      '/broken': { get: proxy(broken) },
      '/stream': {
        get: {
          'x-amazon-apigateway-integration': {
            type: 'aws_proxy',
            uri: uri(streamed).replace('2015-03-31', '2021-11-15').replace('/invocations', '/response-streaming-invocations'),
            responseTransferMode: 'STREAM',
          },
        },
      },
      '/up/{name}': {
        get: {
          'x-amazon-apigateway-integration': {
            type: 'http_proxy',
            httpMethod: 'GET',
            uri: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/x/{name}`,
          },
        },
      },
    },
  };
  const api = await target.create('AWS::ApiGateway::RestApi', { Body, BinaryMediaTypes: ['image~1png', 'application/octet-stream'] });
  apiId = api.physicalId;
  await target.create('AWS::ApiGateway::Stage', { RestApiId: apiId, StageName: 'Prod', Variables: { colour: 'red' } });
  origin = target.apis.urls.toLocal(`https://${apiId}.execute-api.${REGION}.amazonaws.com`);
});
afterAll(() => target.close());

describe('a REST API', () => {
  it('has an origin of its own on loopback', () => {
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(origin).not.toBe(target.endpoint);
    expect(target.apis.urls.toLocal('see https://unknown.execute-api.eu-central-1.amazonaws.com/x')).toContain('unknown.execute-api');
  });

  it('hands the function an event of format 1.0', async () => {
    const answer = await call(`${origin}/Prod/items/a%20b?q=1&q=2&e=&p=%C3%A4`, { headers: { 'X-Custom': ['one', 'two'], cookie: 'c=1' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(answer.headers).toMatchObject({ 'x-one': '1', 'content-type': 'application/json' });
    expect(answer.json).toMatchObject({
      resource: '/items/{id}',
      path: '/items/a%20b',
      httpMethod: 'GET',
      pathParameters: { id: 'a%20b' },
      queryStringParameters: { q: '2', e: '', p: 'ä' },
      multiValueQueryStringParameters: { q: ['1', '2'], e: [''], p: ['ä'] },
      headers: {
        'X-Custom': 'two',
        cookie: 'c=1',
        'X-Forwarded-Proto': 'http',
        'X-Forwarded-For': '127.0.0.1',
        'X-Forwarded-Port': new URL(origin).port,
        Host: new URL(origin).host,
      },
      multiValueHeaders: { 'X-Custom': ['one', 'two'] },
      stageVariables: { colour: 'red' },
      body: null,
      isBase64Encoded: false,
      requestContext: {
        accountId: '000000000000',
        apiId,
        domainName: new URL(origin).host,
        httpMethod: 'GET',
        identity: { sourceIp: '127.0.0.1' },
        operationName: 'getItem',
        path: '/Prod/items/a%20b',
        protocol: 'HTTP/1.1',
        resourcePath: '/items/{id}',
        stage: 'Prod',
      },
    });
  });

  it('chooses the most specific resource, then its method', async () => {
    expect((await call(`${origin}/Prod/files/a/b/c`, { method: 'DELETE' })).json).toMatchObject({
      resource: '/files/{proxy+}',
      pathParameters: { proxy: 'a/b/c' },
    });
    expect((await call(`${origin}/Prod/`)).json).toMatchObject({ resource: '/', path: '/' });
    expect((await call(`${origin}/Prod`)).json).toMatchObject({ path: '/' });
    expect((await call(`${origin}/Prod/items/special`, { method: 'GET' })).status).toBe(502); // say() without a body fails
    expect((await call(`${origin}/Prod/items/x`, { method: 'POST' })).status).toBe(403);
  });

  it('says what AWS says when nothing answers', async () => {
    expect(await call(`${origin}/Prod/nothing/here`)).toMatchObject({ status: 403, json: { message: 'Missing Authentication Token' } });
    expect(await call(`${origin}/Other/`)).toMatchObject({ status: 403, json: { message: 'Forbidden' } });
  });

  const answers: readonly (readonly [string, unknown, number, string])[] = [
    ['no statusCode', { body: 'x' }, 200, 'x'],
    ['a numeric text', { statusCode: '201', body: 'x' }, 201, 'x'],
    ['no body', { statusCode: 204 }, 204, ''],
    ['an unknown member', { statusCode: 200, bodyy: 'x' }, 502, '{"message":"Internal server error"}'],
    ['a body that is no text', { statusCode: 200, body: { a: 1 } }, 502, '{"message":"Internal server error"}'],
    ['a text', 'hello', 502, '{"message":"Internal server error"}'],
    ['null', null, 502, '{"message":"Internal server error"}'],
    ['a status of 99', { statusCode: 99 }, 502, '{"message":"Internal server error"}'],
    ['a header with a line end', { statusCode: 200, headers: { a: 'b\r\nc: d' } }, 502, '{"message":"Internal server error"}'],
    ['a header that is a number', { statusCode: 200, headers: { a: 5 }, body: 'x' }, 200, 'x'],
  ];
  it.each(answers)('takes or refuses an answer with %s', async (_name, value, status, text) => {
    expect(await call(`${origin}/Prod/say`, { method: 'POST', body: JSON.stringify(value) })).toMatchObject({ status, text });
  });

  it('decodes binary bodies both ways, by media type and Accept', async () => {
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255, 254]);
    const sent = await call(`${origin}/Prod/files/x`, { method: 'PUT', body: png, headers: { 'content-type': 'image/png' } });
    expect(sent.json).toMatchObject({ isBase64Encoded: true, body: png.toString('base64') });
    const body = JSON.stringify({
      statusCode: 200,
      headers: { 'content-type': 'image/png' },
      isBase64Encoded: true,
      body: png.toString('base64'),
    });
    const decoded = await call(`${origin}/Prod/say`, { method: 'POST', body, headers: { accept: 'image/png, */*' } });
    expect(decoded.body.equals(png)).toBe(true);
    const text = await call(`${origin}/Prod/say`, { method: 'POST', body, headers: { accept: 'text/html' } });
    expect(text.text).toBe(png.toString('base64'));
  });

  it('tells of failures as AWS does, and why in the log', async () => {
    expect(await call(`${origin}/Prod/broken`)).toMatchObject({ status: 502, json: { message: 'Internal server error' } });
    expect(await call(`${origin}/Prod/locked`)).toMatchObject({ status: 500, json: { message: 'Internal server error' } });
    expect(target.log.join('\n')).toMatch(/does not let API Gateway invoke it.*GET\/locked/);
    expect(await call(`${origin}/Prod/slow`)).toMatchObject({ status: 504, json: { message: 'Endpoint request timed out' } });
  });

  it('refuses bodies of more than 10 MB', async () => {
    const answer = await call(`${origin}/Prod/say`, { method: 'POST', body: Buffer.alloc(10 * 1024 * 1024 + 1, 'x') });
    expect(answer).toMatchObject({ status: 413 });
  });

  it('streams where the integration says so', async () => {
    const answer = await call(`${origin}/Prod/stream`);
    expect(answer).toMatchObject({ status: 202, text: 'one two' });
    expect(answer.headers['content-type']).toBe('text/plain');
    expect((answer.times.at(-1) ?? 0) - (answer.times[0] ?? 0)).toBeGreaterThan(80);
  });

  it('passes requests on to other servers', async () => {
    expect(await call(`${origin}/Prod/up/me?a=b`)).toMatchObject({ status: 200, text: 'GET /x/me?a=b' });
  });
});

describe('web pages', () => {
  const item = () => `${origin}/Prod/items/1`;
  const cases: readonly (readonly [string, Record<string, string>, number])[] = [
    ['of nowhere: not a browser', {}, 200],
    ['of the API itself', { origin: 'SELF' }, 200],
    ['of a development server on this machine', { origin: 'http://localhost:5173' }, 200],
    ['that the OPTIONS method names', { origin: 'https://shop.example' }, 200],
    ['of elsewhere', { origin: 'https://evil.example' }, 403],
    ['in a sandbox', { origin: 'null' }, 403],
    ['with a name that only looks local', { origin: 'http://localhost.evil.example' }, 403],
    ['that embed an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['that link here', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 200],
    ['with a rebound name', { host: 'evil.example' }, 403],
    ['under a name of .localhost', { host: 'shop.localhost:PORT' }, 200],
  ];
  it.each(cases)('%s', async (_name, headers, status) => {
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('SELF', origin).replace('PORT', new URL(origin).port)]),
    );
    expect((await call(item(), { headers: filled })).status).toBe(status);
  });

  it('get their preflight answered by the MOCK integration', async () => {
    const answer = await call(item(), {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'GET' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-methods': 'GET,OPTIONS',
    });
  });
});

describe('an API made of single resources', () => {
  it('answers as one made of a document', async () => {
    const { physicalId: id, attributes } = await target.create('AWS::ApiGateway::RestApi', { Name: 'Parts' });
    const items = { RestApiId: id, ParentId: attributes['RootResourceId'], PathPart: 'items' };
    const resource = await target.create('AWS::ApiGateway::Resource', items);
    const below = await target.create('AWS::ApiGateway::Resource', { RestApiId: id, ParentId: resource.physicalId, PathPart: '{id}' });
    const echo = `arn:aws:lambda:${REGION}:000000000000:function:echo`;
    const method = {
      RestApiId: id,
      ResourceId: below.physicalId,
      HttpMethod: 'ANY',
      AuthorizationType: 'NONE',
      Integration: { Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST', Uri: uri(echo) },
    };
    const made = await target.create('AWS::ApiGateway::Method', method);
    await target.create('AWS::ApiGateway::Deployment', { RestApiId: id, StageName: 'dev' });
    const at = target.apis.urls.toLocal(`https://${id}.execute-api.${REGION}.amazonaws.com/dev/items/7`);
    expect((await call(at)).json).toMatchObject({ resource: '/items/{id}', pathParameters: { id: '7' }, requestContext: { stage: 'dev' } });
    await target.remove('AWS::ApiGateway::Method', made, method);
    expect((await call(at)).status).toBe(403);
    await expect(target.create('AWS::ApiGateway::Resource', items)).rejects.toThrow('already has this name');
  });

  it('keeps its port over a restart, and gets another when that is taken', async () => {
    let own = await startTestTarget();
    const { attributes } = await own.create('AWS::Lambda::Function', own.nodeFunction(ECHO, { FunctionName: 'kept' }));
    const Body = {
      paths: {
        '/': {
          get: {
            'x-amazon-apigateway-integration': {
              type: 'aws_proxy',
              uri: uri(String(attributes['Arn'])),
              credentials: 'arn:aws:iam::000000000000:role/x',
            },
          },
        },
      },
      info: { title: 'x' },
    };
    const api = await own.create('AWS::ApiGateway::RestApi', { Body });
    await own.create('AWS::ApiGateway::Stage', { RestApiId: api.physicalId, StageName: 'Prod' });
    const address = (of: TestTarget) => of.apis.urls.toLocal(`https://${api.physicalId}.execute-api.${REGION}.amazonaws.com`);
    const before = address(own);
    own = await own.restart();
    expect(address(own)).toBe(before);
    expect((await call(`${before}/Prod/`)).status).toBe(200);
    await own.stop();
    const squatter = createServer().listen(Number(new URL(before).port), '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    own = await startTestTarget({ folder: own.folder });
    expect(address(own)).not.toBe(before);
    expect((await call(`${address(own)}/Prod/`)).status).toBe(200);
    squatter.close();
    await own.close();
  });
});
