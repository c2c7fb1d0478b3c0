import { describe, expect, it } from 'vitest';

import type { LogQuery } from '../../src/clients/logs.ts';
import { UserError } from '../../src/errors.ts';
import { consoleLink } from '../../src/stack/console-link.ts';
import { describeFailure, explainFailure } from '../../src/stack/explain-failure.ts';
import { asOperationEvent, recorded, recordedDeps, stackArn, type RecordedStacks } from '../support/recorded-events.ts';

const SHOP = { stackName: 'Shop', stackId: stackArn('Shop') };
const embedded = (name: string) =>
  `Embedded stack ${stackArn(name)} was not successfully created: The following resource(s) failed to create: [X].`;

/** Three levels, of which only the root's events are known. */
const ROOT_EVENTS = [
  recorded('Shop', 1, 'Shop', 'CREATE_IN_PROGRESS', 'User Initiated'),
  recorded('Shop', 2, 'Database', 'CREATE_IN_PROGRESS', 'Resource creation Initiated', { nested: 'Shop-Database' }),
  recorded('Shop', 9, 'Database', 'CREATE_FAILED', embedded('Shop-Database'), { nested: 'Shop-Database' }),
  recorded(
    'Shop',
    10,
    'Shop',
    'ROLLBACK_IN_PROGRESS',
    'The following resource(s) failed to create: [Database]. Rollback requested by user.',
  ),
];
const MIDDLE = [
  recorded('Shop-Database', 3, 'Inner', 'CREATE_IN_PROGRESS', undefined, { nested: 'Shop-Inner' }),
  recorded('Shop-Database', 8, 'Inner', 'CREATE_FAILED', embedded('Shop-Inner'), { nested: 'Shop-Inner' }),
];
const BOTTOM = [
  recorded('Shop-Inner', -90, 'Orders', 'CREATE_FAILED', 'Something of an operation long ago'),
  recorded('Shop-Inner', 5, 'Orders', 'CREATE_FAILED', 'Table already exists: orders'),
  recorded('Shop-Inner', 6, 'Other', 'CREATE_FAILED', 'Resource creation cancelled'),
];

describe('a failure in a nested stack', () => {
  const byArn = { [stackArn('Shop-Database')]: MIDDLE, [stackArn('Shop-Inner')]: BOTTOM };
  const onlyFailed = (events: typeof MIDDLE) =>
    events.filter(({ status }) => status.endsWith('_FAILED')).map((event) => asOperationEvent(event));
  const failed = { [stackArn('Shop-Database')]: onlyFailed(MIDDLE), [stackArn('Shop-Inner')]: onlyFailed(BOTTOM) };

  it.each<[string, RecordedStacks, string[]]>([
    [
      'DescribeStackEvents only',
      { events: byArn, failed: undefined },
      ['failed Shop', 'failed Shop-Database', 'events Shop-Database', 'failed Shop-Inner', 'events Shop-Inner'],
    ],
    ['DescribeEvents', { failed }, ['failed Shop', 'failed Shop-Database', 'failed Shop-Inner']],
  ])('is gone down into, with %s', async (_, stacks, calls) => {
    const deps = recordedDeps(stacks);
    const explanation = await explainFailure(
      { ...SHOP, events: ROOT_EVENTS, placeOf: (path) => Promise.resolve(`t.yaml:${path.length}`) },
      deps,
    );
    expect(explanation).toMatchObject({
      cause: { path: 'Database/Inner/Orders', reason: 'Table already exists: orders', known: 'name-taken', place: 't.yaml:3' },
      others: [],
      cancelled: 1,
    });
    expect(deps.calls).toEqual(calls);
  });

  it('asks for nothing that is known already', async () => {
    const deps = recordedDeps({ failed: {} });
    await explainFailure({ ...SHOP, events: [...ROOT_EVENTS, ...MIDDLE, ...BOTTOM.slice(1)] }, deps);
    expect(deps.calls).toEqual(['failed Shop']);
  });

  it('stays with the nested stack when that tells nothing', async () => {
    const explanation = await explainFailure({ ...SHOP, events: ROOT_EVENTS }, recordedDeps({ failed: {} }));
    expect(explanation).toMatchObject({ cause: { path: 'Database', reason: expect.stringMatching(/^Embedded stack/) } });
  });
});

describe('the lines about a failure', () => {
  it('are cause, place, words, what was cancelled, and where to go on', async () => {
    const events = [
      recorded('Shop', 1, 'Shop', 'UPDATE_IN_PROGRESS', 'User Initiated'),
      recorded('Shop', 2, 'Orders', 'UPDATE_FAILED', 'Table already exists: orders'),
      recorded('Shop', 3, 'Fn', 'UPDATE_FAILED', 'Resource update cancelled'),
      recorded('Shop', 4, 'Shop', 'UPDATE_ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to update: [Orders, Fn].'),
      recorded('Shop', 5, 'Role', 'UPDATE_FAILED', 'Invalid principal in policy: "AWS":"gone"'),
    ];
    const explanation = await explainFailure(
      { ...SHOP, events, placeOf: () => Promise.resolve('serverless.template:41') },
      recordedDeps({}),
    );
    expect(describeFailure(explanation, 'Shop', ' --profile dev')).toEqual([
      'Cause   Orders (AWS::DynamoDB::Table), serverless.template:41',
      '        Table already exists: orders',
      'Back    rolling back failed too: Role (AWS::DynamoDB::Table), serverless.template:41',
      '        Invalid principal in policy: "AWS":"gone"',
      expect.stringContaining('services are written like lambda.amazonaws.com'),
      'Later   1 other resource was cancelled because of this one',
      `More    lambda-tool diagnose Shop --profile dev · ${explanation.consoleUrl}`,
    ]);
  });
});

