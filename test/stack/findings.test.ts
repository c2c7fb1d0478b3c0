import { describe, expect, it } from 'vitest';

import type { OperationEvent } from '../../src/clients/cloudformation.ts';
import { findingsOf, formatFinding } from '../../src/stack/findings.ts';
import { refusedChangeSet } from '../../src/stack/refused-change-set.ts';
import { formatPlace, locator } from '../../src/template/locate.ts';
import { parseTemplate } from '../../src/template/parse.ts';

const TEMPLATE = `Transform: AWS::Serverless-2016-10-31
Resources:
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: taken
      Tags:
        - { Key: a, Value: b }
  Fn:
    Type: AWS::Serverless::Function
    Properties: { Runtime: nodejs24.x, Handler: index.handler, InlineCode: '' }
  Orders:
    Type: AWS::CloudFormation::Stack
    Properties: { TemplateURL: nested/orders.yaml }
  Elsewhere:
    Type: AWS::CloudFormation::Stack
    Properties: { TemplateURL: 'https://bucket.s3.amazonaws.com/a.yaml' }
`;

type Validation = NonNullable<OperationEvent['validation']>;

function event(
  logicalId: string,
  more: { validation?: Partial<Validation>; hook?: Partial<NonNullable<OperationEvent['hook']>> },
): OperationEvent {
  const { validation, hook } = more;
  return {
    id: '1',
    timestamp: new Date(0),
    logicalId,
    physicalId: '',
    resourceType: 'AWS::S3::Bucket',
    status: '',
    reason: undefined,
    stackId: 'arn:stack',
    operationId: 'op',
    eventType: validation === undefined ? 'HOOK_INVOCATION_ERROR' : 'VALIDATION_ERROR',
    operationStatus: undefined,
    detailedStatus: undefined,
    validation:
      validation === undefined
        ? undefined
        : { name: 'PROPERTY_VALIDATION', status: 'FAILED', reason: 'wrong', path: undefined, mode: 'FAIL', ...validation },
    hook:
      hook === undefined
        ? undefined
        : {
            type: 'Org::Rules::Hook',
            status: 'HOOK_COMPLETE_FAILED',
            reason: 'no',
            invocationPoint: 'PRE_PROVISION',
            mode: 'FAIL',
            ...hook,
          },
  };
}

const ORDERS = `Parameters: { Name: { Type: String } }
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: taken
  Deeper:
    Type: AWS::Serverless::Application
    Properties: { Location: ../deeper.json }
`;
const DEEPER = '{\n  "Resources": {\n    "Queue": { "Type": "AWS::SQS::Queue",\n      "Properties": { "QueueName": "taken" } } }\n}\n';

/** Templates by absolute path, and under which name they are shown. */
const FILES: Readonly<Record<string, readonly [string, string]>> = {
  '/app/nested/orders.yaml': [ORDERS, 'nested/orders.yaml'],
  '/app/deeper.json': [DEEPER, 'deeper.json'],
};

const load = (file: string) => {
  const found = FILES[file];
  return found === undefined ? Promise.resolve(undefined) : parseTemplate(...found);
};
const places = async () => locator(await parseTemplate(TEMPLATE, 'serverless.template'), '/app/serverless.template', load);

describe('places of findings', () => {
  it.each([
    ['a property', 'Uploads', '/Resources/Uploads/Properties/BucketName', 6, 19],
    ['an item of a list', 'Uploads', '/Resources/Uploads/Properties/Tags/0/Value', 8, 28],
    ['a property that is missing: what should have it', 'Uploads', '/Resources/Uploads/Properties/AccessControl', 6, 7],
    ['a resource without a path', 'Uploads', undefined, 4, 5],
    ['what the transform has made: what it was made from', 'FnRole', '/Resources/FnRole/Properties/RoleName', 10, 5],
    ['what is in a nested stack from elsewhere: that stack', 'Elsewhere/Table', '/Resources/Table/Properties/TableName', 16, 5],
  ])('%s', async (_, logicalId, pointer, line, column) => {
    expect(await (await places())(logicalId, pointer)).toEqual({ path: 'serverless.template', line, column });
  });

  it.each([
    ['a property', 'Orders/Table', '/Resources/Table/Properties/TableName', 'nested/orders.yaml:6:18'],
    ['a resource', 'Orders/Table', undefined, 'nested/orders.yaml:4:5'],
    ['no resource at all', 'Orders/', '/Parameters/Name', 'nested/orders.yaml:1:21'],
    ['what the template does not know: its nested stack', 'Orders/Unknown', undefined, 'serverless.template:13:5'],
    ['a stack within it', 'Orders/Deeper/Queue', '/Resources/Queue/Properties/QueueName', 'deeper.json:4:36'],
    ['what a stack within it does not know', 'Orders/Deeper/Unknown', undefined, 'nested/orders.yaml:8:5'],
    ['a stack that it does not have', 'Orders/Missing/Queue', undefined, 'serverless.template:13:5'],
  ])('in a nested template, %s', async (_, logicalId, pointer, expected) => {
    const found = await (await places())(logicalId, pointer);
    expect(found === undefined ? undefined : formatPlace(found)).toBe(expected);
  });

  it('nothing is placed that the template does not know', async () => {
    expect(await (await places())('Unknown', '/Resources/Unknown/Properties')).toBeUndefined();
    expect(await (await places())('Unknown/Table')).toBeUndefined();
    expect(await (await places())('')).toBeUndefined();
  });
});

