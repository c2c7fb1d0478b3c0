import { describe, expect, it } from 'vitest';

import type { Stack } from '../../src/clients/cloudformation.ts';
import { forgetRecords } from '../../src/records/prune.ts';
import { parseRecord } from '../../src/records/read.ts';
import { deploymentBefore, deploymentNamed, findCurrent, secretsGivenSince } from '../../src/records/targets.ts';
import type { DeploymentRecord } from '../../src/records/types.ts';
import { digestOf } from '../../src/records/write.ts';

const STACK_ID = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop/8f4b421e';

/** A record that deployed the template `text`; later numbers are later. */
function record(number: number, text: string, more: Partial<DeploymentRecord> = {}): DeploymentRecord {
  const time = new Date(Date.UTC(2026, 0, number)).toISOString();
  return {
    schema: 1,
    id: `${time.replaceAll(/[-:.]/g, '')}-0000000${number}`,
    time,
    stackId: STACK_ID,
    stackName: 'Shop',
    action: 'updated',
    outcome: 'succeeded',
    template: { key: 'k', digest: digestOf(text) },
    parameters: [],
    tags: {},
    capabilities: [],
    artifacts: [],
    by: 'arn:aws:iam::123456789012:user/bob',
    toolVersion: '1.0.0',
    ...more,
  };
}

function stack(more: Partial<Stack> = {}): Stack {
  return {
    id: STACK_ID,
    name: 'Shop',
    status: 'UPDATE_COMPLETE',
    statusReason: undefined,
    parameters: [],
    outputs: [],
    tags: {},
    terminationProtection: false,
    roleArn: undefined,
    ...more,
  };
}

/** Newest first, as they are listed. */
const listed = (...records: DeploymentRecord[]) => records.toReversed();

describe('the current deployment', () => {
  it('is the newest that succeeded with the deployed template and parameters', () => {
    const a = record(1, 'A');
    const b = record(2, 'B', { parameters: [{ name: 'Stage', value: 'dev' }] });
    const c = record(3, 'B', { parameters: [{ name: 'Stage', value: 'prod' }] });
    const failed = record(4, 'C', { outcome: 'failed' });
    const records = listed(a, b, c, failed);
    const dev = stack({ parameters: [{ name: 'Stage', value: 'dev', resolvedValue: undefined }] });
    expect(findCurrent(records, dev, 'B')).toBe(b);
    expect(findCurrent(records, stack(), 'A')).toBe(a);
    expect(findCurrent(records, stack(), 'C')).toBeUndefined();
    expect(findCurrent(records, stack(), undefined)).toBeUndefined();
  });

  it('may be one that nobody waited for, once the stack is at rest with it', () => {
    const records = listed(record(1, 'A'), record(2, 'B', { outcome: 'started' }));
    expect(findCurrent(records, stack(), 'B')?.outcome).toBe('started');
    expect(findCurrent(records, stack({ status: 'UPDATE_ROLLBACK_COMPLETE' }), 'B')).toBeUndefined();
  });

  it('is recognised whatever white space the service leaves out', () => {
    expect(findCurrent(listed(record(1, 'A\n')), stack(), 'A')).toBeDefined();
  });
});

