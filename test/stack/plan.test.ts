import { describe, expect, it } from 'vitest';

import type { Stack } from '../../src/clients/cloudformation.ts';
import { STACK_STATUSES, planDeletion, planDeployment } from '../../src/stack/plan.ts';

function stack(status: string): Stack {
  return {
    id: 'arn:stack',
    name: 'Shop',
    status,
    statusReason: undefined,
    parameters: [],
    outputs: [],
    tags: {},
    terminationProtection: false,
    roleArn: undefined,
  };
}

/** status → what a deployment does, what a deletion does. */
const TABLE: readonly [string, string, string][] = [
  ['CREATE_IN_PROGRESS', 'refuse', 'refuse'],
  ['CREATE_FAILED', 'refuse', 'delete'],
  ['CREATE_COMPLETE', 'update', 'delete'],
  ['ROLLBACK_IN_PROGRESS', 'refuse', 'refuse'],
  ['ROLLBACK_FAILED', 'refuse', 'delete'],
  ['ROLLBACK_COMPLETE', 'recreate', 'delete'],
  ['DELETE_IN_PROGRESS', 'refuse', 'follow'],
  ['DELETE_FAILED', 'refuse', 'delete'],
  ['DELETE_COMPLETE', 'create', 'delete'],
  ['UPDATE_IN_PROGRESS', 'refuse', 'refuse'],
  ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'refuse', 'refuse'],
  ['UPDATE_COMPLETE', 'update', 'delete'],
  ['UPDATE_FAILED', 'refuse', 'delete'],
  ['UPDATE_ROLLBACK_IN_PROGRESS', 'refuse', 'refuse'],
  ['UPDATE_ROLLBACK_FAILED', 'refuse', 'delete'],
  ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'refuse', 'refuse'],
  ['UPDATE_ROLLBACK_COMPLETE', 'update', 'delete'],
  ['REVIEW_IN_PROGRESS', 'create', 'delete'],
  ['IMPORT_IN_PROGRESS', 'refuse', 'refuse'],
  ['IMPORT_COMPLETE', 'update', 'delete'],
  ['IMPORT_ROLLBACK_IN_PROGRESS', 'refuse', 'refuse'],
  ['IMPORT_ROLLBACK_FAILED', 'refuse', 'delete'],
  ['IMPORT_ROLLBACK_COMPLETE', 'update', 'delete'],
];

describe('the table of stack states', () => {
  it('has every status that the SDK knows', async () => {
    const { StackStatus } = await import('@aws-sdk/client-cloudformation');
    expect(Object.keys(STACK_STATUSES).toSorted()).toEqual(Object.values(StackStatus).toSorted());
    expect(TABLE.map(([status]) => status).toSorted()).toEqual(Object.values(StackStatus).toSorted());
  });

  it.each(TABLE)('%s: deploying means %s, deleting means %s', (status, deploy, remove) => {
    const plan = planDeployment(stack(status), { recreate: true });
    expect(plan.kind).toBe(deploy);
    if (plan.kind === 'refuse') {
      expect(plan.reason).toContain('Stack Shop');
      expect(plan.reason).toContain(status);
      expect(plan.hint).not.toBe('');
    }
    const deletion = planDeletion(stack(status));
    expect(typeof deletion === 'object' ? 'refuse' : deletion).toBe(remove);
  });

  it('creates where there is no stack', () => {
    expect(planDeployment(undefined, { recreate: true })).toEqual({ kind: 'create', reuse: undefined });
  });

  it('reuses a stack that only holds a change set', () => {
    expect(planDeployment(stack('REVIEW_IN_PROGRESS'), { recreate: true })).toMatchObject({ kind: 'create', reuse: { name: 'Shop' } });
  });

  it('refuses to recreate when told so, and names the command that helps', () => {
    const plan = planDeployment(stack('ROLLBACK_COMPLETE'), { recreate: false });
    expect(plan).toMatchObject({ kind: 'refuse', hint: expect.stringContaining('lambda-tool delete-serverless Shop') as string });
  });

  it('refuses a state that it does not know', () => {
    expect(planDeployment(stack('SOMETHING_NEW'), { recreate: true })).toMatchObject({ kind: 'refuse' });
  });
});
