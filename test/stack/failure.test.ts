import { describe, expect, it } from 'vitest';

import { analyseFailure, findFirstCause } from '../../src/stack/failure.ts';
import { cleanReason } from '../../src/stack/failure-reason.ts';
import { asOperationEvent, recorded, stackArn } from '../support/recorded-events.ts';

const shop = (seconds: number, logicalId: string, status: string, reason?: string) => recorded('Shop', seconds, logicalId, status, reason);
const ROOT = stackArn('Shop');

describe('the first cause of a failure', () => {
  it('is the first failed resource that was not merely cancelled', () => {
    const events = [
      shop(1, 'A', 'CREATE_IN_PROGRESS'),
      shop(2, 'B', 'CREATE_FAILED', 'Resource creation cancelled'),
      shop(3, 'C', 'CREATE_FAILED', 'Table already exists: orders'),
      shop(4, 'D', 'CREATE_FAILED', 'Resource creation cancelled'),
      shop(5, 'Shop', 'ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to create: [B, C, D]. Rollback requested by user.'),
    ];
    expect(analyseFailure(events, ROOT)).toMatchObject({
      first: { logicalId: 'C', reason: 'Table already exists: orders', path: 'C', kind: 'resource', at: '2026-11-23T14:00:03.000Z' },
      others: [],
      cancelled: 2,
    });
  });

  it("is the earliest by the server's clock, however the events came", () => {
    const events = [
      shop(9, 'Late', 'CREATE_FAILED', 'Later'),
      shop(3, 'Early', 'CREATE_FAILED', 'First'),
      shop(1, 'Shop', 'CREATE_IN_PROGRESS'),
    ];
    expect(analyseFailure(events, ROOT)).toMatchObject({ first: { logicalId: 'Early' }, others: [{ logicalId: 'Late' }] });
  });

  it('is in a nested stack, with the way there, and the stacks above are not blamed', () => {
    const events = [
      recorded('Shop', 1, 'Database', 'CREATE_IN_PROGRESS', undefined, { nested: 'Shop-Database' }),
      recorded('Shop-Database', 2, 'Inner', 'CREATE_IN_PROGRESS', undefined, { nested: 'Shop-Inner' }),
      recorded('Shop-Inner', 3, 'Orders', 'CREATE_FAILED', 'Table already exists: orders'),
      recorded(
        'Shop-Database',
        4,
        'Inner',
        'CREATE_FAILED',
        `Embedded stack ${stackArn('Shop-Inner')} was not successfully created: The following resource(s) failed to create: [Orders].`,
        { nested: 'Shop-Inner' },
      ),
      recorded(
        'Shop',
        5,
        'Database',
        'CREATE_FAILED',
        `Embedded stack ${stackArn('Shop-Database')} was not successfully created: The following resource(s) failed to create: [Inner].`,
        { nested: 'Shop-Database' },
      ),
    ];
    expect(analyseFailure(events, ROOT)).toMatchObject({
      first: { logicalId: 'Orders', path: 'Database/Inner/Orders', stackId: stackArn('Shop-Inner') },
      others: [],
    });
  });

  it('tells what failed during the rollback apart', () => {
    const events = [
      shop(1, 'Shop', 'UPDATE_IN_PROGRESS', 'User Initiated'),
      shop(2, 'Fn', 'UPDATE_FAILED', 'Runtime is gone'),
      shop(3, 'Shop', 'UPDATE_ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to update: [Fn].'),
      shop(4, 'Role', 'UPDATE_FAILED', 'Role is gone'),
      shop(5, 'Shop', 'UPDATE_ROLLBACK_FAILED', 'The following resource(s) failed to update: [Role].'),
    ];
    expect(analyseFailure(events, ROOT)).toMatchObject({
      first: { logicalId: 'Fn' },
      others: [],
      duringRollback: [{ logicalId: 'Role', reason: 'Role is gone' }],
    });
  });

  it('is a failure of the rollback, when a rollback is all there was', () => {
    const events = [shop(1, 'Shop', 'UPDATE_ROLLBACK_IN_PROGRESS', 'User Initiated'), shop(2, 'Role', 'UPDATE_FAILED', 'Role is gone')];
    expect(analyseFailure(events, ROOT)).toMatchObject({ first: { logicalId: 'Role' }, duringRollback: [] });
  });

  it('has the words of a hook, which are in another event', () => {
    const hook = {
      type: 'Private::Guard::Buckets',
      status: 'HOOK_COMPLETE_FAILED',
      reason: 'Buckets must be encrypted',
      invocationPoint: 'PRE_PROVISION',
      mode: 'FAIL',
    };
    const events = [
      { ...shop(2, 'Uploads', 'CREATE_IN_PROGRESS'), hook },
      shop(3, 'Uploads', 'CREATE_FAILED', 'The following hook(s) failed: [Private::Guard::Buckets]'),
    ];
    expect(analyseFailure(events, ROOT)).toMatchObject({
      first: { kind: 'resource', reason: 'The following hook(s) failed: [Private::Guard::Buckets]: Buckets must be encrypted' },
      others: [],
    });
    const onlyWarns = [{ ...shop(2, 'Uploads', 'CREATE_IN_PROGRESS'), hook: { ...hook, mode: 'WARN' } }];
    expect(analyseFailure(onlyWarns, ROOT).first).toBeUndefined();
    expect(analyseFailure(events.slice(0, 1), ROOT).first).toMatchObject({ kind: 'hook', logicalId: 'Uploads' });
  });

  it('is a finding of a validation, which only DescribeEvents tells', () => {
    const validation = {
      name: 'NAME_CONFLICT',
      status: 'FAILED',
      reason: 'Resource of type AWS::S3::Bucket with identifier shop already exists',
      path: '/Resources/Uploads/Properties/BucketName',
      mode: 'FAIL',
    };
    const events = [
      asOperationEvent(shop(2, 'Uploads', ''), { eventType: 'VALIDATION_ERROR', validation }),
      asOperationEvent(shop(2, 'Fn', ''), { eventType: 'VALIDATION_ERROR', validation: { ...validation, mode: 'WARN' } }),
    ];
    expect(analyseFailure(events, ROOT)).toMatchObject({
      first: {
        kind: 'validation',
        status: 'VALIDATION_FAILED',
        reason: expect.stringContaining('(/Resources/Uploads/Properties/BucketName)'),
      },
      others: [],
    });
  });

  it('is the stack itself when no resource failed', () => {
    expect(findFirstCause([shop(1, 'Shop', 'ROLLBACK_FAILED', 'Role is gone')])).toMatchObject({
      logicalId: 'Shop',
      reason: 'Role is gone',
      kind: 'stack',
    });
    const timeout = 'Stack creation time exceeded the specified timeout. Rollback requested by user.';
    const events = [shop(1, 'A', 'CREATE_FAILED', 'Resource creation cancelled'), shop(2, 'Shop', 'ROLLBACK_IN_PROGRESS', timeout)];
    expect(findFirstCause(events, ROOT)).toMatchObject({ kind: 'stack', reason: timeout });
    expect(findFirstCause([shop(1, 'A', 'CREATE_COMPLETE')])).toBeUndefined();
  });
});

