/** Answers the requests to a function URL. */
import { answer2, MalformedAnswerError } from './answers.ts';
import { callFunction } from './call-function.ts';
import { isPreflight, preflightAnswer, withCors } from './cors.ts';
import { event2 } from './event-2.ts';
import type { Handler } from './listeners.ts';
import { refusalOf } from './origin-guard.ts';
import { type FrontRequest, readFrontRequest } from './read-request.ts';
import { messageAnswer, sendAnswer, sendStream } from './send.ts';
import type { Answer, CorsRules, FrontDeps } from './types.ts';

/** Function URLs take events of 6 MB, the limit of Lambda itself. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;
/** The function's own time ends long before. */
const MAX_TIME_MS = 16 * 60_000;

/** A function URL as it is now. */
export interface FunctionUrlView {
  readonly id: string;
  /** With the alias that the URL belongs to. */
  readonly functionArn: string;
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly streaming: boolean;
  readonly cors: CorsRules | undefined;
}

export function urlFront(deps: FrontDeps, find: () => FunctionUrlView | undefined): Handler {
  return async (request, response) => {
    const url = find();
    const refusal = refusalOf(request, url?.cors?.allowOrigins ?? []);
    if (refusal !== undefined) return sendAnswer(request, response, messageAnswer(403, refusal));
    if (url?.cors !== undefined && isPreflight(request)) return sendAnswer(request, response, preflightAnswer(request, url.cors, 200));
    const front = await readFrontRequest(request, MAX_BODY_BYTES);
    const adjust = (headers: Answer['headers']): Answer['headers'] =>
      withCors(request, url?.cors, [...headers, ['x-amzn-requestid', front?.requestId ?? '']]);
    const made = await answerFor(deps, url, front);
    if ('stream' in made) {
      try {
        return await sendStream(request, response, made, adjust);
      } catch (error) {
        if (!(error instanceof MalformedAnswerError)) throw error;
        deps.log(`Function URL of ${url?.functionArn}: malformed answer of the function: ${error.message}`);
        return sendAnswer(request, response, internalError());
      }
    }
    sendAnswer(request, response, { ...made, headers: adjust(made.headers) });
  };
}

type Made = Answer | Parameters<typeof sendStream>[2];

async function answerFor(deps: FrontDeps, url: FunctionUrlView | undefined, front: FrontRequest | undefined): Promise<Made> {
  if (url === undefined) return messageAnswer(404, 'Not Found');
  if (front === undefined) return messageAnswer(413, 'Request Entity Too Large');
  const forbidden = refusalByPolicy(deps, url);
  if (forbidden !== undefined) return forbidden;
  const outcome = await callFunction(deps, {
    functionArn: url.functionArn,
    event: event2(front, {
      front: 'function-url',
      apiId: url.id,
      routeKey: '$default',
      stage: '$default',
      path: front.path,
      params: {},
      stageVariables: {},
    }),
    timeoutMs: MAX_TIME_MS,
    streaming: url.streaming,
    sourceArns: undefined,
    about: `Function URL of ${url.functionArn}, ${front.method} ${front.path}`,
  });
  switch (outcome.kind) {
    case 'answer':
      break;
    case 'throttled':
      return messageAnswer(429, 'Rate Exceeded.');
    case 'too-large':
      return messageAnswer(413, 'Request Entity Too Large');
    default:
      return internalError();
  }
  const { contentType, payload, stream, streamEnded } = outcome.result;
  if (stream !== undefined) return { stream, contentType, ended: streamEnded };
  try {
    return answer2(payload, 'application/json');
  } catch (error) {
    if (!(error instanceof MalformedAnswerError)) throw error;
    deps.log(`Function URL of ${url.functionArn}: malformed answer of the function: ${error.message}`);
    return internalError();
  }
}

/** AWS's words, and what is missing; since October 2025 a public URL needs two permissions. */
function refusalByPolicy(deps: FrontDeps, url: FunctionUrlView): Answer | undefined {
  const help = 'For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';
  const refuse = (reason: string): Answer => {
    deps.log(`Function URL of ${url.functionArn}: refused: ${reason}`);
    return {
      status: 403,
      headers: [
        ['content-type', 'application/json'],
        ['x-amzn-errortype', 'AccessDeniedException'],
      ],
      body: Buffer.from(JSON.stringify({ Message: `Forbidden. ${help} (local target: ${reason})` })),
    };
  };
  if (url.authType === 'AWS_IAM')
    return refuse(
      'the URL has AuthType AWS_IAM, and the local target does not check signatures of requests to functions; use AuthType NONE to try it here',
    );
  const missing = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'].filter(
    (action) => !deps.functions.isAllowed(url.functionArn, '*', action),
  );
  return missing.length === 0
    ? undefined
    : refuse(`the function's policy lacks a permission for everyone (Principal "*") to ${missing.join(' and to ')}`);
}

function internalError(): Answer {
  return { status: 502, headers: [['content-type', 'text/plain; charset=utf-8']], body: Buffer.from('Internal Server Error') };
}
