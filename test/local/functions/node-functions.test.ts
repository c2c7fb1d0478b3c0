import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callOf, callOnce, createTestHost, type TestHost } from './support/host.ts';

let test: TestHost;
beforeAll(async () => {
  test = await createTestHost();
});
afterAll(() => test.close());

const echo = 'exports.handler = async (event) => ({ echo: event });';

describe('finding the handler', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['a CommonJS file', { 'index.js': echo }, 'index.handler'],
    ['a file in a folder', { 'dir/file.js': echo }, 'dir/file.handler'],
    ['an .mjs file', { 'index.mjs': 'export const handler = async (event) => ({ echo: event });' }, 'index.handler'],
    ['a .cjs file', { 'index.cjs': echo }, 'index.handler'],
    [
      'a .js file in a module package',
      { 'package.json': '{"type":"module"}', 'index.js': 'export const handler = async (e) => ({ echo: e });' },
      'index.handler',
    ],
    ['a nested export', { 'index.js': 'exports.a = { b: { c: async (event) => ({ echo: event }) } };' }, 'index.a.b.c'],
    ['a default export', { 'index.mjs': 'export default { handler: async (event) => ({ echo: event }) };' }, 'index.handler'],
    ['top-level await', { 'index.mjs': 'await null; export const handler = async (event) => ({ echo: event });' }, 'index.handler'],
  ];
  it.each(cases)('loads %s', async (_name, files, handler) => {
    const spec = await test.nodeSpec(files, { handler });
    expect((await callOnce(test.runner, spec, { a: 1 })).value).toEqual({ echo: { a: 1 } });
  });

  const failures: readonly (readonly [string, Readonly<Record<string, string>>, string, string, RegExp])[] = [
    ['no such module', { 'other.js': '' }, 'index.handler', 'Runtime.ImportModuleError', /index/],
    ['a module that requires a missing one', { 'index.js': "require('nowhere')" }, 'index.handler', 'Runtime.ImportModuleError', /nowhere/],
    ['a syntax error', { 'index.js': 'exports.handler = (' }, 'index.handler', 'Runtime.UserCodeSyntaxError', /SyntaxError/],
    ['an export that is missing', { 'index.js': '' }, 'index.handler', 'Runtime.HandlerNotFound', /undefined or not exported/],
    ['an export that is no function', { 'index.js': 'exports.handler = 5' }, 'index.handler', 'Runtime.HandlerNotFound', /not a function/],
    ['a handler without a dot', { 'index.js': '' }, 'index', 'Runtime.MalformedHandlerName', /Bad handler/],
    ['an error while loading', { 'index.js': "throw new TypeError('not today')" }, 'index.handler', 'TypeError', /not today/],
  ];
  it.each(failures)('reports %s', async (_name, files, handler, errorType, message) => {
    const { error, value } = await callOnce(test.runner, await test.nodeSpec(files, { handler }));
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({ errorType, errorMessage: expect.stringMatching(message) });
  });
});