describe('the deployment before the current one', () => {
  const a = record(1, 'A');
  const b = record(2, 'B');
  const c = record(3, 'C');

  it('passes over failures and what is the same', () => {
    const failed = record(4, 'D', { outcome: 'failed' });
    const same = record(5, 'C');
    const records = listed(a, b, c, failed, same);
    expect(deploymentBefore(records, same, 'Shop')).toBe(b);
  });

  it('goes further back from a rollback', () => {
    const back = record(4, 'B', { action: 'rolled-back', of: b.id });
    expect(deploymentBefore(listed(a, b, c, back), back, 'Shop')).toBe(a);
    const again = record(5, 'A', { action: 'rolled-back', of: a.id });
    expect(() => deploymentBefore(listed(a, b, c, back, again), again, 'Shop')).toThrow(
      expect.objectContaining({ code: 'DEPLOYMENT_NOT_FOUND' }),
    );
  });

  it('is the newest that succeeded when something else has changed the stack', () => {
    expect(deploymentBefore(listed(a, b, c), undefined, 'Shop')).toBe(c);
  });

  it('survives a rollback to what was forgotten, and records that name each other', () => {
    const back = record(4, 'B', { action: 'rolled-back', of: 'forgotten' });
    expect(deploymentBefore(listed(a, back), back, 'Shop')).toBe(a);
    const odd = record(5, 'E', { of: record(6, 'F').id });
    expect(deploymentBefore(listed(a, odd, record(6, 'F', { of: odd.id })), odd, 'Shop')).toBe(a);
  });
});

describe('a deployment by its name', () => {
  const records = listed(record(1, 'A'), record(2, 'B', { outcome: 'failed' }), record(3, 'C', { outcome: 'prepared' }));

  it('is found by the whole id or its last part', () => {
    expect(deploymentNamed(records, '00000001', 'Shop').id).toBe('20260101T000000000Z-00000001');
    expect(deploymentNamed(records, '20260101T000000000Z-00000001', 'Shop').time).toBe('2026-01-01T00:00:00.000Z');
  });

  it.each(['00000002', '00000003', '1', 'nope'])('refuses %s', (name) =>
    expect(() => deploymentNamed(records, name, 'Shop')).toThrow(expect.objectContaining({ code: 'DEPLOYMENT_NOT_FOUND' })),
  );
});

it('names secrets that were given after the target, and no others', () => {
  const secret = (given: boolean) => ({ parameters: [{ name: 'Token', usePrevious: true as const, given }] });
  const first = record(1, 'A', secret(true));
  const records = listed(first, record(2, 'B', secret(false)), record(3, 'C', { ...secret(true), outcome: 'failed' }));
  expect(secretsGivenSince(records, first)).toEqual([]);
  expect(secretsGivenSince([record(4, 'D', secret(true)), ...records], first)).toEqual(['Token']);
});

describe('records to forget', () => {
  const before = new Date(Date.UTC(2026, 5, 1));
  const base = { liveStackIds: new Set([STACK_ID]), region: 'eu-west-1', keepDeployments: undefined, before };
  const records = [1, 2, 3, 4].map((number) => record(number, String(number), number === 3 ? { outcome: 'failed' } : {}));
  const numbers = (ids: Set<string>) => [...ids].map((id) => Number(id.slice(-1)));

  it('are none of a stack that exists, unless a number is given', () => {
    expect(numbers(forgetRecords(records, base))).toEqual([]);
    expect(numbers(forgetRecords(records, { ...base, keepDeployments: 2 }))).toEqual([1]);
    expect(numbers(forgetRecords(records, { ...base, keepDeployments: 1 }))).toEqual([1, 2, 3]);
    expect(numbers(forgetRecords(records, { ...base, keepDeployments: 9 }))).toEqual([]);
  });

  it('are all of a stack that is gone, but only in the region that was looked at', () => {
    const gone = { ...base, liveStackIds: new Set<string>() };
    expect(numbers(forgetRecords(records, gone))).toEqual([1, 2, 3, 4]);
    expect(numbers(forgetRecords(records, { ...gone, region: 'us-east-1' }))).toEqual([]);
    expect(numbers(forgetRecords(records, { ...gone, before: new Date(Date.UTC(2026, 0, 2)) }))).toEqual([1, 2]);
  });
});

it('passes over what is no record of this version', () => {
  const text = JSON.stringify(record(1, 'A'));
  expect(parseRecord(text)?.stackName).toBe('Shop');
  for (const other of [undefined, '', '{', 'null', '[]', '{"schema":1}', text.replace('"schema":1', '"schema":2')])
    expect(parseRecord(other)).toBeUndefined();
});
