import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';

import { IMAGE_PROPERTIES, METADATA_ROWS, PROPERTY_ROWS, type PropertyRow } from '../../src/template/resource-types.ts';
import { openWorkspace, type Workspace } from '../support/cli.ts';
import { TABLE_CASES, writeTableFiles, type Written } from '../support/packaging-table.ts';

const hasLint = spawnSync('cfn-lint', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasLint) console.log('cfn-lint is not on this machine: it does not judge the packaged templates');

const PUSHED = '123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:' + 'a'.repeat(64);
const nameOf = (row: PropertyRow): string => `${row.resourceType} ${row.property.join('.')}`;
const idOf = (row: PropertyRow): string => nameOf(row).replace(/[^A-Za-z]/g, '');
const caseOf = (row: PropertyRow) => TABLE_CASES[nameOf(row)];

type Json = Record<string, any>;

function templateOf(rows: readonly PropertyRow[]): Json {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Transform: 'AWS::Serverless-2016-10-31',
    Metadata: {
      'AWS::ServerlessRepo::Application': {
        Name: 'shop',
        Description: 'A shop',
        Author: 'us',
        SemanticVersion: '1.0.0',
        LicenseUrl: 'LICENSE',
        ReadmeUrl: './README.md',
      },
    },
    Resources: Object.fromEntries(rows.map((row) => [idOf(row), { Type: row.resourceType, Properties: caseOf(row)?.properties }])),
  };
}

/** The value in the place of a row; `*` is the only key that the case has there. */
function placed(value: Json, row: PropertyRow): unknown {
  return row.property.reduce<any>(
    (at, step) => at[step === '*' ? (Object.keys(at)[0] ?? '') : step],
    value['Resources'][idOf(row)].Properties,
  );
}

/** Content digests and versions by their kind: nobody writes them down beforehand. */
function shape(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/[0-9a-f]{64}/, '<name>');
  const entries = Object.entries(value as Json).map(([name, item]) => [
    name,
    /^Version(?:Id)?$|ObjectVersion$/.test(name) && /^\S{6,}$/.test(item as string) ? '<version>' : shape(item),
  ]);
  return Object.fromEntries(entries) as Json;
}

