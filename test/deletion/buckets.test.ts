import { describe, expect, it } from 'vitest';

import { bucketsOf, chooseBuckets } from '../../src/deletion/buckets.ts';
import { fatesOf } from '../../src/deletion/retention.ts';
import { readInventory, type Inventory } from '../../src/inventory/read-inventory.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

const CHILD_ARN = 'arn:aws:cloudformation:eu-west-1:1:stack/Shop-Child-1/uuid';
const TEMPLATES: Readonly<Record<string, string>> = {
  'arn:Shop': `
Resources:
  Uploads: { Type: AWS::S3::Bucket }
  Logs: { Type: AWS::S3::Bucket, DeletionPolicy: Retain }
  Temporary: { Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate }
  Cluster: { Type: AWS::RDS::DBCluster }
  Member: { Type: AWS::RDS::DBInstance, Properties: { DBClusterIdentifier: !Ref Cluster } }
  Alone: { Type: AWS::RDS::DBInstance, Properties: {} }
  Volume: { Type: AWS::EC2::Volume, DeletionPolicy: Snapshot }
  Child: { Type: AWS::CloudFormation::Stack, DeletionPolicy: Retain }
`,
  [CHILD_ARN]: 'Resources:\n  Inner: { Type: AWS::S3::Bucket }\n  Logs: { Type: AWS::S3::Bucket }\n',
};

async function shop(): Promise<Inventory> {
  const resource = (logicalId: string, resourceType: string, physicalId = logicalId.toLowerCase(), status = 'CREATE_COMPLETE') => ({
    logicalId,
    resourceType,
    physicalId,
    status,
    reason: undefined,
  });
  const lists: Readonly<Record<string, ReturnType<typeof resource>[]>> = {
    'arn:Shop': [
      resource('Uploads', 'AWS::S3::Bucket', 'shop-uploads'),
      resource('Logs', 'AWS::S3::Bucket', 'shop-logs'),
      resource('Temporary', 'AWS::S3::Bucket'),
      resource('Cluster', 'AWS::RDS::DBCluster'),
      resource('Member', 'AWS::RDS::DBInstance'),
      resource('Alone', 'AWS::RDS::DBInstance'),
      resource('Volume', 'AWS::EC2::Volume'),
      resource('Gone', 'AWS::S3::Bucket', 'shop-gone', 'DELETE_COMPLETE'),
      resource('Child', 'AWS::CloudFormation::Stack', CHILD_ARN),
    ],
    [CHILD_ARN]: [resource('Inner', 'AWS::S3::Bucket', 'child-inner'), resource('Logs', 'AWS::S3::Bucket', 'child-logs')],
  };
  const stacks = {
    resources: (id: string) => Promise.resolve(lists[id] ?? []),
    template: (id: string) => Promise.resolve(TEMPLATES[id]),
    processedTemplate: (id: string) => Promise.resolve(TEMPLATES[id]),
  };
  const deps = { stacks, reporter: recordingReporter(), signal: new AbortController().signal };
  return readInventory('arn:Shop', deps, { stage: 'processed' });
}

describe('what becomes of a resource', () => {
  it('is what its DeletionPolicy says, or its type, or the nested stack it is in', async () => {
    expect(Object.fromEntries(fatesOf(await shop()).map(({ fate, node }) => [node.path, fate]))).toEqual({
      Uploads: 'delete',
      Logs: 'retain',
      Temporary: 'retain',
      Cluster: 'snapshot',
      Member: 'delete',
      Alone: 'snapshot',
      Volume: 'snapshot',
      Child: 'retain',
      'Child/Inner': 'retain',
      'Child/Logs': 'retain',
    });
  });
});

describe('buckets to be emptied', () => {
  const chosen = async (...names: string[]) => chooseBuckets(names, [await shop()]).map(({ bucket }) => bucket);

  it('are named by logical id, with the nested stack where there is doubt, or by their own names', async () => {
    expect(await chosen('Uploads', 'Inner')).toEqual(['shop-uploads', 'child-inner']);
    expect(await chosen('Logs', 'Child/Logs')).toEqual(['shop-logs', 'child-logs']);
    expect(await chosen('child-logs', 'Child/Logs')).toEqual(['child-logs']);
    expect(await chosen()).toEqual([]);
  });

  it('are nothing but resources of the stack; what it has no longer is passed over', async () => {
    expect(await chosen('Gone', 'Uploads')).toEqual(['shop-uploads']);
    for (const name of ['shop-gone', 'somebody-elses', 'Cluster', 'uploads']) {
      await expect(chosen(name)).rejects.toMatchObject({
        code: 'BUCKET_NOT_FOUND',
        hint: 'Its buckets: Uploads, Logs, Temporary, Child/Inner, Child/Logs',
      });
    }
  });

  it('have to be told apart when two stacks have a bucket of that name', async () => {
    const inventories = [await shop(), await shop()].map((one, index) => ({
      ...one,
      stackId: `arn:aws:cloudformation:eu-west-1:1:stack/Shop${index}/uuid`,
      roots: one.roots.map((root) => ({ ...root, physicalId: `${root.physicalId}-${index}` })),
    }));
    expect(() => chooseBuckets(['Uploads'], inventories)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'Name the one: Shop0/Uploads, Shop1/Uploads' }),
    );
    expect(chooseBuckets(['Shop1/Uploads'], inventories)).toMatchObject([{ bucket: 'shop-uploads-1' }]);
    expect(bucketsOf(inventories[0] as Inventory)).toHaveLength(5);
  });
});
