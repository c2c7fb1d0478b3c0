import { describe, expect, it } from 'vitest';

import type { ChangeSet, ResourceChange, Stacks } from '../../src/clients/cloudformation.ts';
import { createStyle } from '../../src/output/style.ts';
import { propertyChanges } from '../../src/stack/preview-properties.ts';
import { renderPreview } from '../../src/stack/preview-render.ts';
import { widerRights } from '../../src/stack/preview-rights.ts';
import { collectChanges } from '../../src/stack/preview-stack.ts';
import { readChanges } from '../../src/stack/preview.ts';

function change(part: Partial<ResourceChange>): ResourceChange {
  return { action: 'Modify', logicalId: 'Thing', resourceType: 'AWS::X::Y', replacement: 'False', ...part };
}

function modified(before: object, after: object, part: Partial<ResourceChange> = {}): ResourceChange {
  return change({ before: JSON.stringify({ Properties: before }), after: JSON.stringify({ Properties: after }), ...part });
}

const detail = { attribute: 'Properties', path: undefined, before: undefined, after: undefined, requiresRecreation: 'Never' };

describe('the properties of a change', () => {
  it('are the smallest parts that differ', () => {
    const before = { Environment: { Variables: { A: '1', B: '2' } }, Layers: ['x'], Kept: 1 };
    const after = { Environment: { Variables: { A: '1', B: '3' } }, Layers: ['x', 'y'], Kept: 1, New: true };
    expect(propertyChanges(modified(before, after))).toEqual([
      { path: 'Environment.Variables.B', before: '2', after: '3', requiresRecreation: 'Never' },
      { path: 'Layers', before: ['x'], after: ['x', 'y'], requiresRecreation: 'Never' },
      { path: 'New', after: true, requiresRecreation: 'Never' },
    ]);
  });

  it('tell which of them replaces the resource', () => {
    const details = [
      { ...detail, name: 'Name', requiresRecreation: 'Always' },
      { ...detail, name: 'Size', requiresRecreation: 'Never' },
    ];
    expect(propertyChanges(modified({ Name: 'a', Size: 1 }, { Name: 'b', Size: 2 }, { details }))).toMatchObject([
      { path: 'Name', requiresRecreation: 'Always' },
      { path: 'Size', requiresRecreation: 'Never' },
    ]);
  });

  it('come from the details where the endpoint gives no texts, each once', () => {
    const details = [
      { ...detail, name: 'Tags', path: '/Properties/Tags/0/Value', before: 'a', after: 'b' },
      { ...detail, name: 'Role' },
      { ...detail, name: 'Role' },
      { ...detail, attribute: 'Metadata', name: undefined },
    ];
    expect(propertyChanges(change({ details }))).toEqual([
      { path: 'Tags[0].Value', before: 'a', after: 'b', requiresRecreation: 'Never' },
      { path: 'Role', requiresRecreation: 'Never' },
      { path: 'Metadata', requiresRecreation: 'Never' },
    ]);
  });

  it('survive values that were cut off', () => {
    expect(
      propertyChanges(
        change({ before: '{"Properties":{"A":', after: '{}', details: [{ ...detail, name: 'A', before: '{"x":', after: '1' }] }),
      ),
    ).toEqual([{ path: 'A', before: '{"x":', after: '1', requiresRecreation: 'Never' }]);
  });
});

describe('wider rights', () => {
  const role = (statement: object, more: object = {}) => ({ Policies: [{ PolicyDocument: { Statement: [statement] } }], ...more });
  const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*' };
  const cases: readonly (readonly [string, object, object, readonly string[]])[] = [
    ['more actions', role(read), role({ ...read, Action: ['s3:GetObject', 's3:PutObject'] }), ['allows s3:PutObject on arn:aws:s3:::b/*']],
    ['a wildcard', role(read), role({ ...read, Action: 's3:*' }), ['allows s3:* on arn:aws:s3:::b/*']],
    ['more resources', role(read), role({ ...read, Resource: ['arn:aws:s3:::b/*', '*'] }), ['allows s3:GetObject on *']],
    ['fewer actions', role({ ...read, Action: 's3:*' }), role(read), []],
    ['the same in other letters', role(read), role({ ...read, Action: 'S3:getobject' }), []],
    ['a new Sid', role(read), role({ ...read, Sid: 'Read' }), []],
    [
      'a condition that goes',
      role({ ...read, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
      role(read),
      ['allows s3:GetObject on arn:aws:s3:::b/*'],
    ],
    ['a condition that comes', role(read), role({ ...read, Condition: { Bool: { 'aws:SecureTransport': 'true' } } }), []],
    ['a Deny that goes', role({ ...read, Effect: 'Deny' }), { Policies: [] }, ['no longer denies s3:GetObject']],
    [
      'NotAction',
      role(read),
      role({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }),
      ['allows everything but what it names (NotAction, NotResource or NotPrincipal)'],
    ],
    [
      'another principal',
      { AssumeRolePolicyDocument: { Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: 'arn:a' } } } },
      { AssumeRolePolicyDocument: { Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: ['arn:a', '*'] } } } },
      ['allows sts:AssumeRole to everybody'],
    ],
    [
      'a managed policy and a boundary',
      { PermissionsBoundary: 'arn:b' },
      { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
      ['attaches arn:aws:iam::aws:policy/AdministratorAccess', 'loses its permissions boundary'],
    ],
  ];

  it.each(cases)('are told for %s', (_, before, after, expected) => {
    expect(widerRights(modified(before, after, { resourceType: 'AWS::IAM::Role' }))).toEqual(expected);
  });

  it('of a new role are all it allows, of a new permission only those of everybody', () => {
    const added = (resourceType: string, properties: object) =>
      widerRights(change({ action: 'Add', resourceType, after: JSON.stringify({ Properties: properties }) }));
    expect(added('AWS::IAM::Role', role(read))).toEqual(['allows s3:GetObject on arn:aws:s3:::b/*']);
    const permission = { Action: 'lambda:InvokeFunction', FunctionName: 'Fn', Principal: 'apigateway.amazonaws.com' };
    expect(added('AWS::Lambda::Permission', permission)).toEqual([]);
    expect(added('AWS::Lambda::Permission', { ...permission, Principal: '*' })).toEqual([
      'allows lambda:InvokeFunction on Fn to everybody',
    ]);
  });

  it('cannot be told without values, and that is said', () => {
    const details = [{ ...detail, name: 'Policies' }];
    expect(widerRights(change({ resourceType: 'AWS::IAM::Role', details }))).toEqual(['its rights change; how is not told here']);
    expect(widerRights(change({ resourceType: 'AWS::IAM::Role', details: [{ ...detail, name: 'Description' }] }))).toEqual([]);
    expect(widerRights(change({ action: 'Remove', resourceType: 'AWS::IAM::Role' }))).toEqual([]);
  });

  it('are no news in a new stack', () => {
    const added = change({ action: 'Add', resourceType: 'AWS::IAM::Role', after: JSON.stringify({ Properties: role(read) }) });
    expect(readChanges([{ parents: [], change: added }], 'create', undefined)[0]?.widerRights).toEqual([]);
  });
});