describe('findings', () => {
  it('come from validation and from hooks, errors first, each once, without what was skipped', async () => {
    const bucket = event('Uploads', {
      validation: { name: 'BUCKET_EMPTINESS_VALIDATION', mode: 'WARN', reason: 'The bucket is not empty' },
    });
    const conflict = event('Uploads', {
      validation: { name: 'NAME_CONFLICT_VALIDATION', reason: 'it already exists', path: '/Resources/Uploads/Properties/BucketName' },
    });
    const found = await findingsOf(
      [bucket, conflict, conflict, event('Uploads', { validation: { status: 'SKIPPED' } }), event('Uploads', { hook: {} })],
      await places(),
    );
    expect(found).toMatchObject([
      {
        rule: 'NAME_CONFLICT_VALIDATION',
        kind: 'validation',
        severity: 'error',
        line: 6,
        remedy: expect.stringContaining('--import-existing-resources'),
      },
      { rule: 'Org::Rules::Hook', kind: 'hook', severity: 'error', message: 'no (PRE_PROVISION)', line: 4 },
      { rule: 'BUCKET_EMPTINESS_VALIDATION', severity: 'warning', remedy: expect.stringContaining('DeletionPolicy') },
    ]);
    expect(found).toHaveLength(3);
    expect(formatFinding(found[0]!)).toBe(
      'serverless.template:6:19: NAME_CONFLICT_VALIDATION: Uploads (AWS::S3::Bucket): it already exists',
    );
  });

  it.each([
    ['RESOURCE_NAME_CONFLICT', 'x', '--import-existing-resources'],
    ['SOMETHING_NEW', "Resource of type 'AWS::S3::Bucket' with identifier 'a' already exists.", '--import-existing-resources'],
    ['S3_BUCKET_EMPTINESS', 'x', 'Empty the bucket'],
    ['ECR_REPOSITORY_DELETE_READINESS', 'x', 'EmptyOnDelete'],
    ['SERVICE_QUOTA', 'x', 'quota'],
    ['CONFIG_RECORDER_CONFLICT', 'x', 'recorder'],
  ])('%s (%s) says what helps', async (name, reason, remedy) => {
    const [found] = await findingsOf([event('Uploads', { validation: { name, reason } })], await places());
    expect(found?.remedy).toContain(remedy);
  });

  it('a wrong property needs no further words', async () => {
    const [found] = await findingsOf([event('Uploads', { validation: {} })], await places());
    expect(found).not.toHaveProperty('remedy', expect.anything());
  });
});

describe('the error of a refused change set', () => {
  it('shows each finding, and names the switch that leaves the check out', async () => {
    const findings = await findingsOf(
      [event('Uploads', { validation: { name: 'NAME_CONFLICT_VALIDATION', reason: 'it exists' } })],
      await places(),
    );
    const error = refusedChangeSet('Shop', { findings, reasons: ['validation failed'] });
    expect(error).toMatchObject({
      code: 'CHANGE_SET_FAILED',
      message: 'CloudFormation refuses the deployment of Shop beforehand: 1 error',
      hint: expect.stringContaining('--no-validation'),
      result: { stackName: 'Shop', findings },
    });
    expect(error.details).toEqual([
      'error   serverless.template:4:5: NAME_CONFLICT_VALIDATION: Uploads (AWS::S3::Bucket)',
      '        it exists',
      expect.stringContaining('        Choose another name'),
    ]);
  });

  it('does not offer that switch where only a hook has refused', async () => {
    const error = refusedChangeSet('Shop', { findings: await findingsOf([event('Uploads', { hook: {} })], await places()), reasons: [] });
    expect(error.hint).not.toContain('--no-validation');
  });

  it('says what it needs to know more', () => {
    const error = refusedChangeSet('Shop', {
      findings: [],
      reasons: ['The following hook(s)/validation failed: [AWS::EarlyValidation::X].'],
    });
    expect(error.hint).toContain('cloudformation:DescribeEvents');
  });

  it('gives the reason where nothing was found', () => {
    const error = refusedChangeSet('Shop', { findings: [], reasons: ['Orders: Template format error'] });
    expect(error.message).toBe('CloudFormation cannot make a change set for Shop: Orders: Template format error');
  });
});
