import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REGION, startTestTarget, type TestTarget } from '../services/support/target.ts';
import { call } from './support.ts';

const ECHO =
  'exports.handler = async (event) => ({ statusCode: 200, cookies: ["a=1; Path=/", "b=2"], headers: { "x-one": "1", "access-control-allow-origin": "https://mine.example" }, body: JSON.stringify(event) });';
const SAY = 'exports.handler = async (event) => JSON.parse(event.isBase64Encoded ? Buffer.from(event.body, "base64") : event.body);';

let target: TestTarget;
let origin: string;
let apiId: string;

beforeAll(async () => {
  target = await startTestTarget();
  const arns: Record<string, string> = {};
  for (const [name, code] of [
    ['echo', ECHO],
    ['say', SAY],
    ['broken', 'exports.handler = async () => { throw new Error("x"); };'],
    ['locked', ECHO],
  ] as const) {
    const { attributes } = await target.create('AWS::Lambda::Function', target.nodeFunction(code, { FunctionName: name }));
    arns[name] = String(attributes['Arn']);
    if (name === 'locked') continue;
    const SourceArn = `arn:aws:execute-api:${REGION}:000000000000:*/*`;
    await target.create(
      'AWS::Lambda::Permission',
      { FunctionName: name, Action: 'lambda:InvokeFunction', Principal: 'apigateway.amazonaws.com', SourceArn },
      `${name}P`,
    );
  }
  const CorsConfiguration = {
    AllowOrigins: ['https://shop.example', 'https://other.example'],
    AllowMethods: ['GET', 'POST'],
    AllowHeaders: ['x-a'],
    AllowCredentials: true,
    MaxAge: 60,
  };
  const api = await target.create('AWS::ApiGatewayV2::Api', { Name: 'Shop', ProtocolType: 'HTTP', CorsConfiguration });
  apiId = api.physicalId;
  expect(api.attributes['ApiEndpoint']).toBe(`https://${apiId}.execute-api.${REGION}.amazonaws.com`);
  origin = target.apis.urls.toLocal(String(api.attributes['ApiEndpoint']));
  await target.create('AWS::ApiGatewayV2::Stage', { ApiId: apiId, StageName: '$default', AutoDeploy: true });
  await target.create('AWS::ApiGatewayV2::Stage', { ApiId: apiId, StageName: 'beta', StageVariables: { colour: 'blue' } });
  const integrate = async (name: string, PayloadFormatVersion: string) =>
    (
      await target.create('AWS::ApiGatewayV2::Integration', {
        ApiId: apiId,
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: arns[name],
        PayloadFormatVersion,
      })
    ).physicalId;
  const [echo, old, say, broken, locked] = [
    await integrate('echo', '2.0'),
    await integrate('echo', '1.0'),
    await integrate('say', '2.0'),
    await integrate('broken', '2.0'),
    await integrate('locked', '2.0'),
  ];
  const routes = {
    'GET /items/{id}': echo,
    'GET /items/special': old,
    'ANY /all/{proxy+}': echo,
    'POST /say': say,
    'GET /broken': broken,
    'GET /locked': locked,
  };
  for (const [RouteKey, id] of Object.entries(routes))
    await target.create('AWS::ApiGatewayV2::Route', { ApiId: apiId, RouteKey, Target: `integrations/${id}` });
});
afterAll(() => target.close());

