import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasCommand } from '../support/commands.ts';
import { ROLE, startTestTarget, type TestTarget } from './support/target.ts';

const run = promisify(execFile);
const hasAws = hasCommand('aws');
const ACCOUNT = 'arn:aws:lambda:eu-central-1:000000000000';
let target: TestTarget;
beforeAll(async () => {
  target = await startTestTarget();
});
afterAll(() => target.close());

async function invoke(name: string): Promise<unknown> {
  const result = await target.lambda.invoker.invoke(name, Buffer.from('{}'));
  return JSON.parse(result.payload.toString()) as unknown;
}

describe('AWS::Lambda::Function', () => {
  it('makes a name as CloudFormation does, of 64 characters at most', async () => {
    const made = await target.create('AWS::Lambda::Function', target.nodeFunction(''), 'Handler');
    expect(made.physicalId).toMatch(/^Shop-Handler-\w{12}$/);
    expect(made.attributes['Arn']).toBe(`${ACCOUNT}:function:${made.physicalId}`);
    const long = await target.create('AWS::Lambda::Function', target.nodeFunction(''), 'L'.repeat(200));
    expect(long.physicalId.length).toBeLessThanOrEqual(64);
  });

  it('changes code and settings, and keeps its code when only settings change and the object is gone', async () => {
    const Code = await target.upload('v1.zip', { 'index.js': 'exports.handler = async () => [1, process.env.STAGE ?? null];' });
    const before = { ...target.nodeFunction(''), Code, FunctionName: 'updated' };
    const made = await target.create('AWS::Lambda::Function', before);
    expect(await invoke('updated')).toEqual([1, null]);
    const settings = { ...before, Environment: { Variables: { STAGE: 'x' } }, MemorySize: 256 };
    await target.update('AWS::Lambda::Function', made, before, settings);
    expect(await invoke('updated')).toEqual([1, 'x']);
    await target.update('AWS::Lambda::Function', made, settings, {
      ...target.nodeFunction('exports.handler = async () => 2;'),
      FunctionName: 'updated',
    });
    expect(await invoke('updated')).toBe(2);
    expect(target.lambda.functions.get('eu-central-1', 'updated').latest.settings['MemorySize']).toBe(128);
  });

  it('fails in the words of AWS when its object is missing, or its name is taken', async () => {
    const properties = { ...target.nodeFunction(''), FunctionName: 'lost', Code: { S3Bucket: 'code', S3Key: 'nowhere' } };
    await expect(target.create('AWS::Lambda::Function', properties)).rejects.toThrow(
      'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.',
    );
    await target.create('AWS::Lambda::Function', target.nodeFunction('', { FunctionName: 'twice' }));
    await expect(target.create('AWS::Lambda::Function', target.nodeFunction('', { FunctionName: 'twice' }))).rejects.toMatchObject({
      code: 'ResourceConflictException',
      message: 'Function already exist: twice',
    });
  });

  it('says at deploy time why a function cannot be run here', async () => {
    const made = await target.create('AWS::Lambda::Function', {
      Code: { ZipFile: 'x' },
      Runtime: 'custom',
      Handler: 'x',
      Role: ROLE,
      FunctionName: 'own-runtime',
    });
    expect(made.remarks).toEqual([expect.stringMatching(/^own-runtime cannot be run here: .*customer-managed runtimes/)]);
  });

  it('names inline code by its language', async () => {
    await target.create(
      'AWS::Lambda::Function',
      target.nodeFunction('export const handler = async () => import.meta.url.endsWith("index.mjs");', { FunctionName: 'inline' }),
    );
    expect(await invoke('inline')).toBe(true);
  });

  it('is deleted twice without complaint', async () => {
    const properties = target.nodeFunction('', { FunctionName: 'brief' });
    const made = await target.create('AWS::Lambda::Function', properties);
    await target.remove('AWS::Lambda::Function', made, properties);
    await target.remove('AWS::Lambda::Function', made, properties);
  });

  it('finds images by digest, refuses indexes and other architectures', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const image = {
      digest,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      architecture: 'amd64',
      os: 'linux',
      configDigest: digest,
    };
    const own = await startTestTarget({
      images: {
        find: (repository, reference) => {
          if (repository === 'index') return { ...image, mediaType: 'application/vnd.oci.image.index.v1+json' };
          if (repository === 'arm') return { ...image, architecture: 'arm64' };
          return reference === digest || reference === 'v1' ? image : undefined;
        },
      },
    });
    const create = (ImageUri: string, FunctionName: string) =>
      own.create('AWS::Lambda::Function', { PackageType: 'Image', Role: ROLE, Code: { ImageUri }, FunctionName });
    await create(`127.0.0.1:9/shop@${digest}`, 'by-digest');
    await create('127.0.0.1:9/shop:v1', 'by-tag');
    await expect(create('127.0.0.1:9/shop:none', 'a')).rejects.toThrow(
      /^Source image 127\.0\.0\.1:9\/shop:none does not exist\. Provide a valid source image\.$/,
    );
    await expect(create(`127.0.0.1:9/index@${digest}`, 'b')).rejects.toThrow(/media type for the source image .* is not supported/);
    await expect(create(`127.0.0.1:9/arm@${digest}`, 'c')).rejects.toThrow(/linux\/arm64; the function's architecture is x86_64/);
    await own.close();
  });
});

