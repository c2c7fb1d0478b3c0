/** Response streaming: the global `awslambda` and handlers that write their answer as it comes. */
import { Writable } from 'node:stream';
import { toErrorDocument } from './error-document.mjs';
import { flushOutput, logError } from './console.mjs';

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
/** Between the prelude's JSON and the body. */
const DELIMITER = Buffer.alloc(8);

export function isStreaming(handler) {
  return handler[STREAMING] === 'response';
}

export function installAwsLambdaGlobal() {
  globalThis.awslambda = {
    streamifyResponse(handler) {
      handler[STREAMING] = 'response';
      return handler;
    },
    HttpResponseStream: {
      /** Puts status, headers and cookies before what is written to the stream. */
      from(stream, prelude) {
        stream.setContentType(PRELUDE_TYPE);
        stream.startWith(Buffer.concat([Buffer.from(JSON.stringify(prelude)), DELIMITER]));
        return stream;
      },
    },
  };
}

/** The stream that a streaming handler gets; the request to the Runtime API begins with its first byte. */
class ResponseStream extends Writable {
  #open;
  #contentType = 'application/octet-stream';
  #prelude;
  #target;

  constructor(open) {
    super({ decodeStrings: true });
    this.#open = open;
  }

  setContentType(contentType) {
    if (this.#target !== undefined) throw new Error('The content type must be set before anything is written');
    this.#contentType = contentType;
  }

  startWith(prelude) {
    this.#prelude = prelude;
  }

  get target() {
    return this.#target;
  }

  begin() {
    if (this.#target !== undefined) return this.#target;
    this.#target = this.#open(this.#contentType);
    if (this.#prelude !== undefined) this.#target.request.write(this.#prelude);
    return this.#target;
  }

  _write(chunk, _encoding, done) {
    if (this.begin().request.write(chunk)) done();
    else this.#target.request.once('drain', done);
  }

  _final(done) {
    this.begin().request.end();
    done();
  }
}

/** Runs a streaming handler. Its errors before the first byte are the caller's; later ones travel in trailers. */
export async function runStreaming(handler, input, context, event, client) {
  const stream = new ResponseStream((contentType) => client.openStream(event.requestId, contentType));
  const failed = new Promise((_resolve, reject) => stream.on('error', reject));
  const finished = new Promise((resolve) => stream.on('finish', resolve));
  try {
    await Promise.race([handler(input, stream, context), failed]);
    await flushOutput();
    if (!stream.writableEnded) stream.end();
    await Promise.race([finished, failed]);
    await stream.target.answered;
  } catch (error) {
    if (stream.target === undefined) throw error;
    await endWithError(stream.target, error);
  }
}

async function endWithError({ request, answered }, error) {
  const document = toErrorDocument(error);
  logError('Invoke Error', document);
  request.addTrailers({
    'Lambda-Runtime-Function-Error-Type': document.errorType,
    'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(document)).toString('base64'),
  });
  request.end();
  await answered;
}
