/** The log of one execution environment: CloudWatch lines, and the tail that a caller may ask for. */
import { randomBytes } from 'node:crypto';
import type { LogSink } from '../types.ts';
import type { FunctionSpec } from './types.ts';

/** What `LogType: Tail` answers at most, in bytes. */
const TAIL_BYTES = 4096;

export interface RequestLog {
  readonly stream: string;
  line(text: string): void;
  /** Begins a request: its START line, and a fresh tail. */
  start(requestId: string): void;
  /** Ends a request with END and REPORT lines and answers its tail. */
  end(
    requestId: string,
    report: { readonly durationMs: number; readonly initMs: number | undefined; readonly memoryUsedMb: number | undefined },
  ): string;
}

export function createRequestLog(spec: FunctionSpec, logs: LogSink): RequestLog {
  const stream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[${spec.version}]${randomBytes(16).toString('hex')}`;
  let tail: string[] = [];
  let tailBytes = 0;
  const line = (text: string): void => {
    logs.append(spec.logGroup, stream, text);
    tail.push(text);
    tailBytes += text.length + 1;
    while (tailBytes > 2 * TAIL_BYTES && tail.length > 1) tailBytes -= (tail.shift() ?? '').length + 1;
  };
  return {
    stream,
    line,
    start(requestId) {
      tail = [];
      tailBytes = 0;
      line(`START RequestId: ${requestId} Version: ${spec.version}`);
    },
    end(requestId, { durationMs, initMs, memoryUsedMb }) {
      const billed = Math.max(1, Math.ceil(durationMs));
      line(`END RequestId: ${requestId}`);
      const fields = [
        `REPORT RequestId: ${requestId}`,
        `Duration: ${durationMs.toFixed(2)} ms`,
        `Billed Duration: ${billed} ms`,
        `Memory Size: ${spec.memorySizeMb} MB`,
        ...(memoryUsedMb === undefined ? [] : [`Max Memory Used: ${memoryUsedMb} MB`]),
        ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
      ];
      line(`${fields.join('\t')}\t`);
      return Buffer.from(`${tail.join('\n')}\n`)
        .subarray(-TAIL_BYTES)
        .toString('utf8');
    },
  };
}