describe('versions, aliases and layers', () => {
  it('publish, and refuse to publish the same again', async () => {
    await target.create(
      'AWS::Lambda::Function',
      target.nodeFunction('exports.handler = async (e, c) => c.functionVersion;', { FunctionName: 'v' }),
    );
    const version = await target.create('AWS::Lambda::Version', { FunctionName: 'v' });
    expect(version).toEqual({
      physicalId: `${ACCOUNT}:function:v:1`,
      attributes: { Version: '1', FunctionArn: `${ACCOUNT}:function:v:1` },
    });
    await expect(target.create('AWS::Lambda::Version', { FunctionName: 'v' })).rejects.toThrow(
      'A version for this Lambda function exists ( 1 )',
    );
    const alias = await target.create('AWS::Lambda::Alias', { FunctionName: 'v', Name: 'live', FunctionVersion: '1' });
    expect(alias.physicalId).toBe(`${ACCOUNT}:function:v:live`);
    expect(await invoke('v:live')).toBe('1');
    await target.remove('AWS::Lambda::Alias', alias, {});
    await target.remove('AWS::Lambda::Version', version, {});
    await expect(invoke('v:1')).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });

  it('number the versions of a layer', async () => {
    const Content = await target.upload('layer.zip', { 'nodejs/x.js': '' });
    const first = await target.create('AWS::Lambda::LayerVersion', { LayerName: 'tools', Content });
    const second = await target.create('AWS::Lambda::LayerVersion', { LayerName: 'tools', Content });
    expect([first.physicalId, second.physicalId]).toEqual([`${ACCOUNT}:layer:tools:1`, `${ACCOUNT}:layer:tools:2`]);
  });
});

describe('roles and log groups', () => {
  it.skipIf(!hasAws)('can be read by other clients', async () => {
    const role = await target.create('AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [] },
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
      Policies: [{ PolicyName: 'inline', PolicyDocument: { Version: '2012-10-17' } }],
    });
    expect(role.attributes).toMatchObject({
      Arn: `arn:aws:iam::000000000000:role/${role.physicalId}`,
      RoleId: expect.stringMatching(/^AROA/),
    });
    await target.create('AWS::IAM::Policy', { PolicyName: 'more', PolicyDocument: {}, Roles: [role.physicalId] });
    const aws = async (...args: string[]) => JSON.parse((await run('aws', args, { env: target.env })).stdout) as Record<string, unknown>;
    expect(await aws('iam', 'list-role-policies', '--role-name', role.physicalId)).toMatchObject({ PolicyNames: ['inline', 'more'] });
    expect(await aws('iam', 'list-attached-role-policies', '--role-name', role.physicalId)).toMatchObject({
      AttachedPolicies: [{ PolicyName: 'AWSLambdaBasicExecutionRole' }],
    });
    const group = await target.create('AWS::Logs::LogGroup', { LogGroupName: '/my/group', RetentionInDays: 7 });
    expect(group.attributes['Arn']).toBe('arn:aws:logs:eu-central-1:000000000000:log-group:/my/group:*');
    expect(await aws('logs', 'describe-log-groups', '--log-group-name-prefix', '/my')).toMatchObject({
      logGroups: [{ logGroupName: '/my/group', retentionInDays: 7 }],
    });
    await expect(target.create('AWS::Logs::LogGroup', { LogGroupName: '/my/group' })).rejects.toThrow(/already exists\.$/);
  });

  it('refuse a role whose name is taken', async () => {
    await target.create('AWS::IAM::Role', { RoleName: 'same', AssumeRolePolicyDocument: {} });
    await expect(target.create('AWS::IAM::Role', { RoleName: 'same', AssumeRolePolicyDocument: {} })).rejects.toThrow(
      'Role with name same already exists.',
    );
  });

  it.skipIf(!hasAws)('send what a function logs to the group of its LoggingConfig', async () => {
    await target.create(
      'AWS::Lambda::Function',
      target.nodeFunction('exports.handler = async () => console.log("over here");', {
        FunctionName: 'elsewhere',
        LoggingConfig: { LogGroup: '/my/group' },
      }),
    );
    await invoke('elsewhere');
    const { stdout } = await run('aws', ['logs', 'filter-log-events', '--log-group-name', '/my/group', '--filter-pattern', 'over'], {
      env: target.env,
    });
    expect(stdout).toContain('over here');
  });
});

describe.skipIf(!hasAws)('the API Gateway API', () => {
  it('can be read by the aws command', async () => {
    const api = await target.create('AWS::ApiGatewayV2::Api', { Name: 'Listed', ProtocolType: 'HTTP' });
    const rest = await target.create('AWS::ApiGateway::RestApi', { Name: 'Rest' });
    await target.create('AWS::ApiGateway::Stage', { RestApiId: rest.physicalId, StageName: 'Prod' });
    const aws = async (...args: string[]) => JSON.parse((await run('aws', args, { env: target.env })).stdout) as Record<string, unknown>;
    expect(await aws('apigatewayv2', 'get-apis')).toMatchObject({
      Items: [{ ApiId: api.physicalId, ApiEndpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/) }],
    });
    expect(await aws('apigateway', 'get-rest-apis')).toMatchObject({ items: [{ id: rest.physicalId, name: 'Rest' }] });
    expect(await aws('apigateway', 'get-stages', '--rest-api-id', rest.physicalId)).toMatchObject({ item: [{ stageName: 'Prod' }] });
  });
});
