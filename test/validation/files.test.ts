import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { platformOfDockerfile } from '../../src/validation/docker-platform.ts';
import { check, lambda, SAM, short } from './check.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'validation-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function file(name: string, text = name): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true });
  await writeFile(join(root, name), text);
}

const checkHere = (text: string) => check(text, { templateDirectory: root });
const image = (metadata: string, properties = '') => lambda(`PackageType: Image${properties}`, `    Metadata: {${metadata}}\n`);

describe('files beside the template', () => {
  it('are all looked at, not only until the first that is missing', async () => {
    await file('here/index.js');
    const functions = ['here', 'gone', 'lost'].map(
      (path) =>
        `  F${path}:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: nodejs24.x, Handler: index.handler, CodeUri: ./${path}}\n`,
    );
    const findings = await checkHere(
      `${SAM}Resources:\n${functions.join('')}  Web:\n    Type: AWS::Serverless::Api\n    Properties: {StageName: p, DefinitionUri: api.yaml}\n`,
    );
    expect(short(findings)).toEqual(['8:72 file-missing', '11:72 file-missing', '14:47 file-missing']);
    expect(findings[0]).toEqual({
      rule: 'file-missing',
      severity: 'error',
      message: `Fgone: Properties.CodeUri refers to "./gone", which does not exist (looked for ${join(root, 'gone')})`,
      path: 'serverless.template',
      line: 8,
      column: 72,
    });
  });

  it('are not looked at without a directory', async () => {
    expect(await check(lambda('Runtime: nodejs24.x\nHandler: a.b\nCodeUri: ./gone'))).toEqual([]);
  });

  it('need a Dockerfile where an image is built', async () => {
    expect(short(await checkHere(lambda('PackageType: Image')))).toEqual(['6:7 dockerfile-missing']);
    expect(short(await checkHere(image('Dockerfile: Other, DockerContext: .')))).toEqual(['7:28 dockerfile-missing']);
    await file('Other', 'FROM scratch\n');
    expect(await checkHere(image('Dockerfile: Other, DockerContext: .'))).toEqual([]);
  });

  it('cannot be used when their settings make no sense', async () => {
    await file('Dockerfile', 'FROM scratch\n');
    const findings = await checkHere(image('DockerBuildArgs: {A: {b: c}}'));
    expect(short(findings)).toEqual(['7:33 artifact-invalid']);
    const two = await checkHere(image('DockerContext: .', '\nArchitectures: [arm64, x86_64]'));
    expect(two[0]?.message).toContain('exactly one');
  });

  it('warn when the Dockerfile fixes another architecture', async () => {
    await file('Dockerfile', 'ARG P=linux/amd64\nFROM --platform=$P scratch AS base\nFROM base\n');
    const arm = '\nArchitectures: [arm64]';
    const findings = await checkHere(image('DockerContext: .', arm));
    expect(findings.map(({ rule, severity, message }) => ({ rule, severity, message }))).toEqual([
      {
        rule: 'architecture-image',
        severity: 'warning',
        message: 'Fn runs on arm64, and its Dockerfile says FROM --platform=linux/amd64 scratch',
      },
    ]);
    expect(await checkHere(image('DockerContext: ., DockerBuildArgs: {P: linux/arm64}', arm))).toEqual([]);
    expect(await checkHere(image('DockerContext: .'))).toEqual([]);
  });
});

describe('nested templates', () => {
  const PARENT = `Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: nested/child.yaml}\n`;

  it('are checked as well, under their own names', async () => {
    await file(
      'nested/child.yaml',
      `Resources:\n  A: {Type: AWS::SNS::Topic, DependsOn: Gone}\n  F: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs24.x, Handler: a.b, Code: ./no}}\n`,
    );
    const findings = await checkHere(PARENT);
    expect(findings.map(({ path, line, rule }) => `${path}:${line} ${rule}`)).toEqual([
      `${join('nested', 'child.yaml')}:2 reference-missing`,
      `${join('nested', 'child.yaml')}:3 file-missing`,
    ]);
  });

  it('that cannot be read are a finding with their own line', async () => {
    await file('nested/child.yaml', 'Resources:\n  A: [\n');
    const [finding, ...others] = await checkHere(PARENT);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: 'nested-template', path: join('nested', 'child.yaml') });
    expect(finding?.line).toBeGreaterThan(1);
  });
});

describe('the platform of a Dockerfile', () => {
  it.each([
    ['FROM scratch', undefined],
    ['FROM --platform=linux/arm64 scratch', 'arm64'],
    ['FROM --platform=linux/arm64/v8 scratch', 'arm64'],
    ['FROM --platform=linux/amd64 a AS build\nFROM scratch', undefined],
    ['from --platform=linux/amd64 a as build\nfrom build', 'x86_64'],
    ['FROM --platform=$BUILDPLATFORM a AS build\nFROM build', undefined],
    ['FROM --platform=${TARGETPLATFORM:-linux/amd64} scratch', 'x86_64'],
    ['FROM public.ecr.aws/lambda/nodejs:24-arm64', 'arm64'],
    ['FROM public.ecr.aws/lambda/dotnet:10', undefined],
    ['FROM public.ecr.aws/lambda/provided:al2023-x86_64', 'x86_64'],
    ['ARG TAG="24-arm64"\nFROM \\\n  public.ecr.aws/lambda/nodejs:${TAG} AS x', 'arm64'],
    ['FROM a AS b\nFROM b AS a\nFROM a', undefined],
    ['', undefined],
  ])('%j says %s', (text, architecture) => {
    expect(platformOfDockerfile(text)?.architecture).toBe(architecture);
  });

  it('is that of the stage wished for', () => {
    const text = 'FROM --platform=linux/arm64 scratch AS arm\nFROM --platform=linux/amd64 scratch AS amd\n';
    expect(platformOfDockerfile(text, {}, 'arm')?.architecture).toBe('arm64');
    expect(platformOfDockerfile(text, {}, '1')?.architecture).toBe('x86_64');
    expect(platformOfDockerfile(text, {}, 'none')).toBeUndefined();
  });
});