describe('a custom resource', () => {
  const reason =
    'Received response status [FAILED] from custom resource. Message returned: boom (RequestId: a7d2f1c4-0f6b-4c9e-9d4e-0e2f4d5a6b7c)';
  const events = [
    recorded('Shop', 1, 'Shop', 'CREATE_IN_PROGRESS', 'User Initiated'),
    recorded('Shop', 2, 'SeedFunction', 'CREATE_COMPLETE', undefined, { type: 'AWS::Lambda::Function' }),
    recorded('Shop', 3, 'Seed', 'CREATE_IN_PROGRESS', undefined, { type: 'Custom::Seed' }),
    recorded('Shop', 8, 'Seed', 'CREATE_FAILED', reason, { type: 'Custom::Seed' }),
  ];
  const template = (token: string) =>
    `Resources:\n  Seed:\n    Type: Custom::Seed\n    Properties:\n      ServiceToken: ${token}\n  SeedFunction:\n    Type: AWS::Serverless::Function\n`;
  const at = (seconds: number) => Date.parse('2026-11-23T14:00:00Z') + seconds * 1000;
  const line = (seconds: number, message: string) => ({ stream: 's', timestampMs: at(seconds), message });
  const ID = '11111111-2222-3333-4444-555555555555';

  it('shows what its function wrote for that request, without times, ids and signatures', async () => {
    const asked: LogQuery[] = [];
    const logs = [
      line(4, `START RequestId: ${ID} Version: $LATEST\n`),
      line(
        4,
        `2026-11-23T14:00:04.000Z\t${ID}\tINFO\tanswer to https://s3.amazonaws.com/x?X-Amz-Date=1&X-Amz-Signature=abc (a7d2f1c4-0f6b-4c9e-9d4e-0e2f4d5a6b7c)\n`,
      ),
      line(5, `2026-11-23T14:00:05.000Z\t${ID}\tERROR\tInvoke Error \t{"errorMessage":"boom"}\n`),
      line(6, `END RequestId: ${ID}\n`),
      line(6, `REPORT RequestId: ${ID}\tDuration: 12 ms\n`),
      line(7, 'START RequestId: another Version: $LATEST\n'),
      line(7, 'of another call\n'),
    ];
    const deps = {
      ...recordedDeps({ template: template('!GetAtt SeedFunction.Arn') }),
      logs: () => Promise.resolve({ events: (query: LogQuery) => (asked.push(query), Promise.resolve(logs)) }),
    };
    const { cause } = await explainFailure({ ...SHOP, events }, deps);
    expect(cause).toMatchObject({ reason: 'boom', known: 'custom-resource-failed' });
    expect(cause?.log).toEqual([
      'INFO answer to https://s3.amazonaws.com/x?… (a7d2f1c4-0f6b-4c9e-9d4e-0e2f4d5a6b7c)',
      'ERROR Invoke Error \t{"errorMessage":"boom"}',
    ]);
    expect(asked).toEqual([{ group: '/aws/lambda/Shop-SeedFunction', stream: undefined, fromMs: at(1), toMs: at(18) }]);
  });

  it.each([
    ['an ARN', 'arn:aws:lambda:eu-west-1:123456789012:function:seeder:live', '/aws/lambda/seeder'],
    ['a substitution', '!Sub arn:aws:lambda:${AWS::Region}:1:function:${SeedFunction}', '/aws/lambda/Shop-SeedFunction'],
    ['a topic', 'arn:aws:sns:eu-west-1:123456789012:topic', undefined],
  ])('is found behind %s', async (_, token, group) => {
    const asked: string[] = [];
    const logs = () => Promise.resolve({ events: (query: LogQuery) => (asked.push(query.group), Promise.resolve([])) });
    await explainFailure({ ...SHOP, events }, { ...recordedDeps({ template: template(token) }), logs });
    expect(asked).toEqual(group === undefined ? [] : [group]);
  });

  it('is explained without its log when that may not be read', async () => {
    const logs = () => Promise.resolve({ events: () => Promise.reject(new UserError('ACCESS_DENIED', 'no')) });
    const deps = { ...recordedDeps({ template: template('!GetAtt SeedFunction.Arn') }), logs };
    const { cause } = await explainFailure({ ...SHOP, events }, deps);
    expect(cause?.reason).toBe('boom');
    expect(cause).not.toHaveProperty('log');
    expect(deps.lines.join('\n')).toContain('cannot be read: no');
  });
});

describe('the link to the console', () => {
  const id = (partition: string, region: string) => `arn:${partition}:cloudformation:${region}:123456789012:stack/Shop/0aa1`;
  it.each([
    [
      'aws',
      'eu-west-1',
      undefined,
      'https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/events?stackId=arn%3Aaws%3A',
    ],
    ['aws-cn', 'cn-north-1', undefined, 'https://console.amazonaws.cn/cloudformation/home?region=cn-north-1#'],
    ['aws-us-gov', 'us-gov-west-1', undefined, 'https://console.amazonaws-us-gov.com/cloudformation/home?region=us-gov-west-1#'],
    ['aws', 'eu-west-1', 'https://vpce-1.cloudformation.eu-west-1.vpce.amazonaws.com', 'https://eu-west-1.console.aws.amazon.com/'],
  ])('leads to the partition %s in %s', (partition, region, endpoint, start) => {
    expect(consoleLink(id(partition, region), endpoint)?.startsWith(start)).toBe(true);
  });
  it('is none for other endpoints, and for partitions whose console is not known', () => {
    expect(consoleLink(id('aws', 'eu-west-1'), 'http://127.0.0.1:4577')).toBeUndefined();
    expect(consoleLink(id('aws-iso', 'us-iso-east-1'), undefined)).toBeUndefined();
  });
});
