/** The runtime's side of the Lambda Runtime API. */
import { Agent, request as httpRequest } from 'node:http';

const API = '/2018-06-01/runtime';

/** @param {string} address `host:port` of the Runtime API */
export function createClient(address) {
  const [hostname, port] = address.split(':');
  // An idle connection of an agent does not keep the process awake, which `callbackWaitsForEmptyEventLoop` relies on.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  const open = (method, path, headers) => httpRequest({ agent, hostname, port, method, path: `${API}${path}`, headers });

  const post = async (path, body, headers = {}) => {
    const request = open('POST', path, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
    request.end(body);
    return await answerOf(request);
  };

  return {
    async next() {
      const request = open('GET', '/invocation/next', {});
      request.end();
      const { status, headers, body } = await answerOf(request);
      if (status !== 200) throw new Error(`The Runtime API answered ${status}`);
      return {
        requestId: headers['lambda-runtime-aws-request-id'],
        deadlineMs: Number(headers['lambda-runtime-deadline-ms']),
        functionArn: headers['lambda-runtime-invoked-function-arn'],
        traceId: headers['lambda-runtime-trace-id'],
        clientContext: headers['lambda-runtime-client-context'],
        cognitoIdentity: headers['lambda-runtime-cognito-identity'],
        body,
      };
    },
    /** Answers false when the answer was too large; the Runtime API has failed the event then. */
    async response(requestId, body) {
      const { status } = await post(`/invocation/${requestId}/response`, body);
      return status === 202;
    },
    async error(requestId, document) {
      await post(`/invocation/${requestId}/error`, JSON.stringify(document), { 'lambda-runtime-function-error-type': document.errorType });
    },
    async initError(document) {
      await post('/init/error', JSON.stringify(document), { 'lambda-runtime-function-error-type': document.errorType });
    },
    /** A request to write a streamed answer to, and a promise of its end. */
    openStream(requestId, contentType) {
      const request = open('POST', `/invocation/${requestId}/response`, {
        'content-type': contentType,
        'lambda-runtime-function-response-mode': 'streaming',
        'transfer-encoding': 'chunked',
        trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
      });
      return { request, answered: answerOf(request) };
    },
  };
}

function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
  });
}
