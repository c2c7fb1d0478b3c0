/** Where custom resources send their answers: an address each, known only to the function that was given it. */
import { randomBytes } from 'node:crypto';
import type { Site } from '../../dispatch.ts';
import { readBody } from '../../protocol/body.ts';
import { asDict, type Dict } from '../../engine/values.ts';

export const ANSWER_PATH = '/_lambda-tool/custom-resource/';
/** AWS refuses longer ones. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html */
const MAX_ANSWER_BYTES = 4096;

/** What the function said, or why that cannot be used. */
export type CustomAnswer = { readonly answer: Dict } | { readonly problem: string };

export interface PendingAnswer {
  readonly url: string;
  readonly received: Promise<CustomAnswer>;
  /** Nobody waits any more. */
  forget(): void;
}

export interface AnswerDesk {
  readonly site: Site;
  expect(): PendingAnswer;
}

/** The addresses do not outlive the process: an operation that a stop cut off is brought to an end anyhow. */
export function createAnswerDesk(endpoint: string): AnswerDesk {
  const waiting = new Map<string, (answer: CustomAnswer) => void>();
  const site: Site = {
    allowsWebPages: false,
    matches: (_request, path) => path.startsWith(ANSWER_PATH),
    async handle(request, response) {
      const token = (request.url ?? '').split('?', 1)[0]?.slice(ANSWER_PATH.length) ?? '';
      const take = waiting.get(token);
      if (take === undefined || request.method !== 'PUT') return void response.writeHead(take === undefined ? 403 : 405).end();
      const body = await readBody(request, 1024 * 1024);
      waiting.delete(token);
      response.writeHead(200, { 'content-length': 0 }).end();
      take(read(body));
    },
  };
  return {
    site,
    expect() {
      const token = randomBytes(24).toString('base64url');
      const received = new Promise<CustomAnswer>((resolve) => waiting.set(token, resolve));
      return { url: `${endpoint}${ANSWER_PATH}${token}?local`, received, forget: () => void waiting.delete(token) };
    },
  };
}

function read(body: Buffer): CustomAnswer {
  if (body.length > MAX_ANSWER_BYTES) return { problem: 'Response object is too long.' };
  try {
    return { answer: asDict(JSON.parse(body.toString('utf8'))) };
  } catch {
    return { problem: 'Invalid Response object: the response is not valid JSON.' };
  }
}
