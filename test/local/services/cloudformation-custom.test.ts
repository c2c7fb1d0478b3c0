import {
  type Capability,
  CloudFormationClient,
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InProcessTarget, startInProcessTarget } from '../support/in-process-target.ts';
import { body, stackClient } from './stack-client.ts';

let target: InProcessTarget;
let client: ReturnType<typeof stackClient>;
beforeAll(async () => {
  target = await startInProcessTarget();
  client = stackClient({ client: new CloudFormationClient(target.clientOptions()) });
});
afterAll(() => target.close());

/** Answers as AWS's own helper does: with `https` on port 443, whatever the address says. */
const HANDLER = `
const https = require('https');
exports.handler = async (event) => {
  console.log(JSON.stringify(event));
  const { Mode = 'ok', Id = 'made', Secret } = event.ResourceProperties;
  if (Mode === 'throw') throw new Error('on purpose');
  if (Mode === 'silent') return;
  const answer = {
    Status: Mode === 'fail' && event.RequestType !== 'Delete' ? 'FAILED' : 'SUCCESS',
    Reason: 'because',
    PhysicalResourceId: Id,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: Secret !== undefined,
    Data: { Kind: event.RequestType, Seen: JSON.stringify(event.ResourceProperties), Token: Secret ?? 'none' },
  };
  const body = JSON.stringify(answer);
  const url = new URL(event.ResponseURL);
  const options = { hostname: url.hostname, port: 443, path: url.pathname + url.search, method: 'PUT', headers: { 'content-type': '', 'content-length': body.length } };
  await new Promise((resolve, reject) => { const request = https.request(options, (response) => { response.resume(); resolve(); }); request.on('error', reject); request.end(body); });
};
`;

const Capabilities: Capability[] = ['CAPABILITY_IAM'];
const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: {} } };
const fn = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Code: { ZipFile: HANDLER },
    Timeout: 20,
  },
};
const custom = (properties: object, Type = 'Custom::Thing') => ({
  Type,
  Properties: { ServiceToken: { 'Fn::GetAtt': ['Fn', 'Arn'] }, ...properties },
});
const withCustom = (properties: object, more: object = {}) =>
  body(
    { Role: role, Fn: fn, C: custom(properties), ...more },
    {
      Outputs: {
        Ref: { Value: { Ref: 'C' } },
        Kind: { Value: { 'Fn::GetAtt': ['C', 'Kind'] } },
        Seen: { Value: { 'Fn::GetAtt': ['C', 'Seen'] } },
      },
    },
  );
const outputsOf = (stack: Stack) => Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
const reasonOf = async (StackName: string, logicalId: string) =>
  (await client.events({ StackName, Filters: { FailedEvents: true } })).find(({ LogicalResourceId }) => LogicalResourceId === logicalId)
    ?.ResourceStatusReason;

