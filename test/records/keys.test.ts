import { describe, expect, it } from 'vitest';

import { isRecordsKey, readArtifactKey, readRecordKey, recordsFolder } from '../../src/records/keys.ts';
import { mentionsObject } from '../../src/records/mentions.ts';

const DIGEST = 'ab12'.repeat(16);
const STACK = { id: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop/8f4b421e-0f42-43e8', name: 'Shop' };

describe('keys', () => {
  it('puts records below the prefix as it is, by name and last part of the ARN', () => {
    expect(recordsFolder({ bucket: 'b', prefix: 'team/' }, STACK)).toBe('team/.lambda-tool/stacks/Shop/8f4b421e-0f42-43e8/');
    expect(recordsFolder({ bucket: 'b', prefix: 'team-' }, STACK)).toBe('team-.lambda-tool/stacks/Shop/8f4b421e-0f42-43e8/');
  });

  it('gives stacks with ids of another form folders of their own', () => {
    const one = recordsFolder({ bucket: 'b', prefix: '' }, { id: 'shop-1', name: 'Shop' });
    expect(one).toMatch(/^\.lambda-tool\/stacks\/Shop\/[0-9a-f]{32}\/$/);
    expect(one).not.toBe(recordsFolder({ bucket: 'b', prefix: '' }, { id: 'shop-2', name: 'Shop' }));
  });

  it.each([
    [`${DIGEST}.zip`, ''],
    [`Hello/${DIGEST}.zip`, 'Hello/'],
    [`Hello/${DIGEST}`, 'Hello/'],
    [`glued${DIGEST}.template`, 'glued'],
    [`facade${DIGEST}.yaml`, 'facade'],
  ])('knows %s as an artifact', (key, prefix) => expect(readArtifactKey(key)?.prefix).toBe(prefix));

  it.each([
    `${DIGEST.slice(1)}.zip`,
    `Hello/${DIGEST}.tar.gz`,
    `Hello/${DIGEST}/file.zip`,
    `${DIGEST}${DIGEST}.zip`,
    'Hello/d41d8cd98f00b204e9800998ecf8427e.zip',
    `${recordsFolder({ bucket: 'b', prefix: 'Hello/' }, STACK)}${DIGEST}.template`,
  ])('does not take %s for an artifact', (key) => expect(readArtifactKey(key)).toBeUndefined());

  it('tells records from copies of templates', () => {
    const folder = recordsFolder({ bucket: 'b', prefix: 'team/' }, STACK);
    expect(readRecordKey(`${folder}20261123T140812345Z-3f2a1c07.json`)).toEqual({
      place: 'team/',
      stackName: 'Shop',
      uuid: '8f4b421e-0f42-43e8',
      id: '20261123T140812345Z-3f2a1c07',
    });
    expect(readRecordKey(`${folder}${DIGEST}.template`)).toBeUndefined();
    expect(isRecordsKey(`${folder}${DIGEST}.template`)).toBe(true);
    expect(isRecordsKey(`team/${DIGEST}.template`)).toBe(false);
  });
});

describe('a mention of an object', () => {
  const object = { type: 's3', bucket: 'shop', key: `team/${DIGEST}.zip` } as const;

  it.each([
    ['an S3 URI', `CodeUri: s3://shop/team/${DIGEST}.zip`],
    ['a key in a property of its own', `"S3Key": "team/${DIGEST}.zip"`],
    ['a path-style address', `https://s3.eu-west-1.amazonaws.com/shop/team/${DIGEST}.zip`],
    ['a virtual-hosted address', `https://shop.s3.eu-west-1.amazonaws.com/team/${DIGEST}.zip`],
    ['a prefix made by a function', `!Sub '\${Prefix}${DIGEST}.zip'`],
    ['a prefix made in part by a function', `!Sub '\${Team}/${DIGEST}.zip'`],
    ['slashes escaped in JSON', `"s3:\\/\\/shop\\/team\\/${DIGEST}.zip"`],
  ])('is seen in %s', (_, text) => expect(mentionsObject(text, object)).toBe(true));

  it.each([
    ['another prefix', `s3://shop/other/${DIGEST}.zip`],
    ['another bucket', `s3://else/team/${DIGEST}.zip`],
    ['a longer prefix', `s3://shop/my/team/${DIGEST}.zip`],
    ['no prefix', `s3://shop/${DIGEST}.zip`],
    ['another digest', `s3://shop/team/${'cd'.repeat(32)}.zip`],
  ])('is not seen in %s', (_, text) => expect(mentionsObject(text, object)).toBe(false));

  it('takes characters that addresses encode into account', () => {
    const odd = { type: 's3', bucket: 'shop', key: `my team/${DIGEST}.zip` } as const;
    expect(mentionsObject(`https://s3.eu-west-1.amazonaws.com/shop/my%20team/${DIGEST}.zip`, odd)).toBe(true);
    expect(mentionsObject(`s3://shop/my team/${DIGEST}.zip`, odd)).toBe(true);
  });
});
