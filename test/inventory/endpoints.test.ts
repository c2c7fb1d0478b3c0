import { describe, expect, it } from 'vitest';

import type { StackResource } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import { deriveEndpoints } from '../../src/inventory/endpoints.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

type Resources = Readonly<Record<string, readonly [type: string, physicalId: string]>>;

/** The addresses of a stack with these resources. */
async function endpointsOf(resources: Resources, template: string | undefined, region = 'eu-west-1') {
  const list = Object.entries(resources).map(([logicalId, [resourceType, physicalId]]): StackResource => ({
    logicalId,
    resourceType,
    physicalId,
    status: 'CREATE_COMPLETE',
    reason: undefined,
  }));
  const stacks = {
    resources: () => Promise.resolve(list),
    template: () => Promise.resolve(template),
    processedTemplate: () => Promise.resolve(template),
  };
  const deps = { stacks, reporter: recordingReporter(), signal: new AbortController().signal };
  const { roots } = await readInventory('arn:stack', deps);
  const { known, unknown } = deriveEndpoints(roots, region);
  return { urls: Object.fromEntries(known.map(({ resource, kind, url }) => [resource, `${kind} ${url}`])), unknown };
}

const REST: Resources = { Api: ['AWS::ApiGateway::RestApi', 'abc123'], Prod: ['AWS::ApiGateway::Stage', 'prod'] };
const TWO_APIS = `
Resources:
  Api: { Type: AWS::ApiGateway::RestApi }
  Other: { Type: AWS::ApiGateway::RestApi }
  Prod: { Type: AWS::ApiGateway::Stage, Properties: { RestApiId: !Ref Other } }
`;

describe('a template that may not be read', () => {
  it('leaves a plain list of resources, and a warning', async () => {
    const reporter = recordingReporter();
    const denied = () => Promise.reject(new UserError('ACCESS_DENIED', 'AWS refused CloudFormation GetTemplate'));
    const list = ['Fn', 'FnRole'].map((logicalId) => ({ logicalId, resourceType: '', physicalId: '', status: '', reason: undefined }));
    const stacks = { resources: () => Promise.resolve(list), template: denied, processedTemplate: denied };
    const { roots } = await readInventory('arn:stack', { stacks, reporter, signal: new AbortController().signal });
    expect(roots.map(({ path, children }) => [path, children.length])).toEqual([
      ['Fn', 0],
      ['FnRole', 0],
    ]);
    expect(reporter.lines).toEqual(['warn: The template of the stack cannot be read: AWS refused CloudFormation GetTemplate']);
  });
});

describe('addresses that follow from physical ids', () => {
  it.each([
    ['eu-west-1', 'https://abc123.execute-api.eu-west-1.amazonaws.com/prod/'],
    ['cn-north-1', 'https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod/'],
    ['us-gov-west-1', 'https://abc123.execute-api.us-gov-west-1.amazonaws.com/prod/'],
    ['eusc-de-east-1', 'https://abc123.execute-api.eusc-de-east-1.amazonaws.eu/prod/'],
  ])('of a REST API in %s', async (region, url) => {
    expect((await endpointsOf(REST, undefined, region)).urls).toEqual({ Prod: `rest-api ${url}` });
  });

  it('belong to the API of the stage, where there are several', async () => {
    const { urls } = await endpointsOf({ ...REST, Other: ['AWS::ApiGateway::RestApi', 'xyz789'] }, TWO_APIS);
    expect(urls).toEqual({ Prod: 'rest-api https://xyz789.execute-api.eu-west-1.amazonaws.com/prod/' });
    const unknown = await endpointsOf({ ...REST, Other: ['AWS::ApiGateway::RestApi', 'xyz789'] }, undefined);
    expect(unknown.urls).toEqual({});
  });

  it('of a deployment that makes its stage itself', async () => {
    const template = `
Resources:
  Api: { Type: AWS::ApiGateway::RestApi }
  Deployment: { Type: AWS::ApiGateway::Deployment, Properties: { RestApiId: !Ref Api, StageName: live } }
`;
    const { urls } = await endpointsOf(
      { Api: ['AWS::ApiGateway::RestApi', 'abc123'], Deployment: ['AWS::ApiGateway::Deployment', 'd1'] },
      template,
    );
    expect(urls).toEqual({ Deployment: 'rest-api https://abc123.execute-api.eu-west-1.amazonaws.com/live/' });
  });

  it('of HTTP and WebSocket APIs, whatever form the physical id of a stage has', async () => {
    const template = `
Resources:
  Http: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: HTTP } }
  Default: { Type: AWS::ApiGatewayV2::Stage, Properties: { ApiId: !Ref Http } }
  Beta: { Type: AWS::ApiGatewayV2::Stage, Properties: { ApiId: !Ref Http } }
  Socket: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: WEBSOCKET } }
  Live: { Type: AWS::ApiGatewayV2::Stage, Properties: { ApiId: !Ref Socket } }
  Quick: { Type: AWS::ApiGatewayV2::Api, Properties: { ProtocolType: HTTP, Target: 'arn:x' } }
`;
    const { urls } = await endpointsOf(
      {
        Http: ['AWS::ApiGatewayV2::Api', 'http1'],
        Default: ['AWS::ApiGatewayV2::Stage', '$default'],
        Beta: ['AWS::ApiGatewayV2::Stage', 'http1|beta'],
        Socket: ['AWS::ApiGatewayV2::Api', 'ws1'],
        Live: ['AWS::ApiGatewayV2::Stage', 'live'],
        Quick: ['AWS::ApiGatewayV2::Api', 'quick1'],
      },
      template,
    );
    expect(urls).toEqual({
      Default: 'http-api https://http1.execute-api.eu-west-1.amazonaws.com/',
      Beta: 'http-api https://http1.execute-api.eu-west-1.amazonaws.com/beta/',
      Live: 'websocket-api wss://ws1.execute-api.eu-west-1.amazonaws.com/live',
      Quick: 'http-api https://quick1.execute-api.eu-west-1.amazonaws.com/',
    });
  });

  it.each([
    ['eu-west-1', 'http://site.s3-website-eu-west-1.amazonaws.com'],
    ['eu-central-1', 'http://site.s3-website.eu-central-1.amazonaws.com'],
    ['ap-southeast-2', 'http://site.s3-website-ap-southeast-2.amazonaws.com'],
    ['ap-southeast-3', 'http://site.s3-website.ap-southeast-3.amazonaws.com'],
  ])('of a website in a bucket in %s', async (region, url) => {
    const template = 'Resources:\n  Site: { Type: AWS::S3::Bucket, Properties: { WebsiteConfiguration: { IndexDocument: a } } }\n';
    expect((await endpointsOf({ Site: ['AWS::S3::Bucket', 'site'] }, template, region)).urls).toEqual({ Site: `website ${url}` });
    expect((await endpointsOf({ Site: ['AWS::S3::Bucket', 'site'] }, undefined, region)).urls).toEqual({});
  });

  it('leave function URLs to Lambda, and what never came to be to nobody', async () => {
    const arn = 'arn:aws:lambda:eu-west-1:1:function:F:live';
    const { unknown, urls } = await endpointsOf({ Url: ['AWS::Lambda::Url', arn], Later: ['AWS::Lambda::Url', ''] }, undefined);
    expect(unknown).toEqual([{ resource: 'Url', functionArn: arn }]);
    expect(urls).toEqual({});
  });
});
