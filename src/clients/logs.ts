import { HttpRequest, type HttpResponse } from '@smithy/core/protocols';
import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';

import type { SdkClientConfig } from './aws-config.ts';
import { translateAwsError } from './aws-errors.ts';

export interface LogQuery {
  readonly group: string;
  /** All streams of the group without it. */
  readonly stream?: string | undefined;
  /** Milliseconds since 1970, both included. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface LogEvent {
  readonly stream: string;
  readonly timestampMs: number;
  readonly message: string;
}

/** CloudWatch Logs, as far as a failure needs it. */
export interface LogReader {
  /** What was written in a span of time, oldest first; undefined where there is no such group or stream. Throws a translated UserError. */
  events(query: LogQuery, signal?: AbortSignal): Promise<LogEvent[] | undefined>;
}

const MAX_PAGES = 10;

interface FilterAnswer {
  readonly events?: readonly { readonly logStreamName?: string; readonly timestamp?: number; readonly message?: string }[];
  readonly nextToken?: string;
}

/**
 * One operation of one service does not carry the weight of a client of its own: the request is signed and sent as the JSON protocol
 * has it (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
 */
export function createLogReader(config: SdkClientConfig): LogReader {
  return {
    async events({ group, stream, fromMs, toMs }, signal) {
      const input = {
        logGroupName: group,
        startTime: fromMs,
        endTime: toMs,
        ...(stream === undefined ? {} : { logStreamNames: [stream] }),
      };
      const found: LogEvent[] = [];
      let nextToken: string | undefined;
      try {
        for (let page = 0; page < MAX_PAGES; page += 1) {
          const next = nextToken === undefined ? {} : { nextToken };
          const answer = (await call(config, 'FilterLogEvents', { ...input, ...next }, signal)) as FilterAnswer;
          for (const { logStreamName = '', timestamp = 0, message = '' } of answer.events ?? [])
            found.push({ stream: logStreamName, timestampMs: timestamp, message });
          nextToken = answer.nextToken;
          if (nextToken === undefined) break;
        }
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
        throw translateAwsError(error, { service: 'CloudWatch Logs', operation: 'FilterLogEvents', endpoint: config.endpoint });
      }
      return found;
    },
  };
}

async function call(config: SdkClientConfig, operation: string, input: object, signal: AbortSignal | undefined): Promise<unknown> {
  const { region, credentials } = config;
  const url = new URL(config.endpoint ?? `https://logs.${region}.${suffixOf(region)}`);
  const request = new HttpRequest({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: url.pathname,
    headers: { host: url.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` },
    body: JSON.stringify(input),
  });
  const signer = new SignatureV4({ service: 'logs', region, credentials, sha256: Hash.bind(null, 'sha256') });
  const handler = config.requestHandler as { handle(request: object, options: object): Promise<{ response: HttpResponse }> };
  const { response } = await handler.handle(await signer.sign(request), signal === undefined ? {} : { abortSignal: signal });
  const text = await readText(response.body as AsyncIterable<Uint8Array>);
  if (response.statusCode >= 200 && response.statusCode < 300) return JSON.parse(text);
  throw failureOf(response.statusCode, text);
}

/** In the form in which the clients of the SDK throw. */
function failureOf(status: number, text: string): Error {
  let body: { readonly __type?: string; readonly message?: string; readonly Message?: string } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // A proxy or another server answered: its text is the message.
  }
  const error = new Error(body.message ?? body.Message ?? text.slice(0, 200));
  error.name = body.__type?.replace(/^.*#/, '') ?? 'UnknownError';
  return Object.assign(error, { $metadata: { httpStatusCode: status } });
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

function suffixOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com';
}
