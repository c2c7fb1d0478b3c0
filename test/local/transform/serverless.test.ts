import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { prepareContent } from '../../../src/local/engine/prepare.ts';
import type { StackContent } from '../../../src/local/engine/records.ts';
import type { StackStore } from '../../../src/local/engine/stack-store.ts';
import { asDict, type Dict } from '../../../src/local/engine/values.ts';

const run = promisify(execFile);
const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/serverless');
const templates = readdirSync(FIXTURES).filter((name) => name.endsWith('.yaml'));

function expand(template: string | object): StackContent {
  const text = typeof template === 'string' ? template : JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', ...template });
  const store = { stacks: () => [] } as unknown as StackStore;
  const identity = { stackName: 'demo', stackId: 'arn', region: 'us-east-1', notificationArns: [] };
  return prepareContent(
    { store, readText: () => '' },
    { templateBody: text, given: [], previous: [], tags: {}, capabilities: [], identity },
  );
}

const resourcesOf = (content: { processed: Dict }) =>
  content.processed['Resources'] as Record<string, { Type: string; Properties: Record<string, unknown> }>;
const read = (name: string) => readFileSync(path.join(FIXTURES, name), 'utf8');

/** Deployments are named by a digest of another spelling of the definition. */
const stableId = (id: string) => id.replace(/Deployment[0-9a-f]{10}$/, 'Deployment<digest>');

describe('logical ids and types', () => {
  const expected = JSON.parse(read('expected.json')) as Record<string, Record<string, string>>;

  it.each(templates)('of %s are those that AWS makes', (name) => {
    const resources = Object.entries(resourcesOf(expand(read(name)))).map(([id, { Type }]) => [stableId(id), Type]);
    expect(Object.fromEntries(resources)).toEqual(expected[name]);
  });
});

describe('properties', () => {
  it('are those that the translator of AWS gives them', async (context) => {
    const args = [path.join(FIXTURES, 'referee.py'), ...templates.map((name) => path.join(FIXTURES, name))];
    const answer = await run('python3', args, { maxBuffer: 1 << 26 }).catch(() => undefined);
    if (answer === undefined) return context.skip('the python package aws-sam-translator is not on this machine');
    const referee = JSON.parse(answer.stdout) as Record<string, Dict>;
    for (const name of templates) {
      const theirs = comparable(asDict(referee[name]), name);
      const ours = comparable(expand(read(name)).processed, name);
      for (const id of Object.keys(ours)) expect(ours[id], `${name} ${id}`).toEqual(theirs[id]);
    }
  });
});

