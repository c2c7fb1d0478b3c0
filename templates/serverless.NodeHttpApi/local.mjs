// Runs the function on your own machine: every request becomes the event that an HTTP API would send (payload format
// 2.0), the handler answers it, and the answer becomes a response. Started by `npm start`; not part of the deployment.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

import { handler } from './src/app.mjs';

/** A server that is not listening yet. */
export function createLocalServer() {
  return createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      response.writeHead(502, { 'content-type': 'application/json' }).end('{"message":"Internal Server Error"}');
    });
  });
}

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const result = await handler(toEvent(request, Buffer.concat(chunks)));
  send(request, response, result);
  console.log(`${request.method} ${request.url} → ${response.statusCode}`);
}

function toEvent(request, body) {
  const [rawPath, rawQueryString = ''] = request.url.split(/\?(.*)/s);
  const { cookie, ...headers } = request.headers;
  const now = new Date();
  const query = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) query[name] = Object.hasOwn(query, name) ? `${query[name]},${value}` : value;
  const isText = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded|\w+\+(json|xml)))/.test(headers['content-type'] ?? 'text/');
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookie && { cookies: cookie.split(/;\s*/) }),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    ...(rawQueryString && { queryStringParameters: query }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: now.toISOString(),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** An answer without a status code is taken as the body of a 200, as API Gateway does. */
function send(request, response, result) {
  const full = result !== null && typeof result === 'object' && 'statusCode' in result ? result : { body: result };
  const headers = { 'content-type': 'application/json', ...full.headers };
  if (full.cookies) headers['set-cookie'] = full.cookies;
  const text = typeof full.body === 'string' ? full.body : JSON.stringify(full.body ?? '');
  const body = Buffer.from(text, full.isBase64Encoded ? 'base64' : 'utf8');
  response.writeHead(full.statusCode ?? 200, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const port = Number(process.env.PORT ?? 3000);
  const server = createLocalServer();
  server.on('error', (error) => {
    console.error(error.code === 'EADDRINUSE' ? `Port ${port} is taken; choose another: PORT=3001 npm start` : error.message);
    process.exitCode = 1;
  });
  server.listen(port, '127.0.0.1', () => console.log(`http://localhost:${server.address().port}/ (Ctrl-C to stop)`));
}
