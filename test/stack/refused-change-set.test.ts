import { describe, expect, it } from 'vitest';

import type { ChangeSet, OperationEvent, ResourceChange, Stacks } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import { explainRefusal } from '../../src/stack/refused-change-set.ts';
import type { Locate } from '../../src/template/locate.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

const arn = (name: string): string => `arn:aws:cloudformation:eu-west-1:123456789012:changeSet/${name}/11111111-2222`;

function changeSet(name: string, statusReason: string, nested: Readonly<Record<string, string>> = {}): ChangeSet {
  const changes = Object.entries(nested).map(([logicalId, child]): ResourceChange => ({
    action: 'Add',
    logicalId,
    resourceType: 'AWS::CloudFormation::Stack',
    replacement: undefined,
    nestedChangeSetId: arn(child),
  }));
  return {
    id: arn(name),
    name,
    stackId: `arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop-Orders-1A2B3C/33`,
    status: 'FAILED',
    statusReason,
    executionStatus: 'UNAVAILABLE',
    changes,
  };
}

function validationError(logicalId: string): OperationEvent {
  return {
    id: logicalId,
    timestamp: new Date(0),
    logicalId,
    physicalId: '',
    resourceType: 'AWS::S3::Bucket',
    status: '',
    reason: undefined,
    stackId: '',
    operationId: undefined,
    eventType: 'VALIDATION_ERROR',
    operationStatus: undefined,
    detailedStatus: undefined,
    validation: { name: 'PROPERTY_VALIDATION', status: 'FAILED', reason: 'wrong', path: `/Resources/${logicalId}`, mode: 'FAIL' },
    hook: undefined,
  };
}

/** What an endpoint with these change sets answers; `late`: looks that find no events yet. */
function endpoint(changeSets: readonly ChangeSet[], events: Readonly<Record<string, readonly OperationEvent[]>> = {}, late = 0) {
  const clock = fakeClock();
  let looks = 0;
  const stacks: Pick<Stacks, 'changeSet' | 'operationEvents'> = {
    changeSet: ({ id }) => {
      const found = changeSets.find((candidate) => candidate.id === id);
      return found === undefined ? Promise.reject(new UserError('CHANGE_SET_NOT_FOUND', id)) : Promise.resolve(found);
    },
    operationEvents: ({ changeSetId = '' }) => Promise.resolve((looks += 1) <= late ? [] : [...(events[changeSetId] ?? [])]),
  };
  const deps = {
    stacks: stacks as Stacks,
    clock,
    reporter: recordingReporter(),
    signal: new AbortController().signal,
  };
  return { deps, slept: clock.slept };
}

const NOWHERE: Locate = () => Promise.resolve(undefined);

describe('why a change set has failed', () => {
  it('is what nested change sets say, however deep, under the names of the nested stacks', async () => {
    const root = changeSet('root', `Nested change set ${arn('orders')} was not successfully created: Currently in FAILED.`, {
      Orders: 'orders',
    });
    const orders = changeSet('orders', `Nested change set ${arn('tables')} was not successfully created: Currently in FAILED.`, {
      Tables: 'tables',
      Fine: 'fine',
    });
    const tables = changeSet('tables', 'Template format error: Unresolved resource dependencies [X]');
    const fine = changeSet('fine', "The submitted information didn't contain changes.");
    const { deps } = endpoint([root, orders, tables, fine]);
    expect(await explainRefusal(root, NOWHERE, deps)).toEqual({
      findings: [],
      reasons: ['Orders/Tables: Template format error: Unresolved resource dependencies [X]'],
    });
  });

  it('is told by the name of the nested stack where the change set does not name its resource', async () => {
    const root = changeSet('root', `Nested change set ${arn('child')} was not successfully created: Currently in FAILED.`);
    const { deps } = endpoint([root, changeSet('child', 'No export named X found')]);
    expect((await explainRefusal(root, NOWHERE, deps)).reasons).toEqual(['Orders: No export named X found']);
  });

  it('has the findings of nested stacks', async () => {
    const root = changeSet('root', `Nested change set ${arn('child')} was not successfully created: Currently in FAILED.`, {
      Orders: 'child',
    });
    const child = changeSet('child', 'The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation].');
    const { deps } = endpoint([root, child], { [arn('child')]: [validationError('Bucket')] });
    expect((await explainRefusal(root, NOWHERE, deps)).findings).toMatchObject([{ logicalId: 'Orders/Bucket', message: 'wrong' }]);
  });

  it('asks for their places by the path of the nested stacks and the path in the innermost template', async () => {
    const root = changeSet('root', `Nested change set ${arn('child')} was not successfully created: Currently in FAILED.`, {
      Orders: 'child',
    });
    const child = changeSet('child', 'The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation].');
    const { deps } = endpoint([root, child], { [arn('child')]: [validationError('Bucket')] });
    const locate: Locate = (logicalId, pointer) => Promise.resolve({ path: `${logicalId} ${pointer}`, line: 4, column: 2 });
    expect((await explainRefusal(root, locate, deps)).findings).toMatchObject([{ path: 'Orders/Bucket /Resources/Bucket', line: 4 }]);
  });

  it('is its own reason where a nested one is gone', async () => {
    const root = changeSet('root', `Nested change set ${arn('gone')} was not successfully created.`);
    expect((await explainRefusal(root, NOWHERE, endpoint([root]).deps)).reasons).toEqual([root.statusReason]);
  });

  it('is looked for twice when the reason speaks of findings that are not there yet', async () => {
    const root = changeSet('root', 'The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].');
    const { deps, slept } = endpoint([root], { [arn('root')]: [validationError('Bucket')] }, 1);
    expect((await explainRefusal(root, NOWHERE, deps)).findings).toHaveLength(1);
    expect(slept).toHaveLength(1);
    const plain = endpoint([root]);
    await explainRefusal(changeSet('root', 'Template error'), NOWHERE, plain.deps);
    expect(plain.slept).toEqual([]);
  });
});
