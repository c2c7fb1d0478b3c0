import { describe, expect, it } from 'vitest';

import type { Artifact, LocationForm } from '../../src/artifacts/types.ts';
import type { Planned } from '../../src/diff/dry-publish.ts';
import { readS3Place } from '../../src/diff/planned-place.ts';
import { planTemplate } from '../../src/diff/planned-template.ts';
import { rewriteTemplate } from '../../src/template/rewrite.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import type { JsonObject, JsonValue, Template } from '../../src/template/types.ts';
import { valueAt } from '../../src/template/value.ts';

const PATH = ['Resources', 'Fn', 'Properties', 'Code'];
const templateOf = (code: JsonValue): JsonObject => ({ Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties: { Code: code } } } });
const asTemplate = (value: JsonObject): Template => ({
  path: 't.json',
  format: 'json',
  text: JSON.stringify(value),
  value,
  positionOf: () => ({ line: 1, column: 1 }),
});
const artifactOf = (form: LocationForm): Artifact => ({
  kind: 'zip',
  path: '/project/src',
  source: 'directory',
  architecture: 'x86_64',
  uses: [{ logicalId: 'Fn', resourceType: 'AWS::Lambda::Function', path: PATH, form }],
});
const at = (bucket: string, key: string): Planned => ({ kind: 'known', location: { type: 's3', bucket, key, region: 'eu-west-1' } });

const uri: LocationForm = { type: 's3-uri' };
const url: LocationForm = { type: 's3-https-url' };
const object: LocationForm = { type: 's3-object', bucket: 'S3Bucket', key: 'S3Key' };
const versioned: LocationForm = { ...object, version: 'S3ObjectVersion' };

const SAME: readonly (readonly [string, LocationForm, JsonValue, JsonValue])[] = [
  ['an S3 URI', uri, './src', 's3://other/any/prefix/abc.zip'],
  ['an https URL', url, './src', 'https://s3.eu-west-1.amazonaws.com/other/with%20blank/abc.zip'],
  ['bucket and key', object, './src', { S3Bucket: 'other', S3Key: 'p/abc.zip' }],
  ['bucket, key and version', versioned, './src', { S3Bucket: 'other', S3Key: 'p/abc.zip', S3ObjectVersion: 'v7' }],
  [
    'a map that keeps its other members',
    object,
    { S3ObjectStorageMode: 'COPY' },
    { S3ObjectStorageMode: 'COPY', S3Bucket: 'other', S3Key: 'abc.zip' },
  ],
];

const plan = (form: LocationForm, code: JsonValue, deployed: JsonValue | undefined, planned: Planned, isExact = false) => {
  const result = planTemplate(
    asTemplate(templateOf(code)),
    deployed === undefined ? undefined : templateOf(deployed),
    [{ artifact: artifactOf(form), planned, name: 'src' }],
    isExact,
  );
  return { ...result, code: valueAt(result.value, PATH) };
};

describe('code of the same digest', () => {
  it.each(SAME)('is the same in any bucket: %s', (_, form, code, deployed) => {
    const { code: planned, notes } = plan(form, code, deployed, at('bucket', 'abc.zip'));
    expect(planned).toEqual(deployed);
    expect(notes.size).toBe(0);
  });

  it('is elsewhere when a bucket is named', () => {
    const { code, notes } = plan(uri, './src', 's3://other/abc.zip', at('bucket', 'abc.zip'), true);
    expect(code).toBe('s3://bucket/abc.zip');
    expect([...notes.values()]).toEqual(['the same content in another place']);
  });
});

describe('code that differs', () => {
  it.each(SAME)('is written as a deployment writes it: %s', async (_, form, code, deployed) => {
    const published = { type: 's3', bucket: 'other', key: 'new.zip', region: 'eu-west-1', versionId: 'unknown' } as const;
    const { code: planned, notes } = plan(form, code, deployed, { kind: 'known', location: published });
    const template = await parseTemplate(JSON.stringify(templateOf(code)), 't.json');
    const text = rewriteTemplate(template, [
      { artifact: artifactOf(form), location: published, digest: 'new', built: true, published: true },
    ]);
    expect(planned).toEqual(valueAt(JSON.parse(text) as JsonObject, PATH));
    expect([...notes.values()]).toEqual(['src differs']);
  });

  it('takes the place of inline code', () => {
    const { code } = plan(object, './src', { ZipFile: 'x' }, at('bucket', 'abc.zip'));
    expect(code).toEqual({ S3Bucket: 'bucket', S3Key: 'abc.zip' });
  });
});