/** Differences that mean the same, and those that are known. */
function comparable(template: Dict, name: string): Record<string, unknown> {
  const text = JSON.stringify({
    ...asDict(template['Resources']),
    ...Object.fromEntries(Object.entries(asDict(template['Outputs'])).map(([key, value]) => [`Outputs.${key}`, value])),
  })
    .replaceAll(/(Deployment|RestApi deployment id: )[0-9a-f]{10,40}/g, '$1<digest>')
    .replaceAll(/arn:aws:(apigateway|execute-api|logs|iot):/g, 'arn:${AWS::Partition}:$1:')
    // Variables of policy templates begin with another letter.
    .replaceAll(
      /([{"/:])(bucket|table|function)Name([}"])/g,
      (_, before: string, what: string, after: string) => `${before}${what[0]?.toUpperCase()}${what.slice(1)}Name${after}`,
    );
  const resources = JSON.parse(text) as Record<string, Record<string, any>>;
  for (const [id, resource] of Object.entries(resources)) {
    if (name === '06-mixed.yaml' && (resource['Condition'] === 'NotProd' || /Api/.test(id))) delete resources[id];
  }
  for (const resource of Object.values(resources)) resource['Properties']?.['ManagedPolicyArns']?.sort();
  const known: Record<string, (resource: Record<string, any>) => void> = {
    ImgEventInvokeConfig: (resource) => delete resource['Metadata'],
    // The catch-all parameter keeps its plus sign there, in the name and in the permission.
    Http: (resource) => delete resource['Properties'].Body.paths['/h/{a}/{b+}'],
    FHPermission: (resource) => delete resource['Properties'].SourceArn,
    HttpUriApiGatewayDefaultStage: (resource) => delete resource['Properties'].Tags,
    Fs: (resource) => delete resource['Properties'].Tags,
    FsRole: (resource) => delete resource['Properties'].Tags,
    SM2: (resource) => delete resource['Properties'].DefinitionString,
  };
  for (const [id, forget] of Object.entries(known)) if (resources[id] !== undefined) forget(resources[id]);
  if (name === '12-aliases.yaml') delete resources['F']?.['Properties'].Code;
  return resources;
}

describe('functions', () => {
  const fn = (Properties: object, more: object = {}) => ({ Type: 'AWS::Serverless::Function', Properties, ...more });

  it.each<[string, object, object]>([
    ['s3:// address', { CodeUri: 's3://b/k/x.zip' }, { S3Bucket: 'b', S3Key: 'k/x.zip' }],
    ['s3:// address with a version', { CodeUri: 's3://b/k?versionId=v' }, { S3Bucket: 'b', S3Key: 'k', S3ObjectVersion: 'v' }],
    ['map', { CodeUri: { Bucket: 'b', Key: { Ref: 'K' } } }, { S3Bucket: 'b', S3Key: { Ref: 'K' } }],
    ['inline code', { InlineCode: 'x' }, { ZipFile: 'x' }],
    ['image', { PackageType: 'Image', ImageUri: { Ref: 'K' } }, { ImageUri: { Ref: 'K' } }],
  ])('take their code as %s', (_what, properties, code) => {
    const resources = resourcesOf(expand({ Parameters: { K: { Type: 'String', Default: 'k' } }, Resources: { F: fn(properties) } }));
    expect(resources['F']?.Properties['Code']).toEqual(code);
  });

  it('pass on what this transform does not know', () => {
    const resources = resourcesOf(
      expand({ Resources: { F: fn({ InlineCode: 'x', SomethingNew: { A: 1 }, DurableConfig: { ExecutionTimeout: 1 } }) } }),
    );
    expect(resources['F']?.Properties).toMatchObject({ SomethingNew: { A: 1 }, DurableConfig: { ExecutionTimeout: 1 } });
  });

  it('decide Fn::If before anything else', () => {
    const { processed } = expand({
      Conditions: { No: { 'Fn::Equals': ['a', 'b'] } },
      Resources: {
        F: fn({
          InlineCode: 'x',
          Role: { 'Fn::If': ['No', 'arn:r', { Ref: 'AWS::NoValue' }] },
          Events: { 'Fn::If': ['No', {}, { A: { Type: 'Api', Properties: { Path: '/', Method: 'get' } } }] },
        }),
      },
    });
    expect(Object.keys(processed['Resources'] as object)).toEqual(
      expect.arrayContaining(['FRole', 'ServerlessRestApi', 'FAPermissionProd']),
    );
  });

  it('make no second deployment of an API when only code changes, and one when a route does', () => {
    const deployment = (path: string, key: string) =>
      Object.keys(
        resourcesOf(
          expand({
            Resources: { F: fn({ CodeUri: `s3://b/${key}`, Events: { A: { Type: 'Api', Properties: { Path: path, Method: 'get' } } } }) },
          }),
        ),
      ).find((id) => id.includes('Deployment'));
    expect(deployment('/a', '1')).toBe(deployment('/a', '2'));
    expect(deployment('/a', '1')).not.toBe(deployment('/b', '1'));
  });

  it('say what is ignored', () => {
    const { warnings } = expand({
      Resources: {
        F: fn({
          InlineCode: 'x',
          Policies: [{ EKSDescribePolicy: {} }],
          DeploymentPreference: { Type: 'AllAtOnce' },
          Events: { X: { Type: 'Novel' } },
          AutoPublishAlias: 'l',
        }),
        Api: {
          Type: 'AWS::Serverless::Api',
          Properties: { StageName: 's', Auth: { DefaultAuthorizer: 'Mine', Authorizers: { Mine: {} } } },
        },
        Open: { Type: 'AWS::Serverless::Api', Properties: { StageName: 's', Auth: { DefaultAuthorizer: 'NONE' } } },
        Graph: { Type: 'AWS::Serverless::GraphQLApi', Properties: {} },
        Link: { Type: 'AWS::Serverless::Connector', Properties: {} },
      },
    });
    expect(warnings).toEqual({
      F: [
        'Ignored by the local target: the event X of type Novel',
        'Ignored by the local target: DeploymentPreference (the alias moves at once)',
      ],
      FRole: ['Ignored by the local target: the policy template EKSDescribePolicy'],
      Api: ['Ignored by the local target: Auth of the API (requests are let through)'],
      '': ['Ignored by the local target: the connector Link'],
    });
  });

  it('that are wrong are all named', () => {
    const api = (properties: object) => fn({ InlineCode: 'x', Events: { E: { Type: 'Api', Properties: properties } } });
    expect(() =>
      expand({
        Resources: {
          A: fn({ CodeUri: './src' }),
          B: api({ Path: '/' }),
          C: fn({ InlineCode: 'x', Policies: [{ S3ReadPolicy: {} }] }),
          D: fn({ InlineCode: 'x', FunctionUrlConfig: {} }),
          E: fn({
            InlineCode: 'x',
            Events: {
              One: { Type: 'Api', Properties: { Path: '/', Method: 'get' } },
              Two: { Type: 'Api', Properties: { Path: '/', Method: 'GET' } },
            },
          }),
          F: fn({ PackageType: 'Image' }),
        },
      }),
    ).toThrow(
      'Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. Number of errors found: 6. ' +
        "Resource with id [A] is invalid. 'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter. " +
        "Resource with id [B] is invalid. Event with id [E] is invalid. Property 'Method' is required. " +
        "Resource with id [C] is invalid. Following required parameters of template 'S3ReadPolicy' don't have values: [BucketName] " +
        'Resource with id [D] is invalid. AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE. ' +
        'Resource with id [E] is invalid. Event with id [Two] is invalid. API method "get" defined multiple times for path "/". ' +
        "Resource with id [F] is invalid. 'ImageUri' must be set.",
    );
  });
});
