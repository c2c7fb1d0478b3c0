import { describe, expect, it } from 'vitest';

import type { StackEvent } from '../../src/clients/cloudformation.ts';
import { analyseFailure, findFirstCause } from '../../src/stack/failure.ts';

const ROOT = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop/1';
let clock = Date.parse('2026-11-23T14:00:00Z');

interface Extra extends Partial<StackEvent> {
  readonly at?: number;
}

/** An event a second later than the one before, unless it says when. */
function event(logicalId: string, status: string, reason?: string, extra: Extra = {}): StackEvent {
  clock += 1000;
  const stackId = extra.stackId ?? ROOT;
  return {
    id: `${stackId}-${logicalId}-${status}-${clock}`,
    timestamp: new Date(extra.at ?? clock),
    logicalId,
    physicalId: logicalId === 'Shop' ? stackId : `p-${logicalId}`,
    resourceType: 'AWS::X::Y',
    status,
    reason,
    stackId,
    ...extra,
  };
}

describe('the first cause of a failure', () => {
  it('is the first failed resource that was not merely cancelled', () => {
    const events = [
      event('A', 'CREATE_IN_PROGRESS'),
      event('B', 'CREATE_FAILED', 'Resource creation cancelled'),
      event('C', 'CREATE_FAILED', 'Table already exists: orders'),
      event('D', 'CREATE_FAILED', 'Resource creation cancelled'),
      event('Shop', 'ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to create: [B, C, D]. Rollback requested by user.'),
    ];
    expect(analyseFailure(events, ROOT)).toMatchObject({
      first: { logicalId: 'C', reason: 'Table already exists: orders', path: 'C', kind: 'resource' },
      others: [],
      cancelled: 2,
    });
  });

  it('takes the frame of resource handlers off', () => {
    const reason =
      'Resource handler returned message: "Bucket name is taken (Service: S3, Status Code: 409, Request ID: X)" (RequestToken: 1-2, HandlerErrorCode: AlreadyExists)';
    expect(findFirstCause([event('A', 'CREATE_FAILED', reason)])?.reason).toBe('Bucket name is taken');
  });

  it('is the stack itself when no resource failed', () => {
    expect(findFirstCause([event('Shop', 'ROLLBACK_FAILED', 'Role is gone')])).toMatchObject({ logicalId: 'Shop', reason: 'Role is gone' });
    expect(findFirstCause([event('A', 'CREATE_COMPLETE')])).toBeUndefined();
  });
});