describe('a custom resource', () => {
  it('is what its function answers, through creation, change, replacement and deletion', async () => {
    const input = { StackName: client.newName(), Capabilities };
    const created = await client.deploy({ ...input, ChangeSetType: 'CREATE', TemplateBody: withCustom({ Number: 7, Yes: true }) });
    expect(created.StackStatus).toBe('CREATE_COMPLETE');
    expect(outputsOf(created)).toMatchObject({ Ref: 'made', Kind: 'Create' });
    expect(JSON.parse(outputsOf(created)['Seen'] ?? '')).toMatchObject({ Number: '7', Yes: 'true' });
    const updated = await client.deploy({ ...input, TemplateBody: withCustom({ Number: 8 }) });
    expect(outputsOf(updated)).toMatchObject({ Ref: 'made', Kind: 'Update' });
    const replaced = await client.deploy({ ...input, TemplateBody: withCustom({ Number: 8, Id: 'another' }) });
    expect(outputsOf(replaced)).toMatchObject({ Ref: 'another', Kind: 'Update' });
    const events = await client.events({ StackName: input.StackName });
    expect(
      events.filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_COMPLETE').map(({ PhysicalResourceId }) => PhysicalResourceId),
    ).toEqual(['made']);
    await client.send(new DeleteStackCommand({ StackName: input.StackName }));
    expect((await client.settled(created.StackId ?? '')).StackStatus).toBe('DELETE_COMPLETE');
  });

  it('that fails says so in the words of AWS, and is deleted under the name it gave', async () => {
    const input = { StackName: client.newName(), ChangeSetType: 'CREATE', Capabilities } as const;
    const stack = await client.deploy({ ...input, TemplateBody: withCustom({ Mode: 'fail', Id: 'half' }) });
    expect(stack.StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await reasonOf(input.StackName, 'C')).toMatch(
      /^Received response status \[FAILED\] from custom resource\. Message returned: because \(RequestId: [-0-9a-f]+\)$/,
    );
    const events = await client.events({ StackName: input.StackName });
    expect(events.some((event) => event.ResourceStatus === 'DELETE_COMPLETE' && event.PhysicalResourceId === 'half')).toBe(true);
  });

  it('whose function throws or keeps silent fails', async () => {
    const input = { ChangeSetType: 'CREATE', Capabilities } as const;
    const [thrown, silent] = [client.newName(), client.newName()];
    await Promise.all([
      client.deploy({ ...input, StackName: thrown, TemplateBody: withCustom({ Mode: 'throw' }), OnStackFailure: 'DO_NOTHING' }),
      client.deploy({
        ...input,
        StackName: silent,
        TemplateBody: withCustom({ Mode: 'silent', ServiceTimeout: 1 }),
        OnStackFailure: 'DO_NOTHING',
      }),
    ]);
    expect(await reasonOf(thrown, 'C')).toMatch(/^CloudFormation did not receive a response from your Custom Resource\..*on purpose/);
    expect(await reasonOf(silent, 'C')).toMatch(/^CloudFormation did not receive a response .* requestId \[[-0-9a-f]+\]\.$/);
  });

  it('keeps its secrets out of events', async () => {
    const StackName = client.newName();
    const user = { Type: 'LocalTarget::Test::Probe', Properties: { Value: { 'Fn::GetAtt': ['C', 'Token'] } } };
    const TemplateBody = withCustom({ Secret: { Ref: 'S' } }, { User: user }).replace(
      '"Resources"',
      '"Parameters":{"S":{"Type":"String","NoEcho":true,"Default":"psst"}},"Resources"',
    );
    const stack = await client.deploy({ StackName, ChangeSetType: 'CREATE', Capabilities, TemplateBody });
    expect(stack.StackStatus).toBe('CREATE_COMPLETE');
    expect(JSON.stringify(await client.events({ StackName }))).not.toContain('psst');
  });

  it('may answer with the helper that inline code has', async () => {
    const code = `const response = require('cfn-response');
      exports.handler = (event, context) => response.send(event, context, response.SUCCESS, { Kind: 'helped', Seen: '' }, 'helped-id');`;
    const helped = { ...fn, Properties: { ...fn.Properties, Code: { ZipFile: code } } };
    const TemplateBody = withCustom({}, { Fn: helped });
    const stack = await client.deploy({ StackName: client.newName(), ChangeSetType: 'CREATE', Capabilities, TemplateBody });
    expect(outputsOf(stack)).toMatchObject({ Ref: 'helped-id', Kind: 'helped' });
  });

  it('without a function behind it is recorded only, or fails when the function is not there', async () => {
    const topic = custom({ ServiceToken: 'arn:aws:sns:us-east-1:000000000000:topic' }, 'AWS::CloudFormation::CustomResource');
    const { StackId = '' } = await client.createStack(body({ C: topic }));
    const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: StackId }));
    expect(StackResources?.[0]?.ResourceStatusReason).toMatch(/^Recorded only/);
    const missing = custom({ ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:nobody' });
    const stack = await client.createStack(body({ C: missing }));
    expect(stack.StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await reasonOf(stack.StackId ?? '', 'C')).toMatch(/Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody/);
  });
});
