/** Runs a handler for one event, in any of the styles that Lambda's Node.js runtimes have known, and posts its answer. */
import { isStreaming, runStreaming } from './streaming.mjs';
import { flushOutput, logError } from './console.mjs';
import { toErrorDocument } from './error-document.mjs';

/** Settles when the event is answered and the handler's work is done. */
export async function runHandler(handler, event, client) {
  try {
    const input = JSON.parse(event.body.toString('utf8') || 'null');
    if (isStreaming(handler)) await runStreaming(handler, input, makeContext(event, undefined), event, client);
    else await answerBuffered(await callHandler(handler, input, event), event, client);
  } catch (error) {
    const document = toErrorDocument(error);
    logError('Invoke Error', document);
    await flushOutput();
    await client.error(event.requestId, document);
  }
}

async function answerBuffered(result, event, client) {
  let body;
  try {
    body = JSON.stringify(result === undefined ? null : result);
  } catch {
    const error = new Error('Unable to stringify response body');
    error.name = 'Runtime.MarshalError';
    throw error;
  }
  await flushOutput();
  await client.response(event.requestId, body ?? 'null');
}

/** The handler's result, whether it comes by return, promise, callback or context.succeed/fail/done. */
function callHandler(handler, input, event) {
  return new Promise((resolve, reject) => {
    let settled = false;
    const finish = (error, result) => {
      if (settled) return;
      settled = true;
      process.off('beforeExit', onEmptyLoop);
      if (error === undefined || error === null) resolve(result);
      else reject(error);
    };
    // A handler that neither answers nor leaves anything to wait for answers null.
    let pending = () => finish(undefined, null);
    const onEmptyLoop = () => pending();
    process.on('beforeExit', onEmptyLoop);

    const context = makeContext(event, finish);
    const callback = (error, result) => {
      if (context.callbackWaitsForEmptyEventLoop) pending = () => finish(error, result);
      else finish(error, result);
    };
    try {
      const returned = handler(input, context, callback);
      if (typeof returned?.then === 'function') {
        returned.then(
          (result) => finish(undefined, result),
          (error) => finish(error ?? new Error(String(error))),
        );
      }
    } catch (error) {
      finish(error ?? new Error(String(error)));
    }
  });
}

function makeContext(event, finish) {
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env['AWS_LAMBDA_FUNCTION_VERSION'],
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    memoryLimitInMB: process.env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
    clientContext: event.clientContext === undefined ? undefined : JSON.parse(event.clientContext),
    identity: event.cognitoIdentity === undefined ? undefined : JSON.parse(event.cognitoIdentity),
    invokedFunctionArn: event.functionArn,
    awsRequestId: event.requestId,
    getRemainingTimeInMillis: () => Math.max(0, event.deadlineMs - Date.now()),
  };
  if (finish === undefined) return context;
  return Object.assign(context, {
    succeed: (result) => finish(undefined, result),
    fail: (error) => finish(error ?? new Error('handled')),
    done: (error, result) => finish(error, result),
  });
}
