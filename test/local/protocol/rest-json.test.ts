import { describe, expect, it } from 'vitest';
import { createRestJsonService } from '../../../src/local/protocol/rest-json.ts';
import type { ServiceRequest } from '../../../src/local/types.ts';
import { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';

function answerOf(method: string, rawPath: string): Promise<unknown> {
  let answer: unknown;
  const service = createRestJsonService({
    name: 'test',
    routes: [
      { method: 'GET', path: '/v1/things/{Name}', handle: (path) => (answer = { one: path['Name'] }) },
      { method: 'GET', path: '/v1/things/{Name}/parts/{Rest+}', handle: (path) => (answer = { name: path['Name'], rest: path['Rest'] }) },
      { method: 'GET', path: '/v1/things', handle: () => (answer = 'all') },
      { method: 'DELETE', path: '/v1/things/{Name}', status: 204, handle: (path) => (answer = { gone: path['Name'] }) },
    ],
  });
  const request: ServiceRequest = {
    method,
    rawPath,
    query: new URLSearchParams(),
    headers: {},
    region: 'us-east-1',
    requestId: 'id',
    body: Readable.from([]),
  };
  const response = { headersSent: true } as ServerResponse;
  return service.handle(request, response).then(() => answer);
}

describe('routes', () => {
  it('are found by method and path, with placeholders decoded', async () => {
    expect(await answerOf('GET', '/v1/things')).toBe('all');
    expect(await answerOf('GET', '/v1/things/')).toBe('all');
    expect(await answerOf('GET', '/v1/things/a%3Ab%2Fc')).toEqual({ one: 'a:b/c' });
    expect(await answerOf('GET', '/v1/things/a/parts/x/y')).toEqual({ name: 'a', rest: 'x/y' });
    expect(await answerOf('DELETE', '/v1/things/a')).toEqual({ gone: 'a' });
  });

  it('that do not exist are not implemented, by name', async () => {
    await expect(answerOf('PUT', '/v1/things')).rejects.toMatchObject({
      code: 'NotImplemented',
      status: 501,
      message: /test:PUT \/v1\/things/,
    });
    await expect(answerOf('GET', '/v1xthings')).rejects.toMatchObject({ status: 501 });
  });
});