describe('answering', () => {
  const answers: readonly (readonly [string, string, unknown])[] = [
    ['a callback', 'exports.handler = (event, context, callback) => callback(null, "done");', 'done'],
    ['context.succeed', 'exports.handler = (event, context) => { context.succeed([1]); };', [1]],
    ['context.done', 'exports.handler = (event, context) => { context.done(null, 2); };', 2],
    ['nothing at all', 'exports.handler = () => {};', null],
    ['undefined', 'exports.handler = async () => undefined;', null],
    [
      'a callback after work that is left',
      'let n = 0; exports.handler = (e, c, cb) => { setTimeout(() => { n = 1; }, 60); cb(null, "x"); };',
      'x',
    ],
    [
      'a callback that does not wait',
      'exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1000); cb(null, "y"); };',
      'y',
    ],
    ['a thenable', 'exports.handler = () => ({ then: (ok) => ok(3) });', 3],
  ];
  it.each(answers)('takes %s', async (_name, code, answer) => {
    const { error, value } = await callOnce(test.runner, await test.nodeSpec({ 'index.js': code }));
    expect(error).toBeUndefined();
    expect(value).toEqual(answer);
  });

  const errors: readonly (readonly [string, string, object])[] = [
    [
      'a rejection',
      'exports.handler = async () => { throw new RangeError("too far"); };',
      { errorType: 'RangeError', errorMessage: 'too far' },
    ],
    ['a throw', 'exports.handler = () => { throw new Error("at once"); };', { errorType: 'Error', errorMessage: 'at once' }],
    ['a callback error', 'exports.handler = (e, c, cb) => cb(new Error("by callback"));', { errorMessage: 'by callback' }],
    ['a thrown text', 'exports.handler = async () => { throw "text"; };', { errorType: 'string', errorMessage: 'text' }],
    ['context.fail', 'exports.handler = (e, c) => { c.fail(new Error("failed")); };', { errorMessage: 'failed' }],
    ['an answer that is no JSON', 'exports.handler = async () => ({ n: 1n });', { errorType: 'Runtime.MarshalError' }],
    [
      'an unhandled rejection',
      'exports.handler = () => new Promise(() => { Promise.reject(new Error("nobody")); setTimeout(() => {}, 5000); });',
      { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'Error: nobody' },
    ],
    [
      'an uncaught exception',
      'exports.handler = () => new Promise(() => { setTimeout(() => { throw new Error("later"); }, 5); });',
      { errorType: 'Error', errorMessage: 'later' },
    ],
  ];
  it.each(errors)('reports %s', async (_name, code, document) => {
    const { error, value } = await callOnce(test.runner, await test.nodeSpec({ 'index.js': code }));
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({ ...document, trace: expect.any(Array) });
  });

  it('gives the handler a context like that on Lambda', async () => {
    const code = `exports.handler = async (event, context) => ({ ...context, left: context.getRemainingTimeInMillis() });`;
    const spec = await test.nodeSpec({ 'index.js': code });
    const call = callOf({}, { clientContext: '{"custom":{"a":"b"}}' });
    const value = JSON.parse((await test.runner.run(spec, call)).payload.toString()) as Record<string, unknown>;
    expect(value).toMatchObject({
      awsRequestId: call.requestId,
      clientContext: { custom: { a: 'b' } },
      functionName: 'shop',
      functionVersion: '$LATEST',
      invokedFunctionArn: call.functionArn,
      logGroupName: '/aws/lambda/shop',
      memoryLimitInMB: '256',
    });
    expect(value['logStreamName']).toMatch(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    expect(value['left']).toBeGreaterThan(4000);
    expect(value['left']).toBeLessThanOrEqual(5000);
  });

  it('refuses an answer of more than 6 MB', async () => {
    const spec = await test.nodeSpec({ 'index.js': 'exports.handler = async (n) => "x".repeat(n);' });
    expect(JSON.stringify((await callOnce(test.runner, spec, 6 * 1024 * 1024)).value)).toHaveLength(6 * 1024 * 1024 + 2);
    const { error, value } = await callOnce(test.runner, spec, 6 * 1024 * 1024 + 200);
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
    expect((await callOnce(test.runner, spec, 3)).value).toBe('xxx');
  });
});

describe('the environment of a function', () => {
  it('holds what Lambda sets and the function asks for, and nothing of the user', async () => {
    process.env['NOT_FOR_FUNCTIONS'] = 'private';
    const spec = await test.nodeSpec({ 'index.js': 'exports.handler = async () => process.env;' }, { environment: { GREETING: 'hi' } });
    const env = (await callOnce(test.runner, spec)).value as Record<string, string>;
    delete process.env['NOT_FOR_FUNCTIONS'];
    expect(env).toMatchObject({
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      GREETING: 'hi',
      TZ: ':UTC',
      _HANDLER: 'index.handler',
    });
    expect(env).not.toHaveProperty('NOT_FOR_FUNCTIONS');
    expect(env).not.toHaveProperty('LAMBDA_TOOL_LIFELINE_FD');
    expect(env['HOME']).toContain('scratch');
  });

  it('is gone with the function: no scratch folder stays behind', async () => {
    const own = await createTestHost();
    await callOnce(own.runner, await own.nodeSpec({ 'index.js': echo }));
    expect(readdirSync(join(own.folder, 'scratch'))).toHaveLength(1);
    await own.runner.close();
    await expect.poll(() => readdirSync(join(own.folder, 'scratch'))).toHaveLength(0);
    expect(readdirSync(join(own.folder, 'processes'))).toHaveLength(0);
    await own.close();
  });

  it('finds modules of layers', async () => {
    const layer = await test.zip({ 'nodejs/node_modules/greeting/index.js': 'module.exports = "from a layer";' });
    const spec = await test.nodeSpec({ 'index.js': 'exports.handler = async () => require("greeting");' }, { layers: [layer] });
    expect((await callOnce(test.runner, spec)).value).toBe('from a layer');
  });
});

describe('logs', () => {
  it('frame each request with START, END and REPORT, and keep one record in one event', async () => {
    const own = await createTestHost();
    const code =
      'exports.handler = async () => { console.log("one\\ntwo", { a: 1 }); console.error("bad"); process.stdout.write("raw\\n"); };';
    const { logTail } = await callOnce(own.runner, await own.nodeSpec({ 'index.js': code }));
    const [start, ...rest] = own.lines;
    expect(start).toMatch(/^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/);
    expect(rest[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t[0-9a-f-]{36}\tINFO\tone\ntwo \{ a: 1 \}$/);
    expect(rest[1]).toMatch(/\tERROR\tbad$/);
    expect(rest[2]).toBe('raw');
    expect(rest[3]).toMatch(/^END RequestId: /);
    expect(rest[4]).toMatch(/^REPORT RequestId: .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t.*Init Duration: /);
    expect(logTail).toBe(`${own.lines.join('\n')}\n`);
    await own.close();
  });

  it('end in a tail of 4 KB at most', async () => {
    const code = 'exports.handler = async () => { for (let i = 0; i < 500; i++) console.log(`line ${i}`); };';
    const { logTail } = await callOnce(test.runner, await test.nodeSpec({ 'index.js': code }));
    expect(Buffer.byteLength(logTail)).toBe(4096);
    expect(logTail).toContain('line 499');
    expect(logTail).not.toContain('line 100\n');
  });
});

describe('lifetime', () => {
  const counter = 'let n = 0; exports.handler = async () => ({ n: ++n, pid: process.pid });';

  it('keeps an environment warm, and replaces it when the code changes', async () => {
    const own = await createTestHost();
    const spec = await own.nodeSpec({ 'index.js': counter });
    const numbers = [];
    for (let i = 0; i < 5; i += 1) numbers.push(((await callOnce(own.runner, spec)).value as { n: number }).n);
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
    const changed = await own.nodeSpec({ 'index.js': counter.replace('let n = 0', 'let n = 100') });
    expect((await callOnce(own.runner, changed)).value).toMatchObject({ n: 101 });
    await own.close();
  });

  it('gives each request under way an environment of its own', async () => {
    const code =
      'let busy = 0; exports.handler = async () => { const seen = busy++; await new Promise((r) => setTimeout(r, 150)); busy--; return { seen, pid: process.pid }; };';
    const spec = await test.nodeSpec({ 'index.js': code }, { functionName: 'parallel' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => callOnce(test.runner, spec)));
    const values = answers.map(({ value }) => value as { seen: number; pid: number });
    expect(values.every(({ seen }) => seen === 0)).toBe(true);
    expect(new Set(values.map(({ pid }) => pid)).size).toBe(4);
  });

  it('ends a function that runs over its time, with everything it started', async () => {
    const code = `const { spawn } = require('node:child_process');
      exports.handler = async () => { spawn('sleep', ['60']); console.log('child'); for (;;); };`;
    const spec = await test.nodeSpec({ 'index.js': code }, { timeoutSeconds: 1 });
    const { error, logTail, value } = await callOnce(test.runner, spec);
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/Task timed out after 1\.00 seconds$/),
    });
    expect(logTail).toContain('Task timed out after 1.00 seconds');
    expect((await callOnce(test.runner, { ...spec, handler: 'other.handler' })).error).toBe('Unhandled');
  });

  it('reports a function that ends its process, and starts another for the next call', async () => {
    const code = 'exports.handler = async (event) => { if (event.die !== undefined) process.exit(event.die); return "alive"; };';
    const spec = await test.nodeSpec({ 'index.js': code });
    const call = callOf({ die: 1 });
    const died = await test.runner.run(spec, call);
    expect(JSON.parse(died.payload.toString())).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: ${call.requestId} Error: Runtime exited with error: exit status 1`,
    });
    expect((await callOnce(test.runner, spec, { die: 0 })).value).toMatchObject({
      errorMessage: expect.stringMatching(/Runtime exited without providing a reason$/),
    });
    expect((await callOnce(test.runner, spec)).value).toBe('alive');
  });

  it('throttles beyond the reserved concurrency', async () => {
    const spec = await test.nodeSpec(
      { 'index.js': 'exports.handler = () => new Promise((r) => setTimeout(r, 300));' },
      { functionName: 'reserved' },
    );
    const first = test.runner.run(spec, callOf({}), 1);
    await sleep(20);
    await expect(test.runner.run(spec, callOf({}), 1)).rejects.toThrow('Rate Exceeded.');
    await first;
  });

  it('lets calls wait when the machine has enough environments', async () => {
    const spec = await test.nodeSpec(
      { 'index.js': 'exports.handler = async () => { await new Promise((r) => setTimeout(r, 100)); return process.pid; };' },
      { functionName: 'crowd' },
    );
    const pids = await Promise.all(Array.from({ length: 14 }, () => callOnce(test.runner, spec)));
    expect(new Set(pids.map(({ value }) => value)).size).toBeLessThanOrEqual(10);
    test.runner.forget('crowd');
  });

  it('ends its processes when it is closed in the middle of a call', async () => {
    const own = await createTestHost();
    const spec = await own.nodeSpec(
      { 'index.js': 'exports.handler = async () => { console.log("pid", process.pid); for (;;); };' },
      { timeoutSeconds: 60 },
    );
    const running = callOnce(own.runner, spec);
    await expect.poll(() => own.lines.find((line) => line.includes('\tpid '))).toBeDefined();
    const pid = Number(/pid (\d+)/.exec(own.lines.join('\n'))?.[1]);
    await own.runner.close();
    expect((await running).error).toBe('Unhandled');
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(existsSync(own.folder)).toBe(true);
    await own.close();
  });
});

describe('streaming', () => {
  const code = `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
    const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { 'x-a': 'b' } });
    out.write('one');
    await new Promise((r) => setTimeout(r, 100));
    if (event.fail) throw new Error('half way');
    out.write('two');
    out.end();
  });`;

  it('hands on chunks as they come', async () => {
    const spec = await test.nodeSpec({ 'index.js': code });
    const result = await test.runner.run(spec, callOf({}, { streaming: true }));
    expect(result.contentType).toBe('application/vnd.awslambda.http-integration-response');
    const times: number[] = [];
    const chunks: Buffer[] = [];
    for await (const chunk of result.stream ?? []) {
      times.push(Date.now());
      chunks.push(chunk as Buffer);
    }
    expect(Buffer.concat(chunks).toString()).toBe('{"statusCode":201,"headers":{"x-a":"b"}}\0\0\0\0\0\0\0\0onetwo');
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(60);
    expect(await result.streamEnded).toBeUndefined();
  });

  it('tells of a failure half way', async () => {
    const spec = await test.nodeSpec({ 'index.js': code });
    const result = await test.runner.run(spec, callOf({ fail: true }, { streaming: true }));
    result.stream?.resume();
    expect(JSON.parse(String(await result.streamEnded))).toMatchObject({ errorType: 'Error', errorMessage: 'half way' });
  });

  it('is collected for a caller that does not stream', async () => {
    const spec = await test.nodeSpec({
      'index.js': 'exports.handler = awslambda.streamifyResponse(async (e, s) => { s.write("a"); s.write("b"); s.end(); });',
    });
    const result = await test.runner.run(spec, callOf({}));
    expect(result.payload.toString()).toBe('ab');
    expect(result.logTail).toContain('REPORT');
  });
});