describe('every row of the table of packaged properties', () => {
  let workspace: Workspace;
  let project: string;
  const known = PROPERTY_ROWS.filter((row) => caseOf(row)?.unknownToLint === undefined);
  const unknown = PROPERTY_ROWS.filter((row) => caseOf(row)?.unknownToLint !== undefined);
  const packaged: Record<string, Json> = {};

  beforeAll(async () => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'table');
    mkdirSync(project);
    writeTableFiles(project);
    writeFileSync(join(project, 'known.yaml'), stringify(templateOf(known), { lineWidth: 0 }));
    writeFileSync(join(project, 'unknown.yaml'), stringify(templateOf(unknown), { lineWidth: 0 }));
    writeFileSync(join(project, 'known.json'), JSON.stringify(templateOf(known), null, 2));
    writeFileSync(join(project, 'unknown.json'), JSON.stringify(templateOf(unknown)));
    for (const name of ['known.yaml', 'unknown.yaml', 'known.json', 'unknown.json']) {
      const { code, stderr } = await packageCi(name, `out-${name}`);
      expect(code, stderr).toBe(0);
      packaged[name] = parse(readFileSync(join(project, `out-${name}`), 'utf8')) as Json;
    }
  });
  afterAll(() => workspace.close());

  const packageCi = (template: string, output: string) =>
    workspace.run(['package-ci', '-t', template, '-ot', output, '-sb', 'table-bucket', '-sp', 't/', '--local'], { cwd: project });

  it('has a case, and every case has a row', () => {
    expect(Object.keys(TABLE_CASES)).toEqual(PROPERTY_ROWS.map(nameOf));
    expect(METADATA_ROWS.map((row) => row.property.join('.'))).toEqual(['LicenseUrl', 'ReadmeUrl']);
  });

  it('is in the documentation', () => {
    const page = readFileSync(new URL('../../docs/commands/package-ci.md', import.meta.url), 'utf8').split('\n');
    for (const row of [...PROPERTY_ROWS, ...METADATA_ROWS]) {
      const line = page.find((text) => text.startsWith(`| \`${row.resourceType}\``)) ?? '';
      expect(line).toContain(`\`${row.property.join('.')}\``);
    }
  });

  it.each(PROPERTY_ROWS.map((row): [string, PropertyRow] => [nameOf(row), row]))('%s is written in its own form', (_, row) => {
    const group = caseOf(row)?.unknownToLint === undefined ? 'known' : 'unknown';
    const written: Written | undefined = caseOf(row)?.written;
    expect(shape(placed(packaged[`${group}.yaml`] ?? {}, row))).toEqual(written);
    expect(placed(packaged[`${group}.json`] ?? {}, row)).toEqual(placed(packaged[`${group}.yaml`] ?? {}, row));
  });

  it('leaves everything else as it was', () => {
    const before = templateOf(known);
    const after = packaged['known.yaml'] ?? {};
    for (const row of known) {
      const [first = ''] = row.property;
      const others = (properties: Json): Json => Object.fromEntries(Object.entries(properties).filter(([name]) => name !== first));
      expect(others(after['Resources'][idOf(row)].Properties as Json)).toEqual(others(before['Resources'][idOf(row)].Properties as Json));
    }
    expect(Object.keys(after)).toEqual(Object.keys(before));
  });

  it('writes licence and readme of an application as S3 addresses', () => {
    const metadata = packaged['known.yaml']?.['Metadata']['AWS::ServerlessRepo::Application'] as Json;
    expect(shape({ a: metadata['LicenseUrl'], b: metadata['ReadmeUrl'] })).toEqual({
      a: 's3://table-bucket/t/<name>',
      b: 's3://table-bucket/t/<name>.md',
    });
  });

  it.each(['known.yaml', 'unknown.yaml', 'known.json', 'unknown.json'])('changes nothing in %s the second time', async (name) => {
    const { code, stderr } = await packageCi(`out-${name}`, `again-${name}`);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('0 artifacts');
    expect(readFileSync(join(project, `again-${name}`))).toEqual(readFileSync(join(project, `out-${name}`)));
  });

  it.skipIf(!hasLint).each(['known.yaml', 'known.json'])('is a template that cfn-lint takes: %s', (name) => {
    const { status, stdout, stderr } = spawnSync('cfn-lint', ['--regions', 'us-east-1', '--', `out-${name}`], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(status, stdout + stderr).toBe(0);
  });

  it('brings in what AWS::Include names, at the top and anywhere', async () => {
    const text = `Transform:
  - AWS::Serverless-2016-10-31
  - { Name: AWS::Include, Parameters: { Location: snippet.yaml } }
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: Prod
      DefinitionBody:
        Fn::Transform: { Name: AWS::Include, Parameters: { Location: ./openapi.yaml } }
      Tags: { Note: !Transform { Name: AWS::Include, Parameters: { Location: s3://elsewhere/x.yaml } } }
`;
    writeFileSync(join(project, 'includes.yaml'), text);
    expect((await packageCi('includes.yaml', 'out-includes.yaml')).code).toBe(0);
    const out = readFileSync(join(project, 'out-includes.yaml'), 'utf8');
    const [top = '', body = ''] = [...out.matchAll(/s3:\/\/table-bucket\/t\/[0-9a-f]{64}\.yaml/g)].map(([address]) => address);
    expect(out).toBe(text.replace('snippet.yaml', top).replace('./openapi.yaml', body));
  });

  it('leaves an image that is pushed already as it is, for every type that runs images', async () => {
    const resources = Object.entries(IMAGE_PROPERTIES).map(([type, property], index) => {
      const value = property.reduceRight<unknown>((inner, step) => ({ [step]: inner }), PUSHED);
      return [`F${index}`, { Type: type, Properties: { PackageType: 'Image', ...(value as Json) } }];
    });
    const text = JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Resources: Object.fromEntries(resources) as Json });
    writeFileSync(join(project, 'pushed.json'), text);
    expect((await packageCi('pushed.json', 'out-pushed.json')).code).toBe(0);
    expect(readFileSync(join(project, 'out-pushed.json'), 'utf8')).toBe(text);
  });

  it('copies an address in ECR that stands in DockerContext to ImageUri', async () => {
    const context = PUSHED.replace(/@.*/, ':7');
    const text = `Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: { DockerContext: ${context}, Dockerfile: Dockerfile }
    Properties:
      PackageType: Image
`;
    writeFileSync(join(project, 'pushed.yaml'), text);
    const { code, stderr } = await packageCi('pushed.yaml', 'out-pushed.yaml');
    expect(code, stderr).toBe(0);
    expect(parse(readFileSync(join(project, 'out-pushed.yaml'), 'utf8')).Resources.F.Properties.ImageUri).toBe(context);
    expect((await packageCi('out-pushed.yaml', 'again-pushed.yaml')).code).toBe(0);
    expect(readFileSync(join(project, 'again-pushed.yaml'))).toEqual(readFileSync(join(project, 'out-pushed.yaml')));
  });
});
