/** Answers the requests to an HTTP API (API Gateway version 2): `$default` at the root, other stages below their name. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer1, answer2, MalformedAnswerError } from './answers.ts';
import { callFunction, type CallOutcome } from './call-function.ts';
import { isPreflight, preflightAnswer, withCors } from './cors.ts';
import { event1 } from './event-1.ts';
import { event2, isBinary } from './event-2.ts';
import type { Handler } from './listeners.ts';
import { type Match, matchHttpRoute, safeDecode } from './match-route.ts';
import { passOn } from './mock.ts';
import { refusalOf } from './origin-guard.ts';
import { type FrontRequest, readFrontRequest } from './read-request.ts';
import { messageAnswer, sendAnswer } from './send.ts';
import type { Answer, CorsRules, FrontDeps, Integration, Route } from './types.ts';

/** An HTTP API as it is now. */
export interface HttpApiView {
  readonly id: string;
  readonly executeArn: string;
  readonly cors: CorsRules | undefined;
  stage(name: string): { readonly variables: Readonly<Record<string, string>>; readonly routes: readonly Route[] } | undefined;
}

interface Target {
  readonly api: HttpApiView;
  readonly stage: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Below the stage, percent-encoded. */
  readonly path: string;
  readonly match: Match;
}

export function httpFront(deps: FrontDeps, find: () => HttpApiView | undefined): Handler {
  return async (request, response) => {
    const api = find();
    const refusal = refusalOf(request, api?.cors?.allowOrigins ?? []);
    if (refusal !== undefined) return sendAnswer(request, response, messageAnswer(403, refusal));
    if (api?.cors !== undefined && isPreflight(request)) return sendAnswer(request, response, preflightAnswer(request, api.cors, 204));
    const front = await readFrontRequest(request);
    const answered = front === undefined ? messageAnswer(413, 'Request Entity Too Large') : await answerFor(deps, api, front);
    const ids = front === undefined ? [] : ([['apigw-requestid', front.requestId]] as const);
    send(request, response, api, { ...answered, headers: [...answered.headers, ...ids] });
  };
}

function send(request: IncomingMessage, response: ServerResponse, api: HttpApiView | undefined, answer: Answer): void {
  sendAnswer(request, response, { ...answer, headers: withCors(request, api?.cors, answer.headers) });
}

async function answerFor(deps: FrontDeps, api: HttpApiView | undefined, front: FrontRequest): Promise<Answer> {
  const target = api === undefined ? undefined : targetOf(api, front);
  if (target === undefined) return messageAnswer(404, 'Not Found');
  const { integration, authorization } = target.match.route;
  if (authorization === 'AWS_IAM') return messageAnswer(403, 'Forbidden');
  switch (integration.kind) {
    case 'lambda':
      return await answerByFunction(deps, target, integration, front);
    case 'http':
      return await passOnOrFail(deps, target, integration, front);
    case 'mock':
    case 'unsupported':
      deps.log(
        `${about(target, front)}: the local target does not run this integration (${integration.kind === 'mock' ? 'MOCK' : integration.type})`,
      );
      return messageAnswer(500, 'Internal Server Error');
  }
}

/** A stage of that name comes before `$default`. */
function targetOf(api: HttpApiView, front: FrontRequest): Target | undefined {
  const [, first = '', below = ''] = /^\/([^/]*)(.*)$/s.exec(front.path) ?? [];
  const named = first === '' || first === '$default' ? undefined : api.stage(safeDecode(first));
  const stage = named === undefined ? '$default' : safeDecode(first);
  const found = named ?? api.stage('$default');
  const path = named === undefined ? front.path : below === '' ? '/' : below;
  const match = found === undefined ? undefined : matchHttpRoute(found.routes, front.method, path);
  return found === undefined || match === undefined ? undefined : { api, stage, variables: found.variables, path, match };
}

async function answerByFunction(
  deps: FrontDeps,
  target: Target,
  integration: Extract<Integration, { kind: 'lambda' }>,
  front: FrontRequest,
): Promise<Answer> {
  const outcome = await callFunction(deps, {
    functionArn: integration.functionArn,
    event: eventFor(target, integration, front),
    timeoutMs: integration.timeoutMs,
    streaming: false,
    sourceArns: integration.hasRole ? undefined : sourceArns(target, front),
    about: about(target, front),
  });
  if (outcome.kind !== 'answer') return failure(outcome);
  try {
    return integration.payload === '1.0'
      ? answer1(outcome.result.payload, true)
      : answer2(outcome.result.payload, 'text/plain; charset=utf-8');
  } catch (error) {
    if (!(error instanceof MalformedAnswerError)) throw error;
    deps.log(`${about(target, front)}: malformed answer of the function: ${error.message}`);
    return messageAnswer(500, 'Internal Server Error');
  }
}

function eventFor(
  target: Target,
  integration: Extract<Integration, { kind: 'lambda' }>,
  front: FrontRequest,
): Readonly<Record<string, unknown>> {
  const { api, match, path, stage, variables } = target;
  if (integration.payload === '2.0') {
    const { params, route } = match;
    const routeKey = route.path === '$default' ? '$default' : `${route.method} ${route.path}`;
    return event2(front, { front: 'http-api', apiId: api.id, routeKey, stage, path: front.path, params, stageVariables: variables });
  }
  const type = front.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  const isBase64 = front.body.length > 0 && isBinary(type, front.body);
  return event1(front, { api: 'HTTP', apiId: api.id, stage, path: safeDecode(path), match, stageVariables: variables, isBase64 });
}

function failure(outcome: Exclude<CallOutcome, { kind: 'answer' }>): Answer {
  switch (outcome.kind) {
    case 'timeout':
      return messageAnswer(504, 'Endpoint request timed out');
    case 'too-large':
      return messageAnswer(413, 'Request Entity Too Large');
    case 'not-allowed':
    case 'throttled':
    case 'failed':
      return messageAnswer(500, 'Internal Server Error');
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
    return (error as Error).name === 'TimeoutError' ? messageAnswer(504, 'Endpoint request timed out') : messageAnswer(502, 'Bad Gateway');
  }
}

/** The route as it is written, and with placeholders as `*`; both the request's method and the route's own. */
function sourceArns({ api, match, stage }: Target, front: FrontRequest): readonly string[] {
  const base = `${api.executeArn}/${stage}`;
  const { method, path } = match.route;
  if (path === '$default') return [`${base}/$default`, `${base}/$default/$default`];
  const paths = [path, path.replace(/\{[^}]+\}/g, '*')];
  return [front.method, method === 'ANY' ? '*' : method].flatMap((verb) => paths.map((one) => `${base}/${verb}${one}`));
}

function about(target: Target, front: FrontRequest): string {
  return `HTTP API ${target.api.id}, ${front.method} ${target.match.route.path}`;
}
