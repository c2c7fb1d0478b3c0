import { describe, expect, it } from 'vitest';

import type { StackEvent } from '../../src/clients/cloudformation.ts';
import { countCancelled, findFirstCause } from '../../src/stack/failure.ts';

function event(logicalId: string, status: string, reason?: string): StackEvent {
  const physicalId = logicalId === 'Shop' ? 'arn:stack' : `p-${logicalId}`;
  return {
    id: `${logicalId}-${status}`,
    timestamp: new Date(),
    logicalId,
    physicalId,
    resourceType: 'AWS::X::Y',
    status,
    reason,
    stackId: 'arn:stack',
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
    expect(findFirstCause(events)).toMatchObject({ logicalId: 'C', reason: 'Table already exists: orders' });
    expect(countCancelled(events)).toBe(2);
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
