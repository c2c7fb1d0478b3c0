import { afterEach, describe, expect, it } from 'vitest';
import { MAX_RESPONSE_BYTES, RuntimeApi } from '../../../src/local/functions/runtime-api.ts';
import { call } from '../http/support.ts';

const apis: RuntimeApi[] = [];
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.close()));
});

async function start(): Promise<{ readonly api: RuntimeApi; readonly base: string }> {
  const api = await RuntimeApi.start();
  apis.push(api);
  return { api, base: `http://127.0.0.1:${api.port}/2018-06-01/runtime` };
}

const invocation = {
  requestId: 'id-1',
  payload: Buffer.from('{"a":1}'),
  deadlineMs: 1234,
  functionArn: 'arn:x',
  traceId: 'Root=1',
  clientContext: '{"c":1}',
};

describe('the Runtime API', () => {
  it('hands out an event to a runtime that asks before it comes', async () => {
    const { api, base } = await start();
    const next = call(`${base}/invocation/next`);
    expect(await api.initialized).toEqual({ kind: 'ready' });
    const answer = api.invoke(invocation);
    const event = await next;
    expect(event.json).toEqual({ a: 1 });
    expect(event.headers).toMatchObject({
      'lambda-runtime-aws-request-id': 'id-1',
      'lambda-runtime-deadline-ms': '1234',
      'lambda-runtime-invoked-function-arn': 'arn:x',
      'lambda-runtime-trace-id': 'Root=1',
      'lambda-runtime-client-context': '{"c":1}',
    });
    expect((await call(`${base}/invocation/id-1/response`, { method: 'POST', body: 'done' })).status).toBe(202);
    expect(await answer).toEqual({ kind: 'response', payload: Buffer.from('done') });
  });

  it('takes one answer for an event, and only for that event', async () => {
    const { api, base } = await start();
    const answer = api.invoke(invocation);
    await call(`${base}/invocation/next`);
    expect(await call(`${base}/invocation/other/response`, { method: 'POST' })).toMatchObject({
      status: 400,
      json: { errorType: 'InvalidRequestID' },
    });
    await call(`${base}/invocation/id-1/error`, { method: 'POST', body: '{"errorType":"E"}' });
    expect(await answer).toEqual({ kind: 'error', payload: Buffer.from('{"errorType":"E"}') });
    expect((await call(`${base}/invocation/id-1/response`, { method: 'POST' })).status).toBe(400);
  });

  it('refuses an answer that is too large and fails the event with it', async () => {
    const { api, base } = await start();
    const answer = api.invoke(invocation);
    await call(`${base}/invocation/next`);
    const sent = await call(`${base}/invocation/id-1/response`, { method: 'POST', body: Buffer.alloc(MAX_RESPONSE_BYTES + 1) });
    expect(sent).toMatchObject({ status: 413, json: { errorType: 'RequestEntityTooLarge' } });
    expect(await answer).toMatchObject({ kind: 'error' });
  });

  it('hears of a runtime that cannot start', async () => {
    const { api, base } = await start();
    await call(`${base}/init/error`, { method: 'POST', body: '{"errorMessage":"no"}' });
    expect(await api.initialized).toEqual({ kind: 'error', payload: Buffer.from('{"errorMessage":"no"}') });
  });

  it('keeps an event for the runtime when a poll was given up', async () => {
    const { api, base } = await start();
    const given = new AbortController();
    const first = fetch(`${base}/invocation/next`, { signal: given.signal }).catch(() => undefined);
    await api.initialized;
    given.abort();
    await first;
    await new Promise((resolve) => setTimeout(resolve, 30));
    void api.invoke(invocation);
    expect((await call(`${base}/invocation/next`)).json).toEqual({ a: 1 });
  });

  it('does not answer web pages, rebound names and other paths', async () => {
    const { base } = await start();
    expect((await call(`${base}/init/error`, { method: 'POST', headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await call(`${base}/invocation/next`, { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await call(`${base}/other`)).status).toBe(404);
  });
});
