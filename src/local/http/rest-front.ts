/** Answers the requests to a REST API (API Gateway version 1): `/<stage>/<path>`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptsBinary, answer1, MalformedAnswerError } from './answers.ts';
import { callFunction, type CallOutcome } from './call-function.ts';
import { event1 } from './event-1.ts';
import type { Handler } from './listeners.ts';
import { type Match, matchRestRoute } from './match-route.ts';
import { isBinaryRequest, mockAnswer, passOn } from './mock.ts';
import { refusalOf } from './origin-guard.ts';
import { type FrontRequest, readFrontRequest } from './read-request.ts';
import { messageAnswer, sendAnswer, sendStream } from './send.ts';
import type { Answer, FrontDeps, Integration, Route } from './types.ts';

/** A REST API as it is now. */
export interface RestApiView {
  readonly id: string;
  /** `arn:aws:execute-api:<region>:<account>:<id>`. */
  readonly executeArn: string;
  readonly binaryTypes: readonly string[];
  /** Routes of a stage; undefined when there is no such stage. */
  stage(name: string): { readonly variables: Readonly<Record<string, string>>; readonly routes: readonly Route[] } | undefined;
}

/** What a request is about once its stage and route are known. */
interface Target {
  readonly api: RestApiView;
  readonly stage: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly path: string;
  readonly match: Match;
}

export function restFront(deps: FrontDeps, find: () => RestApiView | undefined): Handler {
  return async (request, response) => {
    const api = find();
    const [, stage = '', path = '/'] = /^\/([^/?]*)(\/[^?]*)?/.exec(request.url ?? '/') ?? [];
    const found = api?.stage(stage);
    const refusal = refusalOf(request, found === undefined ? [] : originsFor(found.routes, path));
    if (refusal !== undefined) return sendAnswer(request, response, messageAnswer(403, refusal));
    const front = await readFrontRequest(request);
    if (front === undefined) return sendAnswer(request, response, messageAnswer(413, 'Request Too Long'));
    if (api === undefined || found === undefined) return sendAnswer(request, response, messageAnswer(403, 'Forbidden'));
    const match = matchRestRoute(found.routes, front.method, path);
    // AWS says the same for a missing route as for a missing signature.
    if (match === undefined)
      return sendAnswer(
        request,
        response,
        messageAnswer(403, 'Missing Authentication Token', errorType('MissingAuthenticationTokenException')),
      );
    await answer(deps, { api, stage, variables: found.variables, path, match }, front, request, response);
  };
}

/** The origins that the path's OPTIONS method names, if it is a MOCK as SAM makes it for `Cors`. */
function originsFor(routes: readonly Route[], path: string): readonly string[] {
  const integration = matchRestRoute(routes, 'OPTIONS', path)?.route.integration;
  if (integration?.kind !== 'mock') return [];
  return Object.entries(mockAnswer(integration).headers).flatMap(([, [name, value]]) =>
    name.toLowerCase() === 'access-control-allow-origin' ? [value] : [],
  );
}

async function answer(
  deps: FrontDeps,
  target: Target,
  front: FrontRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { integration, authorization } = target.match.route;
  if (authorization === 'AWS_IAM')
    return sendAnswer(
      request,
      response,
      messageAnswer(403, 'Missing Authentication Token', errorType('MissingAuthenticationTokenException')),
    );
  switch (integration.kind) {
    case 'lambda':
      return await answerByFunction(deps, target, integration, front, request, response);
    case 'mock':
      return sendAnswer(request, response, mockAnswer(integration));
    case 'http':
      return sendAnswer(request, response, await passOnOrFail(deps, target, integration, front));
    case 'unsupported':
      deps.log(`${about(target, front)}: the local target does not run the integration type ${integration.type}`);
      return sendAnswer(request, response, messageAnswer(500, 'Internal server error'));
  }
}

async function answerByFunction(
  deps: FrontDeps,
  target: Target,
  integration: Extract<Integration, { kind: 'lambda' }>,
  front: FrontRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { api, match, path, stage, variables } = target;
  const isBase64 = isBinaryRequest(front, api.binaryTypes);
  const outcome = await callFunction(deps, {
    functionArn: integration.functionArn,
    event: event1(front, { api: 'REST', apiId: api.id, stage, path, match, stageVariables: variables, isBase64 }),
    timeoutMs: integration.timeoutMs,
    streaming: integration.streaming,
    sourceArns: integration.hasRole ? undefined : sourceArns(api, stage, match.route, front.method),
    about: about(target, front),
  });
  if (outcome.kind !== 'answer') return sendAnswer(request, response, failure(outcome));
  const ids = [['x-amzn-requestid', front.requestId]] as const;
  try {
    const { contentType, payload, stream, streamEnded } = outcome.result;
    if (stream !== undefined)
      return await sendStream(request, response, { stream, contentType, ended: streamEnded }, (headers) => [...headers, ...ids]);
    const made = answer1(payload, acceptsBinary(api.binaryTypes, request.headers.accept));
    sendAnswer(request, response, { ...made, headers: [...made.headers, ...ids] });
  } catch (error) {
    if (!(error instanceof MalformedAnswerError)) throw error;
    deps.log(`${about(target, front)}: malformed answer of the function: ${error.message}`);
    sendAnswer(request, response, messageAnswer(502, 'Internal server error', errorType('InternalServerErrorException')));
  }
}

function failure(outcome: Exclude<CallOutcome, { kind: 'answer' }>): Answer {
  switch (outcome.kind) {
    case 'timeout':
      return messageAnswer(504, 'Endpoint request timed out', errorType('InternalServerErrorException'));
    case 'too-large':
      return messageAnswer(413, 'Request Too Long');
    case 'not-allowed':
    case 'throttled':
      return messageAnswer(500, 'Internal server error', errorType('InternalServerErrorException'));
    case 'failed':
      return messageAnswer(502, 'Internal server error', errorType('InternalServerErrorException'));
  }
}

async function passOnOrFail(
  deps: FrontDeps,
  target: Target,
  integration: Extract<Integration, { kind: 'http' }>,
  front: FrontRequest,
): Promise<Answer> {
  try {
    return await passOn(front, target.match, integration);
  } catch (error) {
    deps.log(`${about(target, front)}: ${integration.url} does not answer: ${(error as Error).message}`);
    return (error as Error).name === 'TimeoutError'
      ? messageAnswer(504, 'Endpoint request timed out')
      : messageAnswer(502, 'Internal server error');
  }
}

/** With placeholders as `*`, and once with the route's own method, which is `*` for ANY. */
function sourceArns(api: RestApiView, stage: string, route: Route, method: string): readonly string[] {
  const path = route.path.replace(/\{[^}]+\}/g, '*');
  return [...new Set([method, route.method === 'ANY' ? '*' : route.method])].map((verb) => `${api.executeArn}/${stage}/${verb}${path}`);
}

function errorType(type: string): readonly (readonly [string, string])[] {
  return [['x-amzn-errortype', type]];
}

function about(target: Target, front: FrontRequest): string {
  return `REST API ${target.api.id}, ${front.method} ${target.match.route.path}`;
}
