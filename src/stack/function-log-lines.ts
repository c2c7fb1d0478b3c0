import type { LogEvent } from '../clients/logs.ts';

const MOST_LINES = 12;
const LONGEST_LINE = 300;

/** What Lambda itself writes around a call: "Lambda developer guide", log formats; as JSON when LogFormat says so. */
const START = /^START RequestId: |^\{"time":"[^"]*","type":"platform\.start"/;
const FRAME =
  /^(START|END) RequestId: |^INIT_START |^\{"time":"[^"]*","type":"platform\.(start|initStart|initRuntimeDone|initReport|extension|logsSubscription)"/;
/** The report says something only of a call that ended badly. */
const GOOD_REPORT = /^REPORT RequestId: (?!.*Status: (error|timeout))|"type":"platform\.(report|runtimeDone)".*"status":"success"/s;

/**
 * The last lines of the call that served a request: the one that names it, or else the newest that began before the request failed
 * (the rollback calls the function as well). Times and ids in front of lines and signatures of addresses are left out. Pure.
 */
export function linesOfRequest(events: readonly LogEvent[], requestId: string | undefined, failedAtMs: number): string[] {
  const calls = callsOf(events);
  const named = requestId === undefined ? undefined : calls.findLast((call) => call.some(({ message }) => message.includes(requestId)));
  const chosen = named ?? calls.findLast((call) => (call[0]?.timestampMs ?? 0) <= failedAtMs) ?? calls[0] ?? [];
  return chosen
    .filter(({ message }) => !FRAME.test(message) && !GOOD_REPORT.test(message))
    .flatMap(({ message }) => bare(message).split('\n'))
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-MOST_LINES)
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
}

/** The calls of all streams in the order in which they ended. */
function callsOf(events: readonly LogEvent[]): LogEvent[][] {
  const calls: LogEvent[][] = [];
  const open = new Map<string, LogEvent[]>();
  for (const event of events) {
    const current = open.get(event.stream);
    if (current !== undefined && !START.test(event.message)) {
      current.push(event);
      continue;
    }
    const call = [event];
    open.set(event.stream, call);
    calls.push(call);
  }
  return calls.toSorted((one, other) => (one.at(-1)?.timestampMs ?? 0) - (other.at(-1)?.timestampMs ?? 0));
}

/** `2026-11-23T14:00:00.000Z\t<id>\tERROR\ttext` → `ERROR text`. */
function bare(message: string): string {
  return message
    .replace(/^\[(\w+)\]\t\S+Z\t[0-9a-f-]{36}\t/, '$1 ')
    .replace(/^\d{4}-\d\d-\d\dT\S+Z\t(?:[0-9a-f-]{36}|undefined)\t(\w+)\t/, '$1 ')
    .replace(/^\d{4}-\d\d-\d\dT\S+Z [0-9a-f-]{36} /, '')
    .replaceAll(/(https:\/\/[^\s"'?]+)\?[^\s"']*X-Amz-Signature[^\s"']*/g, '$1?…');
}