describe('an HTTP API', () => {
  it('hands the function an event of format 2.0', async () => {
    const answer = await call(`${origin}/items/a%20b?q=1&q=2&p=%C3%A4`, {
      headers: { 'X-Custom': ['one', 'two'], cookie: 'c=1; d=2', 'user-agent': 'test' },
    });
    expect(answer.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2']);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.json).toMatchObject({
      version: '2.0',
      routeKey: 'GET /items/{id}',
      rawPath: '/items/a b',
      rawQueryString: 'q=1&q=2&p=%C3%A4',
      cookies: ['c=1', 'd=2'],
      headers: { 'x-custom': 'one,two', 'x-forwarded-proto': 'http', host: new URL(origin).host },
      queryStringParameters: { q: '1,2', p: 'ä' },
      pathParameters: { id: 'a b' },
      isBase64Encoded: false,
      requestContext: {
        apiId,
        domainName: new URL(origin).host,
        http: { method: 'GET', path: '/items/a b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
        routeKey: 'GET /items/{id}',
        stage: '$default',
        timeEpoch: expect.any(Number),
      },
    });
    expect(answer.json['headers']).not.toHaveProperty('cookie');
    expect(answer.json).not.toHaveProperty('body');
  });

  it('serves named stages below their name, with the stage in the path', async () => {
    expect((await call(`${origin}/beta/items/1`)).json).toMatchObject({
      rawPath: '/beta/items/1',
      pathParameters: { id: '1' },
      stageVariables: { colour: 'blue' },
      requestContext: { stage: 'beta' },
    });
  });

  it('hands over format 1.0 where the integration asks for it', async () => {
    expect((await call(`${origin}/items/special`)).json).toMatchObject({
      version: '1.0',
      resource: '/items/special',
      httpMethod: 'GET',
      requestContext: { stage: '$default' },
    });
  });

  it('says 404 when nothing answers, and 500 when the function does not', async () => {
    expect(await call(`${origin}/nothing`)).toMatchObject({ status: 404, json: { message: 'Not Found' } });
    expect(await call(`${origin}/broken`)).toMatchObject({ status: 500, json: { message: 'Internal Server Error' } });
    expect(await call(`${origin}/locked`)).toMatchObject({ status: 500, json: { message: 'Internal Server Error' } });
    expect((await call(`${origin}/all/a/b`, { method: 'PATCH' })).json).toMatchObject({ routeKey: 'ANY /all/{proxy+}' });
  });

  const answers: readonly (readonly [string, unknown, number, string])[] = [
    ['an object without statusCode', { a: 1 }, 200, '{"a":1}'],
    ['a text', 'hello', 200, 'hello'],
    ['a list', [1], 200, '[1]'],
    ['an object with statusCode', { statusCode: 418, body: 'tea' }, 418, 'tea'],
    ['bytes', { statusCode: 200, isBase64Encoded: true, body: Buffer.from('bytes').toString('base64') }, 200, 'bytes'],
    ['a malformed one', { statusCode: 'no' }, 500, '{"message":"Internal Server Error"}'],
  ];
  it.each(answers)('takes %s', async (_name, value, status, text) => {
    expect(await call(`${origin}/say`, { method: 'POST', body: JSON.stringify(value) })).toMatchObject({ status, text });
  });

  it('sends forms and bytes as base64, text and JSON as they are', async () => {
    const send = async (type: string, body: string | Buffer) =>
      (await call(`${origin}/all/x`, { method: 'POST', body, headers: { 'content-type': type } })).json;
    expect(await send('application/x-www-form-urlencoded', 'a=b')).toMatchObject({
      isBase64Encoded: true,
      body: Buffer.from('a=b').toString('base64'),
    });
    expect(await send('image/png', Buffer.from([0, 255]))).toMatchObject({ isBase64Encoded: true });
    expect(await send('application/problem+json; charset=utf-8', '{"ä":1}')).toMatchObject({ isBase64Encoded: false, body: '{"ä":1}' });
  });

  it('answers preflights and sets the CORS headers itself', async () => {
    const preflight = await call(`${origin}/items/1`, {
      method: 'OPTIONS',
      headers: { origin: 'https://other.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': 'https://other.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '60',
    });
    const actual = await call(`${origin}/items/1`, { headers: { origin: 'https://shop.example' } });
    expect(actual.headers['access-control-allow-origin']).toBe('https://shop.example');
    expect((await call(`${origin}/items/1`, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await call(`${origin}/items/1`)).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is made at once by Target, and from an OpenAPI document', async () => {
    const arn = `arn:aws:lambda:${REGION}:000000000000:function:echo`;
    const quick = await target.create('AWS::ApiGatewayV2::Api', { Name: 'Quick', ProtocolType: 'HTTP', Target: arn });
    expect((await call(`${target.apis.urls.toLocal(String(quick.attributes['ApiEndpoint']))}/any/where`)).json).toMatchObject({
      routeKey: '$default',
      rawPath: '/any/where',
    });
    const uri = `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${arn}/invocations`;
    const integration = { 'x-amazon-apigateway-integration': { type: 'aws_proxy', httpMethod: 'POST', uri, payloadFormatVersion: '2.0' } };
    const Body = {
      openapi: '3.0.1',
      info: { title: 'Doc' },
      paths: { '/hello': { get: integration }, $default: { 'x-amazon-apigateway-any-method': { ...integration, isDefaultRoute: true } } },
    };
    const doc = await target.create('AWS::ApiGatewayV2::Api', { Body });
    await target.create('AWS::ApiGatewayV2::Stage', { ApiId: doc.physicalId, StageName: '$default' });
    const at = target.apis.urls.toLocal(String(doc.attributes['ApiEndpoint']));
    expect((await call(`${at}/hello`)).json).toMatchObject({ routeKey: 'GET /hello' });
    expect((await call(`${at}/other`)).json).toMatchObject({ routeKey: '$default' });
    await target.remove('AWS::ApiGatewayV2::Api', doc, { Body });
    await expect(call(`${at}/hello`)).rejects.toThrow('ECONNREFUSED');
  });
});
