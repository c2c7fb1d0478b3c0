import { describe, expect, it } from 'vitest';

import type { Stack } from '../../src/clients/cloudformation.ts';
import { planDeletion, planDeployment, sayDeployment, type DeployPermissions } from '../../src/stack/plan.ts';
import { DEPLOY_RULES, STACK_STATUSES } from '../../src/stack/statuses.ts';

const ALLOWED: DeployPermissions = { recreate: true, waitForStack: true, continueRollback: true, resume: false, skipResources: [] };

function stack(status: string, terminationProtection = false): Stack {
  return {
    id: 'arn:stack',
    name: 'Shop',
    status,
    statusReason: undefined,
    parameters: [],
    outputs: [],
    tags: {},
    terminationProtection,
    roleArn: undefined,
  };
}

/** status → what a deployment does, the switch that refuses that, what a deletion does, whether --resume updates. */
const TABLE: readonly (readonly [status: string, deploy: string, refusedBy: string, remove: string, resume: boolean])[] = [
  ['CREATE_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'delete', false],
  ['CREATE_FAILED', 'recreate', '--no-recreate', 'delete', true],
  ['CREATE_COMPLETE', 'update', '', 'delete', false],
  ['ROLLBACK_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'wait', false],
  ['ROLLBACK_FAILED', 'recreate', '--no-recreate', 'delete', false],
  ['ROLLBACK_COMPLETE', 'recreate', '--no-recreate', 'delete', false],
  ['DELETE_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'follow', false],
  ['DELETE_FAILED', 'recreate', '--no-recreate', 'delete', false],
  ['DELETE_COMPLETE', 'create', '', 'delete', false],
  ['UPDATE_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'wait', false],
  ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'wait', false],
  ['UPDATE_COMPLETE', 'update', '', 'delete', false],
  ['UPDATE_FAILED', 'roll-back', '--no-continue-rollback', 'delete', true],
  ['UPDATE_ROLLBACK_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'wait', false],
  ['UPDATE_ROLLBACK_FAILED', 'continue-rollback', '--no-continue-rollback', 'delete', false],
  ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'wait', false],
  ['UPDATE_ROLLBACK_COMPLETE', 'update', '', 'delete', false],
  ['REVIEW_IN_PROGRESS', 'create', '', 'delete', false],
  ['IMPORT_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'wait', false],
  ['IMPORT_COMPLETE', 'update', '', 'delete', false],
  ['IMPORT_ROLLBACK_IN_PROGRESS', 'wait', '--no-wait-for-stack', 'wait', false],
  ['IMPORT_ROLLBACK_FAILED', 'refuse', '', 'delete', false],
  ['IMPORT_ROLLBACK_COMPLETE', 'update', '', 'delete', false],
];

describe('the table of stack states', () => {
  it('has every status that the SDK knows', async () => {
    const { StackStatus } = await import('@aws-sdk/client-cloudformation');
    expect(Object.keys(STACK_STATUSES).toSorted()).toEqual(Object.values(StackStatus).toSorted());
    expect(TABLE.map(([status]) => status).toSorted()).toEqual(Object.values(StackStatus).toSorted());
  });

  it.each(TABLE)('%s: deploying means %s (refused by %s), deleting means %s', (status, deploy, refusedBy, remove, resume) => {
    const plan = planDeployment(stack(status), ALLOWED);
    expect(plan.kind).toBe(deploy);
    if (plan.kind === 'refuse')
      expect(plan).toMatchObject({ reason: expect.stringContaining(`(${status})`), hint: expect.stringMatching(/./) });
    expect(planDeletion(stack(status), ALLOWED).kind).toBe(remove);
    expect(planDeployment(stack(status), { ...ALLOWED, resume: true }).kind).toBe(resume ? 'update' : deploy);
    if (resume) expect(planDeployment(stack(status), { ...ALLOWED, resume: true })).toMatchObject({ resume: true });

    const strict = planDeployment(stack(status), { ...ALLOWED, recreate: false, waitForStack: false, continueRollback: false });
    if (refusedBy === '') expect(strict.kind).toBe(deploy);
    else {
      expect(strict).toMatchObject({
        kind: 'refuse',
        code: 'STACK_STATE',
        reason: expect.stringContaining(`${refusedBy} was given (${status})`),
      });
      expect(DEPLOY_RULES[deploy as keyof typeof DEPLOY_RULES].switches).toContain(refusedBy);
    }
  });

  it('says what is done in one sentence that names stack and state', () => {
    expect(sayDeployment(stack('ROLLBACK_COMPLETE'), 'recreate')).toBe(
      'Stack Shop could not be created and was rolled back (ROLLBACK_COMPLETE); it is deleted and created anew',
    );
  });

  it('creates where there is no stack', () => {
    expect(planDeployment(undefined, ALLOWED)).toEqual({ kind: 'create', reuse: undefined });
  });

  it('reuses a stack that only holds a change set', () => {
    expect(planDeployment(stack('REVIEW_IN_PROGRESS'), ALLOWED)).toMatchObject({ kind: 'create', reuse: { name: 'Shop' } });
  });

  it('refuses to recreate when told so, and names the command that helps', () => {
    const plan = planDeployment(stack('ROLLBACK_COMPLETE'), { ...ALLOWED, recreate: false });
    expect(plan).toMatchObject({ kind: 'refuse', command: 'lambda-tool delete-serverless Shop' });
  });

  it('does not delete what is protected, to delete it or to create it anew', () => {
    expect(planDeployment(stack('ROLLBACK_COMPLETE', true), ALLOWED)).toMatchObject({ kind: 'refuse', code: 'STACK_PROTECTED' });
    expect(planDeployment(stack('UPDATE_COMPLETE', true), ALLOWED)).toMatchObject({ kind: 'update' });
    expect(planDeletion(stack('UPDATE_COMPLETE', true), ALLOWED)).toMatchObject({ kind: 'refuse', code: 'STACK_PROTECTED' });
    expect(planDeletion(stack('UPDATE_IN_PROGRESS', true), ALLOWED)).toMatchObject({ kind: 'refuse', code: 'STACK_PROTECTED' });
  });

  it('lifts the protection where that was asked for', () => {
    const may = { ...ALLOWED, liftProtection: true };
    expect(planDeployment(stack('ROLLBACK_COMPLETE', true), may)).toMatchObject({ kind: 'recreate' });
    expect(planDeletion(stack('UPDATE_COMPLETE', true), may)).toEqual({ kind: 'delete' });
    expect(planDeployment(stack('ROLLBACK_COMPLETE', true), ALLOWED)).toMatchObject({
      command: 'lambda-tool deploy-serverless -sn Shop --no-termination-protection',
    });
    expect(planDeletion(stack('UPDATE_COMPLETE', true), ALLOWED)).toMatchObject({
      command: 'lambda-tool delete-serverless Shop --no-termination-protection',
    });
  });

  it('goes on from where an update in express mode has failed, since that takes no rollback', () => {
    const failed = { ...stack('UPDATE_FAILED'), express: true };
    expect(planDeployment(failed, ALLOWED)).toMatchObject({ kind: 'update', resume: true });
    expect(planDeployment(failed, { ...ALLOWED, continueRollback: false })).toMatchObject({
      kind: 'refuse',
      hint: expect.stringContaining('express mode') as string,
    });
    expect(planDeployment({ ...stack('CREATE_FAILED'), express: true }, ALLOWED)).toMatchObject({ kind: 'recreate' });
    expect(planDeployment({ ...stack('UPDATE_COMPLETE'), express: true }, ALLOWED)).toMatchObject({ kind: 'update', resume: false });
  });

  it('refuses to wait before a deletion when told so', () => {
    expect(planDeletion(stack('UPDATE_IN_PROGRESS'), { waitForStack: false })).toMatchObject({ kind: 'refuse', code: 'STACK_STATE' });
  });

  it('refuses a state that it does not know', () => {
    expect(planDeployment(stack('SOMETHING_NEW'), ALLOWED)).toMatchObject({ kind: 'refuse' });
    expect(planDeletion(stack('SOMETHING_NEW'), ALLOWED)).toEqual({ kind: 'delete' });
  });
});
