/**
 * The Node.js runtime of the local target: loads a handler and serves events through the Lambda Runtime API. It runs as
 * a process of its own, in the Node that runs the tool, and imports nothing but `node:` modules; plain JavaScript, so
 * that it also runs unbundled. The build makes one file of it (see ../node-runtime-path.ts).
 */
import { Socket } from 'node:net';
import { createClient } from './client.mjs';
import { flushOutput, installConsole, logError, logWarning, setRequestId } from './console.mjs';
import { toErrorDocument } from './error-document.mjs';
import { runHandler } from './invoke.mjs';
import { loadHandler } from './load-handler.mjs';
import { installResponseUrl } from './response-url.mjs';
import { installAwsLambdaGlobal } from './streaming.mjs';

const client = createClient(process.env['AWS_LAMBDA_RUNTIME_API'] ?? '');

/** Ends with the daemon: the other end of this pipe is the daemon's, and closes however the daemon ends. */
function watchLifeline() {
  const descriptor = Number(process.env['LAMBDA_TOOL_LIFELINE_FD']);
  delete process.env['LAMBDA_TOOL_LIFELINE_FD'];
  if (!Number.isInteger(descriptor) || descriptor < 3) return;
  const lifeline = new Socket({ fd: descriptor, readable: true, writable: false });
  lifeline.on('close', () => process.exit(0));
  lifeline.on('error', () => process.exit(0));
  lifeline.resume();
  lifeline.unref();
}

async function initialize() {
  installAwsLambdaGlobal();
  installConsole();
  installResponseUrl();
  try {
    return await loadHandler(process.env['LAMBDA_TASK_ROOT'] ?? process.cwd(), process.env['_HANDLER'] ?? '');
  } catch (error) {
    const document = toErrorDocument(error);
    logError('Uncaught Exception', document);
    if (/Cannot find (?:module|package) '(?:@aws-sdk\/|aws-sdk)/.test(document.errorMessage)) {
      logWarning('On AWS the SDK is part of the runtime; here it has to be in the package or in a layer of the function.');
    }
    await flushOutput();
    await client.initError(document);
    process.exit(1);
  }
}

/** An error that nobody caught ends the environment, as on AWS; the event that is under way fails with it. */
function installLastResorts(current) {
  const fail = async (error, exitCode) => {
    const document = toErrorDocument(error);
    logError(document.errorType === 'Runtime.UnhandledPromiseRejection' ? 'Unhandled Promise Rejection' : 'Uncaught Exception', document);
    await flushOutput();
    try {
      if (current.requestId !== undefined) await client.error(current.requestId, document);
      else if (!current.initialized) await client.initError(document);
    } finally {
      process.exit(exitCode);
    }
  };
  process.on('uncaughtException', (error) => void fail(error, 129));
  process.on('unhandledRejection', (reason) => {
    const error = new Error(reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason));
    error.name = 'Runtime.UnhandledPromiseRejection';
    if (reason instanceof Error) error.stack = reason.stack;
    void fail(error, 128);
  });
}

async function main() {
  watchLifeline();
  const current = { requestId: undefined, initialized: false };
  installLastResorts(current);
  const handler = await initialize();
  current.initialized = true;
  for (;;) {
    const event = await client.next();
    current.requestId = event.requestId;
    setRequestId(event.requestId);
    process.env['_X_AMZN_TRACE_ID'] = event.traceId;
    await runHandler(handler, event, client);
    current.requestId = undefined;
  }
}

main().catch((error) => {
  // The daemon is gone, or refuses us: nobody is left to tell.
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
