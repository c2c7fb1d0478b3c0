import { describe, expect, it } from 'vitest';

import { linesOfRequest } from '../../src/stack/function-log-lines.ts';

const ID = '11111111-2222-3333-4444-555555555555';
const line = (timestampMs: number, message: string, stream = 'one') => ({ stream, timestampMs, message });

describe('the lines of a call', () => {
  it('are those of the newest call that began before the failure, as the rollback calls too', () => {
    const events = [
      line(1, `START RequestId: ${ID}`),
      line(2, 'first'),
      line(3, `END RequestId: ${ID}`),
      line(5, 'START RequestId: x'),
      line(6, 'second'),
      line(9, 'START RequestId: y'),
      line(9, 'of the rollback'),
    ];
    expect(linesOfRequest(events, undefined, 8)).toEqual(['second']);
    expect(linesOfRequest(events, undefined, 0)).toEqual(['first']);
    expect(linesOfRequest([], undefined, 8)).toEqual([]);
  });

  it('are those of the call that names the request, also when calls of several streams overlap', () => {
    const events = [
      line(1, 'START RequestId: a', 'one'),
      line(1, 'START RequestId: b', 'two'),
      line(2, `{"RequestId":"${ID}"}`, 'one'),
      line(3, 'of two', 'two'),
      line(4, 'of one', 'one'),
    ];
    expect(linesOfRequest(events, ID, 8)).toEqual([`{"RequestId":"${ID}"}`, 'of one']);
  });

  it('keep a report only when it tells of a bad end', () => {
    const end = (report: string) => linesOfRequest([line(1, `START RequestId: ${ID}`), line(2, report)], undefined, 8);
    expect(end(`REPORT RequestId: ${ID}\tDuration: 3000.00 ms\tStatus: timeout`)).toEqual([
      `REPORT RequestId: ${ID}\tDuration: 3000.00 ms\tStatus: timeout`,
    ]);
    expect(end(`REPORT RequestId: ${ID}\tDuration: 3.00 ms`)).toEqual([]);
    expect(end(`2026-11-23T14:00:03.000Z ${ID} Task timed out after 3.00 seconds\n\n`)).toEqual(['Task timed out after 3.00 seconds']);
  });

  it('come without frames in JSON, and Python lines without times', () => {
    const events = [
      line(1, '{"time":"2026-11-23T14:00:00.000Z","type":"platform.start","record":{}}'),
      line(2, '{"timestamp":"2026-11-23T14:00:01Z","level":"ERROR","message":"boom"}'),
      line(3, `[ERROR]\t2026-11-23T14:00:02.000Z\t${ID}\tKeyError: 'Table'`),
      line(4, '{"time":"2026-11-23T14:00:03.000Z","type":"platform.report","record":{"status":"success"}}'),
    ];
    expect(linesOfRequest(events, undefined, 8)).toEqual([
      '{"timestamp":"2026-11-23T14:00:01Z","level":"ERROR","message":"boom"}',
      "ERROR KeyError: 'Table'",
    ]);
  });

  it('are twelve at most, and none too long', () => {
    const events = Array.from({ length: 20 }, (_, index) => line(index, index === 19 ? 'x'.repeat(400) : `line ${index}`));
    const lines = linesOfRequest(events, undefined, 99);
    expect(lines).toHaveLength(12);
    expect(lines.at(-1)).toHaveLength(301);
  });
});