describe('code that nobody can know before a build', () => {
  const undecided: Planned = { kind: 'undecided', reason: 'only after a build' };

  it('counts as what is deployed, and that is said', () => {
    const { code, undecided: told, notes } = plan(uri, './src', 's3://b/x.zip', undecided);
    expect(code).toBe('s3://b/x.zip');
    expect(told).toEqual([{ subject: 'Fn.Code', reason: 'only after a build' }]);
    expect(notes.size).toBe(0);
  });

  it('differs from what is no published code', () => {
    const { code, undecided: told } = plan(object, './src', { ZipFile: 'x' }, undecided);
    expect(code).toBe('(src, to be built)');
    expect(told).toEqual([]);
  });
});

describe('images', () => {
  const form: LocationForm = { type: 'image-uri' };
  const repositoryUri = '1.dkr.ecr.eu-west-1.amazonaws.com/shop';
  const known: Planned = { kind: 'known', location: { type: 'image', repositoryUri, tag: 't', digest: 'sha256:aa' } };

  it('are the same with the same repository and digest', () => {
    expect(plan(form, '', `${repositoryUri}@sha256:aa`, known)).toMatchObject({ code: `${repositoryUri}@sha256:aa`, notes: new Map() });
  });

  it('differ in the digest, or are still to be built', () => {
    expect(plan(form, '', `${repositoryUri}@sha256:bb`, known).notes.size).toBe(1);
    const { code, notes } = plan(form, '', `${repositoryUri}@sha256:aa`, { kind: 'new' });
    expect(code).toBe('(src, to be built)');
    expect([...notes.values()]).toEqual(['src differs and would be built']);
  });
});

describe('code in a branch', () => {
  it('is written where the branch is, and nothing else is touched', () => {
    const use = { logicalId: 'Fn', resourceType: 'AWS::Lambda::Function', path: [...PATH, 'Fn::If', 1], form: uri };
    const template = templateOf({ 'Fn::If': ['C', './src', 's3://b/other.zip'] });
    const artifact = { ...artifactOf(uri), uses: [use] } as Artifact;
    const { value } = planTemplate(asTemplate(template), undefined, [{ artifact, planned: at('bucket', 'abc.zip'), name: 'src' }], true);
    expect(value).toEqual(templateOf({ 'Fn::If': ['C', 's3://bucket/abc.zip', 's3://b/other.zip'] }));
    expect(template).toEqual(templateOf({ 'Fn::If': ['C', './src', 's3://b/other.zip'] }));
  });

  it('is written to a resource that has no properties of its own', () => {
    const template: JsonObject = { Globals: { Function: { CodeUri: './src' } }, Resources: { Fn: { Type: 'AWS::Serverless::Function' } } };
    const { value } = planTemplate(
      asTemplate(template),
      undefined,
      [{ artifact: artifactOf(uri), planned: at('bucket', 'abc.zip'), name: 'src' }],
      true,
    );
    expect(valueAt(value, PATH)).toBe('s3://bucket/abc.zip');
  });
});

describe('places in S3', () => {
  it.each([
    [uri, 's3://bucket', undefined],
    [uri, { Ref: 'X' }, undefined],
    [url, 'https://s3.eu-west-1.amazonaws.com/bucket/a%C3%A4b.zip', { bucket: 'bucket', key: 'aäb.zip' }],
    [url, 'https://s3.eu-west-1.amazonaws.com/bucket/100%.zip', { bucket: 'bucket', key: '100%.zip' }],
    [object, { S3Bucket: { Ref: 'B' }, S3Key: 'k' }, undefined],
  ] as const)('are read out of %j: %j', (form, value, place) => {
    expect(readS3Place({ form }, value)).toEqual(place);
  });
});
