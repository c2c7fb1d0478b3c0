import assert from 'node:assert/strict';
import { test } from 'node:test';

import { handler } from '../src/app.mjs';

/** An event of payload format 2.0 with what the function looks at. */
function event(method, path, { query = '', headers = {}, body, isBase64Encoded = false } = {}) {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: query,
    headers,
    body,
    isBase64Encoded,
    requestContext: { stage: '$default', http: { method, path } },
  };
}

test('GET / answers with JSON', async () => {
  const response = await handler(event('GET', '/'));
  assert.equal(response.statusCode, 200);
  assert.match(response.headers['content-type'], /^application\/json/);
  assert.equal(JSON.parse(response.body).message, 'Hello from __NAME__');
});

test('a parameter of the path and one of the query reach the route', async () => {
  const response = await handler(event('GET', '/hello/Ada%20L', { query: 'greeting=Good+morning' }));
  assert.equal(JSON.parse(response.body).message, 'Good morning, Ada L!');
});

test('a JSON body is parsed, encoded or not', async () => {
  const headers = { 'content-type': 'application/json' };
  const plain = await handler(event('POST', '/echo', { headers, body: '{"a":1}' }));
  const encoded = await handler(event('POST', '/echo', { headers, body: 'eyJhIjoxfQ==', isBase64Encoded: true }));
  assert.deepEqual(JSON.parse(plain.body), { received: { a: 1 } });
  assert.deepEqual(JSON.parse(encoded.body), { received: { a: 1 } });
});

test('a body that is not JSON is a bad request', async () => {
  const response = await handler(event('POST', '/echo', { headers: { 'content-type': 'application/json' }, body: '{' }));
  assert.equal(response.statusCode, 400);
});

test('an unknown path is 404, a known one with another method 405', async () => {
  assert.equal((await handler(event('GET', '/nowhere'))).statusCode, 404);
  const response = await handler(event('DELETE', '/echo'));
  assert.equal(response.statusCode, 405);
  assert.equal(response.headers.allow, 'POST');
});