describe("AWS's words", () => {
  it.each([
    [
      'Resource handler returned message: "Bucket name is taken (Service: S3, Status Code: 409, Request ID: X)" (RequestToken: 1-2, HandlerErrorCode: AlreadyExists)',
      'Bucket name is taken',
    ],
    [
      'Resource handler returned message: "Rate exceeded (Service: Lambda, Status Code: 429, Request ID: X) (SDK Attempt Count: 3)" (RequestToken: 1, HandlerErrorCode: Throttling)',
      'Rate exceeded',
    ],
    [
      "Resource handler returned message: \"Resource of type 'AWS::SQS::Queue' with identifier 'jobs' already exists.\" (RequestToken: 1, HandlerErrorCode: AlreadyExists)",
      "Resource of type 'AWS::SQS::Queue' with identifier 'jobs' already exists.",
    ],
    [
      'Table already exists (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceInUseException; Request ID: X; Proxy: null)',
      'Table already exists',
    ],
    ['Received response status [FAILED] from custom resource. Message returned: no such user (RequestId: a7d2f1c4)', 'no such user'],
    [
      'Resource handler returned message: "null" (RequestToken: 1, HandlerErrorCode: InternalFailure)',
      'Resource handler returned message: "null" (RequestToken: 1, HandlerErrorCode: InternalFailure)',
    ],
    [undefined, 'AWS gave no reason'],
    ['', 'AWS gave no reason'],
  ])('%s', (reason, words) => {
    expect(cleanReason(reason)).toBe(words);
  });
});