describe('nested stacks', () => {
  it('are looked into, three deep, in the order of the tree', async () => {
    const nested = (logicalId: string, nestedChangeSetId?: string) =>
      change({ logicalId, resourceType: 'AWS::CloudFormation::Stack', nestedChangeSetId });
    const trees: Readonly<Record<string, readonly ResourceChange[]>> = {
      one: [change({ logicalId: 'Table' }), nested('Inner', 'two')],
      two: [nested('Core', 'three')],
      three: [change({ logicalId: 'Key', action: 'Add' })],
    };
    const asked: string[] = [];
    const stacks = {
      changeSet: ({ id }: { id: string }) => {
        asked.push(id);
        return Promise.resolve({ changes: trees[id] ?? [] } as unknown as ChangeSet);
      },
    } as unknown as Stacks;
    const root = { changes: [nested('Orders', 'one'), change({ logicalId: 'Fn' })] } as unknown as ChangeSet;
    const placed = await collectChanges(root, [], { stacks, signal: new AbortController().signal });
    const policy = JSON.stringify({ Statement: [{ Effect: 'Deny', Action: 'Update:*', Principal: '*', Resource: '*' }] });
    const changes = readChanges(placed, 'update', policy);
    expect(changes.map(({ logicalId }) => logicalId)).toEqual([
      'Orders',
      'Orders.Table',
      'Orders.Inner',
      'Orders.Inner.Core',
      'Orders.Inner.Core.Key',
      'Fn',
    ]);
    expect(changes.map(({ denied }) => denied.length)).toEqual([1, 0, 0, 0, 0, 1]);
    expect(asked).toEqual(['one', 'two', 'three']);
  });
});

describe('a preview as text', () => {
  const changes = readChanges(
    [
      { parents: [], change: change({ action: 'Add', logicalId: 'New' }) },
      { parents: [], change: change({ action: 'Remove', logicalId: 'Old', policyAction: 'Retain' }) },
      { parents: [], change: modified({ A: 'x'.repeat(200) }, { A: '{{changeSet:KNOWN_AFTER_APPLY}}' }, { replacement: 'Conditional' }) },
      { parents: [], change: change({ action: 'Dynamic', logicalId: 'Later', replacement: undefined }) },
    ],
    'update',
    undefined,
  );

  it('has a mark for every kind of change', () => {
    const preview = { stackName: 'Shop', stackId: 'arn', changeSet: undefined, operation: 'update', findings: [], changes } as const;
    const lines = renderPreview(preview, createStyle(false)).split('\n');
    expect(lines[0]).toBe('Changes of Shop: 1 to add, 1 to change, 1 to remove, 1 that only the operation can tell');
    expect(lines.slice(2)).toEqual([
      '  +  New    AWS::X::Y',
      '  -  Old    AWS::X::Y  leaves the stack, stays on AWS',
      '  ~  Thing  AWS::X::Y  may be replaced: what the old one holds is lost',
      `       A  ${'x'.repeat(79)}… → (known later)`,
      '  ?  Later  AWS::X::Y',
    ]);
  });

  it('says what else can change when no resource does', () => {
    const preview = { stackName: 'Shop', stackId: 'arn', changeSet: undefined, operation: 'update', findings: [], changes: [] } as const;
    expect(renderPreview(preview, createStyle(false))).toBe('Changes of Shop: outputs, tags or settings only');
  });
});
