import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  CancelUpdateStackCommand,
  type Change,
  ContinueUpdateRollbackCommand,
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  CreateStackCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetStackPolicyCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  ListExportsCommand,
  ListImportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  RollbackStackCommand,
  SetStackPolicyCommand,
  type Stack,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloudFormation } from './cloudformation-fixture.ts';

const run = promisify(execFile);
let target: Awaited<ReturnType<typeof startCloudFormation>>;
beforeAll(async () => {
  target = await startCloudFormation();
});
afterAll(() => target.close());

const send: (typeof target)['client']['send'] = (...args: [never]) => target.client.send(...args);
let serial = 0;
const newName = () => `stack-${++serial}`;
const probe = (properties: object = {}, more: object = {}) => ({ Type: 'LocalTarget::Test::Probe', Properties: properties, ...more });
/** A probe whose step lasts as long as there is a file. */
const HELD = path.join(tmpdir(), `held-${process.pid}`);
afterAll(() => rmSync(HELD, { force: true }));
const held = (HoldOn: string) => probe({ HoldWhile: HELD, HoldOn });
const body = (resources: object, more: object = {}) => JSON.stringify({ Resources: resources, ...more });

async function settled(StackName: string): Promise<Stack> {
  for (;;) {
    const { Stacks } = await send(new DescribeStacksCommand({ StackName }));
    const stack = Stacks?.[0];
    if (stack !== undefined && stack.StackStatus?.endsWith('_IN_PROGRESS') === false) return stack;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function createStack(TemplateBody: string, more: object = {}): Promise<Stack> {
  const { StackId } = await send(new CreateStackCommand({ StackName: newName(), TemplateBody, ...more }));
  return settled(StackId ?? '');
}

async function changeSet(input: Partial<CreateChangeSetCommandInput> & { StackName: string }) {
  const { Id, StackId } = await send(new CreateChangeSetCommand({ ChangeSetName: 'change', ...input }));
  const described = await send(new DescribeChangeSetCommand({ ChangeSetName: Id }));
  return { ...described, Id, StackId };
}

const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ name: 'none', message: '' }),
    (error: Error & { $metadata?: { httpStatusCode?: number } }) => ({
      name: error.name,
      message: error.message,
      status: error.$metadata?.httpStatusCode,
    }),
  );

describe('stacks', () => {
  it('are created, described, listed and deleted', async () => {
    const stack = await createStack(
      body(
        { A: probe({ Value: { Ref: 'P' } }) },
        {
          Description: 'what it is',
          Parameters: { P: { Type: 'String' }, Secret: { Type: 'String', NoEcho: true, Default: 'hidden' } },
          Outputs: { V: { Value: { 'Fn::GetAtt': ['A', 'Value'] }, Description: 'the value', Export: { Name: 'exported-v' } } },
        },
      ),
      {
        Parameters: [{ ParameterKey: 'P', ParameterValue: 'a <b> & "c"' }],
        Tags: [{ Key: 'k', Value: 'v' }],
        Capabilities: ['CAPABILITY_IAM'],
      },
    );
    expect(stack).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Description: 'what it is',
      Parameters: [
        { ParameterKey: 'P', ParameterValue: 'a <b> & "c"' },
        { ParameterKey: 'Secret', ParameterValue: '****' },
      ],
      Outputs: [{ OutputKey: 'V', OutputValue: 'a <b> & "c"', Description: 'the value', ExportName: 'exported-v' }],
      Tags: [{ Key: 'k', Value: 'v' }],
      Capabilities: ['CAPABILITY_IAM'],
      EnableTerminationProtection: false,
      DisableRollback: false,
      DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
      LastOperations: [{ OperationType: 'CREATE_STACK', OperationId: expect.any(String) }],
    });
    expect(stack.CreationTime).toBeInstanceOf(Date);
    expect((await send(new ListExportsCommand({}))).Exports).toEqual([
      { ExportingStackId: stack.StackId, Name: 'exported-v', Value: 'a <b> & "c"' },
    ]);
    await send(new DeleteStackCommand({ StackName: stack.StackName }));
    expect(await settled(stack.StackId ?? '')).toMatchObject({ StackStatus: 'DELETE_COMPLETE', DeletionTime: expect.any(Date) });
    expect(await errorOf(send(new DescribeStacksCommand({ StackName: stack.StackName })))).toMatchObject({
      name: 'ValidationError',
      message: `Stack with id ${stack.StackName} does not exist`,
      status: 400,
    });
    const { StackSummaries } = await send(new ListStacksCommand({ StackStatusFilter: ['DELETE_COMPLETE'] }));
    expect(StackSummaries?.map(({ StackId }) => StackId)).toContain(stack.StackId);
    await send(new DeleteStackCommand({ StackName: stack.StackName }));
  });

  it('with the name of another are refused', async () => {
    const { StackName } = await createStack(body({ A: probe() }));
    expect(await errorOf(send(new CreateStackCommand({ StackName, TemplateBody: body({ A: probe() }) })))).toMatchObject({
      name: 'AlreadyExistsException',
      message: `Stack [${StackName}] already exists`,
    });
  });

  it('whose creation failed cannot be updated', async () => {
    const stack = await createStack(body({ A: probe({ FailOn: 'create' }) }));
    expect(stack.StackStatus).toBe('ROLLBACK_COMPLETE');
    const refused = { name: 'ValidationError', message: `Stack:${stack.StackId} is in ROLLBACK_COMPLETE state and can not be updated.` };
    const TemplateBody = body({ A: probe() });
    expect(await errorOf(send(new UpdateStackCommand({ StackName: stack.StackName, TemplateBody })))).toMatchObject(refused);
    expect(await errorOf(changeSet({ StackName: stack.StackName ?? '', TemplateBody }))).toMatchObject(refused);
  });

  it('are protected while termination protection is on', async () => {
    const { StackName } = await createStack(body({ A: probe() }), { EnableTerminationProtection: true });
    expect(await errorOf(send(new DeleteStackCommand({ StackName })))).toMatchObject({
      name: 'ValidationError',
      message: `Stack [${StackName}] cannot be deleted while TerminationProtection is enabled`,
    });
    await send(new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }));
    await send(new DeleteStackCommand({ StackName }));
  });

  it('with an export in use cannot be deleted', async () => {
    const { StackName } = await createStack(body({ A: probe() }, { Outputs: { O: { Value: 'x', Export: { Name: 'in-use' } } } }));
    const importer = await createStack(body({ A: probe({ Value: { 'Fn::ImportValue': 'in-use' } }) }));
    expect((await send(new ListImportsCommand({ ExportName: 'in-use' }))).Imports).toEqual([importer.StackName]);
    expect(await errorOf(send(new DeleteStackCommand({ StackName })))).toMatchObject({
      message: `Export in-use cannot be deleted as it is in use by ${importer.StackName}`,
    });
  });

  it('say so when an update changes nothing', async () => {
    const { StackName } = await createStack(body({ A: probe() }));
    expect(await errorOf(send(new UpdateStackCommand({ StackName, TemplateBody: body({ A: probe() }) })))).toMatchObject({
      name: 'ValidationError',
      message: 'No updates are to be performed.',
    });
  });

  it('can be brought into, and out of, the failed states', async () => {
    const failing = await createStack(body({ A: probe({ FailOn: 'create' }), B: probe() }), { OnFailure: 'DO_NOTHING' });
    expect(failing.StackStatus).toBe('CREATE_FAILED');
    await send(new RollbackStackCommand({ StackName: failing.StackName }));
    expect((await settled(failing.StackId ?? '')).StackStatus).toBe('ROLLBACK_COMPLETE');

    const { StackName } = await createStack(body({ A: probe({ FailOn: 'update' }), S: probe({ FailOn: 'delete' }) }));
    await send(
      new UpdateStackCommand({
        StackName,
        TemplateBody: body({ A: probe({ Value: 1 }), B: probe({ FailOn: 'create' }, { DependsOn: 'A' }) }),
      }),
    );
    expect((await settled(StackName ?? '')).StackStatus).toBe('UPDATE_ROLLBACK_FAILED');
    expect(await errorOf(send(new UpdateStackCommand({ StackName, TemplateBody: body({ A: probe() }) })))).toMatchObject({
      message: expect.stringContaining('is in UPDATE_ROLLBACK_FAILED state and can not be updated.'),
    });
    await send(new ContinueUpdateRollbackCommand({ StackName, ResourcesToSkip: ['A'] }));
    expect((await settled(StackName ?? '')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    await send(new DeleteStackCommand({ StackName }));
    expect((await settled(StackName ?? '')).StackStatus).toBe('DELETE_FAILED');
    await send(new DeleteStackCommand({ StackName, RetainResources: ['S'] }));
    expect(await errorOf(settled(StackName ?? ''))).toMatchObject({ name: 'ValidationError' });
  });

  it('turn back when their update is cancelled', async () => {
    const { StackName } = await createStack(body({ A: probe() }));
    expect(await errorOf(send(new CancelUpdateStackCommand({ StackName })))).toMatchObject({
      name: 'ValidationError',
      message: 'CancelUpdateStack cannot be called from current stack status',
    });
    await send(new UpdateStackCommand({ StackName, TemplateBody: body({ A: probe(), Slow: probe({ HoldMs: 30_000 }) }) }));
    const { Stacks } = await send(new DescribeStacksCommand({ StackName }));
    expect(Stacks?.[0]?.StackStatus).toBe('UPDATE_IN_PROGRESS');
    expect(await errorOf(send(new DeleteStackCommand({ StackName })))).toMatchObject({
      message: expect.stringMatching(/cannot be deleted while in status UPDATE_IN_PROGRESS$/),
    });
    await send(new CancelUpdateStackCommand({ StackName }));
    expect((await settled(StackName ?? '')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  });

  it.each<[string, object, object | undefined]>([
    ['CREATE_IN_PROGRESS', { A: held('create') }, undefined],
    ['ROLLBACK_IN_PROGRESS', { A: held('delete'), B: probe({ FailOn: 'create' }, { DependsOn: 'A' }) }, undefined],
    ['ROLLBACK_FAILED', { A: probe({ FailOn: 'delete' }), B: probe({ FailOn: 'create' }, { DependsOn: 'A' }) }, undefined],
    ['UPDATE_IN_PROGRESS', { A: probe() }, { A: held('update') }],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', { A: probe(), Old: held('delete') }, { A: probe({ Value: 1 }) }],
    ['UPDATE_ROLLBACK_IN_PROGRESS', { A: held('update') }, { A: probe({ Value: 1 }), B: probe({ FailOn: 'create' }, { DependsOn: 'A' }) }],
    [
      'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
      { A: probe() },
      { A: probe(), New: held('delete'), B: probe({ FailOn: 'create' }, { DependsOn: 'New' }) },
    ],
  ])('can be kept in %s until they are released', async (status, first, second) => {
    writeFileSync(HELD, '');
    const StackName = newName();
    const seen = async () => (await send(new DescribeStacksCommand({ StackName }))).Stacks?.[0]?.StackStatus;
    await send(new CreateStackCommand({ StackName, TemplateBody: body(first) }));
    if (second !== undefined) {
      await settled(StackName);
      await send(new UpdateStackCommand({ StackName, TemplateBody: body(second) }));
    }
    await expect.poll(seen, { interval: 10, timeout: 60_000 }).toBe(status);
    rmSync(HELD);
    expect((await settled(StackName)).StackStatus).toBe(status.replace(/(_COMPLETE_CLEANUP)?_IN_PROGRESS$/, '_COMPLETE'));
  });

  it('keep a stack policy', async () => {
    const { StackName } = await createStack(body({ A: probe() }));
    expect((await send(new GetStackPolicyCommand({ StackName }))).StackPolicyBody).toBeUndefined();
    const StackPolicyBody = JSON.stringify({ Statement: [{ Effect: 'Deny', Action: 'Update:*', Principal: '*', Resource: '*' }] });
    await send(new SetStackPolicyCommand({ StackName, StackPolicyBody }));
    expect((await send(new GetStackPolicyCommand({ StackName }))).StackPolicyBody).toBe(StackPolicyBody);
    await send(new UpdateStackCommand({ StackName, TemplateBody: body({ A: probe({ Value: 2 }) }) }));
    expect((await settled(StackName ?? '')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
    const allow = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'Update:*', Principal: '*', Resource: '*' }] });
    await send(new UpdateStackCommand({ StackName, TemplateBody: body({ A: probe({ Value: 2 }) }), StackPolicyDuringUpdateBody: allow }));
    expect((await settled(StackName ?? '')).StackStatus).toBe('UPDATE_COMPLETE');
  });

  it.each([
    ['no template', {}, 'Either Template URL or Template Body must be specified.'],
    ['a body that is too large', { TemplateBody: body({ A: probe({ V: 'x'.repeat(51_200) }) }) }, /51200/],
    ['broken JSON', { TemplateBody: '{ "Resources": ' }, /^Template format error: JSON not well-formed\. \(line 1, column \d+\)/],
    ['broken YAML', { TemplateBody: 'Resources:\n  A: [' }, /^Template format error: YAML not well-formed\. \(line 2, column \d+\)/],
    ['no resources', { TemplateBody: '{}' }, 'Template format error: At least one Resources member must be defined.'],
    [
      'an unknown type',
      { TemplateBody: body({ A: { Type: 'Nonsense' } }) },
      'Template format error: Unrecognized resource types: [Nonsense]',
    ],
    [
      'a serverless type without its transform',
      { TemplateBody: body({ A: { Type: 'AWS::Serverless::Function' } }) },
      'Template format error: Unrecognized resource types: [AWS::Serverless::Function]',
    ],
    [
      'an unresolved reference',
      { TemplateBody: body({ A: probe({ V: { Ref: 'Nope' } }) }) },
      'Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template',
    ],
    [
      'an unresolved attribute',
      { TemplateBody: body({ A: probe({ V: { 'Fn::GetAtt': 'Nope.Arn' } }) }) },
      'Template error: instance of Fn::GetAtt references undefined resource Nope',
    ],
    [
      'an unresolved output',
      { TemplateBody: body({ A: probe() }, { Outputs: { O: { Value: { Ref: 'Nope' } } } }) },
      'Template format error: Unresolved resource dependencies [Nope] in the Outputs block of the template',
    ],
    [
      'a circle',
      { TemplateBody: body({ A: probe({ V: { Ref: 'B' } }), B: probe({}, { DependsOn: 'A' }), C: probe({ V: { Ref: 'A' } }) }) },
      'Circular dependency between resources: [A, B]',
    ],
    [
      'a missing parameter',
      { TemplateBody: body({ A: probe() }, { Parameters: { P: { Type: 'String' } } }) },
      'Parameters: [P] must have values',
    ],
    [
      'an undeclared parameter',
      { TemplateBody: body({ A: probe() }), Parameters: [{ ParameterKey: 'P', ParameterValue: '1' }] },
      'Parameters: [P] do not exist in the template',
    ],
    [
      'a template that is not in S3',
      { TemplateURL: 'https://some-bucket.s3.amazonaws.com/x.json' },
      /^S3 error: The specified bucket does not exist/,
    ],
    ['an address that is not S3', { TemplateURL: 'https://example.com/x.json' }, 'TemplateURL must be a supported URL.'],
    [
      'an import that nobody exports',
      { TemplateBody: body({ A: probe({ V: { 'Fn::ImportValue': 'nobody' } }) }), viaUpdate: true },
      'No export named nobody found',
    ],
  ])('are refused with %s', async (_what, given: object, message: string | RegExp) => {
    const { viaUpdate, ...input } = given as { viaUpdate?: boolean; TemplateBody?: string };
    const StackName = viaUpdate === true ? (await createStack(body({ A: probe() }))).StackName : newName();
    const error = await errorOf(
      viaUpdate === true ? send(new UpdateStackCommand({ StackName, ...input })) : send(new CreateStackCommand({ StackName, ...input })),
    );
    expect(error.name).toBe('ValidationError');
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });

  it('need the capabilities that their resources ask for', async () => {
    const role = (RoleName?: string) =>
      body({
        R: { Type: 'AWS::IAM::Role', Properties: { ...(RoleName === undefined ? {} : { RoleName }), AssumeRolePolicyDocument: {} } },
      });
    const error = (TemplateBody: string, Capabilities: ('CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM')[] = []) =>
      errorOf(send(new CreateStackCommand({ StackName: newName(), TemplateBody, Capabilities })));
    expect(await error(role())).toMatchObject({
      name: 'InsufficientCapabilitiesException',
      message: 'Requires capabilities : [CAPABILITY_IAM]',
    });
    expect(await error(role('x'), ['CAPABILITY_IAM'])).toMatchObject({ message: 'Requires capabilities : [CAPABILITY_NAMED_IAM]' });
    expect(await error(role('x'), ['CAPABILITY_NAMED_IAM'])).toMatchObject({ name: 'none' });
    expect(await error(JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Resources: { A: probe() } }))).toMatchObject({
      message: 'Requires capabilities : [CAPABILITY_AUTO_EXPAND]',
    });
  });
});

describe('change sets', () => {
  const template = (size: number) =>
    body({ A: probe({ Value: size }), N: probe({ Name: `n${size}` }) }, { Outputs: { V: { Value: { 'Fn::GetAtt': ['A', 'Value'] } } } });

  it('put a new stack in review, then create it', async () => {
    const StackName = newName();
    const made = await changeSet({
      StackName,
      ChangeSetType: 'CREATE',
      TemplateBody: template(1),
      Tags: [{ Key: 'a', Value: 'b' }],
      Description: 'first',
    });
    expect(made).toMatchObject({
      Status: 'CREATE_COMPLETE',
      ExecutionStatus: 'AVAILABLE',
      Description: 'first',
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    expect(made.Changes).toMatchObject([
      { Type: 'Resource', ResourceChange: { Action: 'Add', LogicalResourceId: 'A', ResourceType: 'LocalTarget::Test::Probe' } },
      { ResourceChange: { Action: 'Add', LogicalResourceId: 'N' } },
    ]);
    const { Stacks } = await send(new DescribeStacksCommand({ StackName }));
    expect(Stacks?.[0]).toMatchObject({ StackId: made.StackId, StackStatus: 'REVIEW_IN_PROGRESS' });
    await send(new ExecuteChangeSetCommand({ ChangeSetName: 'change', StackName, ClientRequestToken: 'token-1' }));
    const stack = await settled(StackName);
    expect(stack).toMatchObject({
      StackId: made.StackId,
      StackStatus: 'CREATE_COMPLETE',
      ChangeSetId: made.Id,
      Outputs: [{ OutputKey: 'V', OutputValue: '1' }],
    });
    const { StackEvents } = await send(new DescribeStackEventsCommand({ StackName }));
    expect(StackEvents?.at(-1)).toMatchObject({ ResourceStatus: 'REVIEW_IN_PROGRESS', ResourceStatusReason: 'User Initiated' });
    expect(StackEvents?.[0]).toMatchObject({
      ResourceStatus: 'CREATE_COMPLETE',
      ClientRequestToken: 'token-1',
      LogicalResourceId: StackName,
    });
    expect((await send(new DescribeChangeSetCommand({ ChangeSetName: made.Id }))).ExecutionStatus).toBe('EXECUTE_COMPLETE');
  });

  it('tell what changes, with values on request, and change it', async () => {
    const { StackName = '', StackId } = await createStack(template(1));
    await changeSet({ StackName, TemplateBody: template(2) });
    const described = await send(new DescribeChangeSetCommand({ ChangeSetName: 'change', StackName, IncludePropertyValues: true }));
    expect(
      described.Changes?.map(({ ResourceChange: change }: Change) => [
        change?.LogicalResourceId,
        change?.Action,
        change?.Replacement,
        change?.Scope,
      ]),
    ).toEqual([
      ['A', 'Modify', 'False', ['Properties']],
      ['N', 'Modify', 'True', ['Properties']],
    ]);
    expect(described.Changes?.[0]?.ResourceChange?.Details).toEqual([
      {
        Target: {
          Attribute: 'Properties',
          Name: 'Value',
          RequiresRecreation: 'Never',
          Path: '/Properties/Value',
          BeforeValue: '1',
          AfterValue: '2',
          AttributeChangeType: 'Modify',
        },
        Evaluation: 'Static',
        ChangeSource: 'DirectModification',
      },
    ]);
    expect(described.Changes?.[1]?.ResourceChange).toMatchObject({
      PolicyAction: 'ReplaceAndDelete',
      BeforeContext: '{"Properties":{"Name":"n1"}}',
    });
    await changeSet({ StackName, ChangeSetName: 'other', TemplateBody: template(3) });
    await send(new ExecuteChangeSetCommand({ ChangeSetName: 'change', StackName }));
    expect(await settled(StackName)).toMatchObject({ StackId, StackStatus: 'UPDATE_COMPLETE', Outputs: [{ OutputValue: '2' }] });
    const { Summaries } = await send(new ListChangeSetsCommand({ StackName }));
    expect(Summaries?.map(({ ChangeSetName, ExecutionStatus }) => [ChangeSetName, ExecutionStatus])).toEqual([
      ['change', 'EXECUTE_COMPLETE'],
    ]);
    expect(await errorOf(send(new ExecuteChangeSetCommand({ ChangeSetName: 'change', StackName })))).toMatchObject({
      name: 'InvalidChangeSetStatusException',
    });
  });

  it('follow references to what is replaced', async () => {
    const referring = (name: string) =>
      body({ N: probe({ Name: name }), U: probe({ Value: { Ref: 'N' } }), R: probe({ Name: { 'Fn::GetAtt': ['N', 'Value'] } }) });
    const { StackName = '' } = await createStack(referring('one'));
    const { Changes } = await changeSet({ StackName, TemplateBody: referring('two') });
    expect(
      Changes?.map(({ ResourceChange: change }) => [
        change?.LogicalResourceId,
        change?.Replacement,
        change?.Details?.[0]?.Evaluation,
        change?.Details?.[0]?.CausingEntity,
      ]),
    ).toEqual([
      ['N', 'True', 'Static', undefined],
      ['R', 'Conditional', 'Dynamic', 'N'],
      ['U', 'False', 'Dynamic', 'N'],
    ]);
  });

  it('without changes fail and say so', async () => {
    const { StackName = '' } = await createStack(template(1));
    const made = await changeSet({ StackName, TemplateBody: template(1) });
    expect(made).toMatchObject({
      Status: 'FAILED',
      ExecutionStatus: 'UNAVAILABLE',
      StatusReason: "The submitted information didn't contain changes. Submit different information to create a change set.",
    });
    expect(await errorOf(send(new ExecuteChangeSetCommand({ ChangeSetName: 'change', StackName })))).toMatchObject({
      name: 'InvalidChangeSetStatusException',
      message: `ChangeSet [${made.Id}] cannot be executed in its current status of [FAILED]`,
    });
    await send(new DeleteChangeSetCommand({ ChangeSetName: 'change', StackName }));
    expect(await errorOf(send(new DescribeChangeSetCommand({ ChangeSetName: 'change', StackName })))).toMatchObject({
      name: 'ChangeSetNotFoundException',
      message: 'ChangeSet [change] does not exist',
      status: 404,
    });
  });

  it('see changed outputs, tags and resource metadata as changes', async () => {
    const withOutput = (more: object, outputs: object) => body({ A: probe({}, more) }, { Outputs: outputs });
    const { StackName = '' } = await createStack(withOutput({}, { O: { Value: 'x' } }));
    expect(await changeSet({ StackName, ChangeSetName: 'c1', TemplateBody: withOutput({}, { O: { Value: 'y' } }) })).toMatchObject({
      Status: 'CREATE_COMPLETE',
    });
    expect(
      await changeSet({
        StackName,
        ChangeSetName: 'c2',
        TemplateBody: withOutput({}, { O: { Value: 'x' } }),
        Tags: [{ Key: 'a', Value: 'b' }],
      }),
    ).toMatchObject({ Status: 'CREATE_COMPLETE' });
    const meta = await changeSet({
      StackName,
      ChangeSetName: 'c3',
      TemplateBody: withOutput({ Metadata: { m: 1 } }, { O: { Value: 'x' } }),
    });
    expect(meta.Changes?.[0]?.ResourceChange).toMatchObject({ Action: 'Modify', Scope: ['Metadata'] });
    expect(await changeSet({ StackName, ChangeSetName: 'c4', UsePreviousTemplate: true })).toMatchObject({ Status: 'FAILED' });
  });

  it('keep previous parameter values where asked to', async () => {
    const parametrised = body({ A: probe({ Value: { Ref: 'P' } }) }, { Parameters: { P: { Type: 'String', Default: 'd' } } });
    const { StackName = '' } = await createStack(parametrised, { Parameters: [{ ParameterKey: 'P', ParameterValue: 'mine' }] });
    const kept = await changeSet({
      StackName,
      ChangeSetName: 'kept',
      UsePreviousTemplate: true,
      Parameters: [{ ParameterKey: 'P', UsePreviousValue: true }],
    });
    expect(kept).toMatchObject({ Status: 'FAILED', Parameters: [{ ParameterKey: 'P', ParameterValue: 'mine' }] });
    const changed = await changeSet({
      StackName,
      ChangeSetName: 'changed',
      UsePreviousTemplate: true,
      Parameters: [{ ParameterKey: 'P', ParameterValue: 'other' }],
    });
    expect(changed.Changes?.[0]?.ResourceChange?.Details?.[0]).toMatchObject({ ChangeSource: 'ParameterReference', CausingEntity: 'P' });
  });

  it('may delete a new stack that fails', async () => {
    const StackName = newName();
    const { StackId } = await changeSet({
      StackName,
      ChangeSetType: 'CREATE',
      TemplateBody: body({ A: probe({ FailOn: 'create' }) }),
      OnStackFailure: 'DELETE',
    });
    await send(new ExecuteChangeSetCommand({ ChangeSetName: 'change', StackName }));
    expect(await settled(StackId ?? '')).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
  });

  it('can leave a failed stack as it is', async () => {
    const StackName = newName();
    await changeSet({ StackName, ChangeSetType: 'CREATE', TemplateBody: body({ A: probe({ FailOn: 'create' }) }) });
    await send(new ExecuteChangeSetCommand({ ChangeSetName: 'change', StackName, DisableRollback: true }));
    expect(await settled(StackName)).toMatchObject({ StackStatus: 'CREATE_FAILED', DisableRollback: true });
  });

  it.each([
    [
      'CREATE for a stack that is there',
      'CREATE',
      true,
      'ValidationError',
      /already exists and cannot be created again with the changeSet \[change\]\.$/,
    ],
    ['UPDATE for one that is not', 'UPDATE', false, 'ValidationError', /^Stack \[[\w-]+\] does not exist$/],
  ] as const)('of type %s are refused', async (_what, ChangeSetType, exists, name, message) => {
    const StackName = exists ? ((await createStack(template(1))).StackName ?? '') : newName();
    expect(await errorOf(changeSet({ StackName, ChangeSetType, TemplateBody: template(2) }))).toMatchObject({
      name,
      message: expect.stringMatching(message),
    });
  });

  it('of the same name are refused', async () => {
    const { StackName = '' } = await createStack(template(1));
    await changeSet({ StackName, TemplateBody: template(2) });
    expect(await errorOf(changeSet({ StackName, TemplateBody: template(3) }))).toMatchObject({ name: 'AlreadyExistsException' });
  });

  it('fail when a resource would change its type, or the transform finds mistakes', async () => {
    const { StackName = '' } = await createStack(body({ A: probe() }));
    expect(await changeSet({ StackName, TemplateBody: body({ A: { Type: 'AWS::SQS::Queue' } }) })).toMatchObject({
      Status: 'FAILED',
      StatusReason: 'Update of resource type is not permitted. The new template modifies resource type of the following resources: [A]',
    });
    const bad = JSON.stringify({
      Transform: 'AWS::Serverless-2016-10-31',
      Resources: { F: { Type: 'AWS::Serverless::Function', Properties: { CodeUri: './src' } } },
    });
    const made = await changeSet({ StackName: newName(), ChangeSetType: 'CREATE', TemplateBody: bad });
    expect(made.StatusReason).toMatch(
      /^Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document\. Number of errors found: 1\. Resource with id \[F\] is invalid\./,
    );
  });

  it('list many changes in pages', async () => {
    const resources = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`R${n}`, probe()]));
    const made = await changeSet({ StackName: newName(), ChangeSetType: 'CREATE', TemplateBody: body(resources) });
    expect(made.Changes).toHaveLength(100);
    const more = await send(new DescribeChangeSetCommand({ ChangeSetName: made.Id, NextToken: made.NextToken }));
    expect(more.Changes).toHaveLength(50);
    expect(more.NextToken).toBeUndefined();
  });
});

describe('events and resources', () => {
  it('come in pages, newest first, none twice and none missing', async () => {
    const resources = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`R${n}`, probe()]));
    const { StackName } = await createStack(body(resources));
    const ids: (string | undefined)[] = [];
    const times: number[] = [];
    let NextToken: string | undefined;
    let pages = 0;
    do {
      const page = await send(new DescribeStackEventsCommand({ StackName, NextToken }));
      ids.push(...(page.StackEvents ?? []).map(({ EventId }) => EventId));
      times.push(...(page.StackEvents ?? []).map(({ Timestamp }) => Timestamp?.getTime() ?? 0));
      NextToken = page.NextToken;
      pages++;
    } while (NextToken !== undefined);
    expect(pages).toBe(4);
    expect(new Set(ids).size).toBe(302);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  it('describe resources singly and together', async () => {
    const { StackName } = await createStack(body({ A: probe({}, { Metadata: { about: 'it' } }), Q: { Type: 'AWS::SQS::Queue' } }));
    const { StackResources } = await send(new DescribeStackResourcesCommand({ StackName }));
    expect(StackResources?.map(({ LogicalResourceId, ResourceStatus }) => [LogicalResourceId, ResourceStatus]).toSorted()).toEqual([
      ['A', 'CREATE_COMPLETE'],
      ['Q', 'CREATE_COMPLETE'],
    ]);
    const queue = StackResources?.find(({ LogicalResourceId }) => LogicalResourceId === 'Q');
    expect(queue?.ResourceStatusReason).toBe('Recorded only: the local target does not run AWS::SQS::Queue');
    const byPhysical = await send(new DescribeStackResourcesCommand({ PhysicalResourceId: queue?.PhysicalResourceId }));
    expect(byPhysical.StackResources).toHaveLength(2);
    const { StackResourceDetail } = await send(new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'A' }));
    expect(StackResourceDetail).toMatchObject({ LogicalResourceId: 'A', Metadata: '{"about":"it"}' });
    expect((await send(new ListStackResourcesCommand({ StackName }))).StackResourceSummaries).toHaveLength(2);
    expect(await errorOf(send(new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'X' })))).toMatchObject({
      message: `Resource X does not exist for stack ${StackName}`,
    });
  });
});

describe('templates', () => {
  const text =
    '# kept\nTransform: AWS::Serverless-2016-10-31\nParameters: {P: {Type: String, AllowedValues: [a, b], Default: a, NoEcho: true}}\nResources:\n  T: {Type: AWS::Serverless::SimpleTable}\n';

  it('come back as they were given, and processed', async () => {
    const { StackName } = await createStack(text, { Capabilities: ['CAPABILITY_AUTO_EXPAND'] });
    const original = await send(new GetTemplateCommand({ StackName }));
    expect(original).toMatchObject({ TemplateBody: text, StagesAvailable: ['Original', 'Processed'] });
    const processed = await send(new GetTemplateCommand({ StackName, TemplateStage: 'Processed' }));
    expect(JSON.parse(processed.TemplateBody ?? '')).toMatchObject({ Resources: { T: { Type: 'AWS::DynamoDB::Table' } } });
  });

  it('are summarised and validated', async () => {
    expect(await send(new GetTemplateSummaryCommand({ TemplateBody: text }))).toMatchObject({
      Parameters: [
        {
          ParameterKey: 'P',
          ParameterType: 'String',
          DefaultValue: 'a',
          NoEcho: true,
          ParameterConstraints: { AllowedValues: ['a', 'b'] },
        },
      ],
      Capabilities: ['CAPABILITY_AUTO_EXPAND'],
      DeclaredTransforms: ['AWS::Serverless-2016-10-31'],
      ResourceTypes: ['AWS::Serverless::SimpleTable'],
    });
    expect(await send(new ValidateTemplateCommand({ TemplateBody: text }))).toMatchObject({
      Parameters: [{ ParameterKey: 'P', DefaultValue: 'a', NoEcho: true }],
    });
    expect(await errorOf(send(new ValidateTemplateCommand({ TemplateBody: '{}' })))).toMatchObject({ name: 'ValidationError' });
  });

  it('are read from the local S3, in every spelling of their address', async () => {
    const Bucket = 'templates-of-the-test';
    await target.s3.send(new CreateBucketCommand({ Bucket }));
    await target.s3.send(new PutObjectCommand({ Bucket, Key: 'a b/t.json', Body: body({ A: probe() }) }));
    for (const TemplateURL of [
      `https://${Bucket}.s3.eu-central-1.amazonaws.com/a%20b/t.json?X-Amz-Signature=1`,
      `https://s3.eu-central-1.amazonaws.com/${Bucket}/a%20b/t.json`,
      `https://s3.amazonaws.com/${Bucket}/a%20b/t.json`,
      `${target.endpoint}/${Bucket}/a%20b/t.json`,
      `s3://${Bucket}/a b/t.json`,
    ]) {
      expect((await createStack('', { TemplateBody: undefined, TemplateURL })).StackStatus, TemplateURL).toBe('CREATE_COMPLETE');
    }
    const missing = send(new CreateStackCommand({ StackName: newName(), TemplateURL: `${target.endpoint}/${Bucket}/other` }));
    expect(await errorOf(missing)).toMatchObject({ message: expect.stringContaining('S3 error: The specified key does not exist.') });
  });

  it('may hold nested stacks', async () => {
    const Bucket = 'nested-of-the-test';
    await target.s3.send(new CreateBucketCommand({ Bucket }));
    const put = (Key: string, Body: string) => target.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    const child = (value: string) =>
      body(
        { A: probe({ Value: { Ref: 'P' } }) },
        { Parameters: { P: { Type: 'String' } }, Outputs: { Out: { Value: { 'Fn::Sub': `\${A.Value}-${value}` } } } },
      );
    await put('child.json', child('one'));
    const nested = (name: string) => ({
      Type: 'AWS::CloudFormation::Stack',
      Properties: { TemplateURL: `${target.endpoint}/${Bucket}/${name}`, Parameters: { P: 'p' } },
    });
    const parent = body({ Child: nested('child.json') }, { Outputs: { Of: { Value: { 'Fn::GetAtt': ['Child', 'Outputs.Out'] } } } });
    const stack = await createStack(parent);
    expect(stack).toMatchObject({ StackStatus: 'CREATE_COMPLETE', Outputs: [{ OutputValue: 'p-one' }] });
    const { StackResources } = await send(new DescribeStackResourcesCommand({ StackName: stack.StackName }));
    const { Stacks } = await send(new DescribeStacksCommand({ StackName: StackResources?.[0]?.PhysicalResourceId }));
    expect(Stacks?.[0]).toMatchObject({ ParentId: stack.StackId, RootId: stack.StackId, StackStatus: 'CREATE_COMPLETE' });

    expect(await changeSet({ StackName: stack.StackName ?? '', ChangeSetName: 'same', TemplateBody: parent })).toMatchObject({
      Status: 'FAILED',
    });
    await put('child.json', child('two'));
    await send(new UpdateStackCommand({ StackName: stack.StackName, TemplateBody: parent }));
    expect(await settled(stack.StackName ?? '')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE', Outputs: [{ OutputValue: 'p-two' }] });

    await put('bad.json', body({ Bad: probe({ FailOn: 'create' }) }, { Parameters: { P: { Type: 'String' } } }));
    const failed = await createStack(body({ Child: nested('bad.json') }));
    expect(failed.StackStatus).toBe('ROLLBACK_COMPLETE');
    const { StackEvents } = await send(new DescribeStackEventsCommand({ StackName: failed.StackName }));
    expect(
      StackEvents?.find(({ ResourceStatus, LogicalResourceId }) => LogicalResourceId === 'Child' && ResourceStatus === 'CREATE_FAILED')
        ?.ResourceStatusReason,
    ).toMatch(/^Embedded stack arn:.* was not successfully created: The following resource\(s\) failed to create: \[Bad\]\./);
    await send(new DeleteStackCommand({ StackName: stack.StackName }));
    expect((await settled(stack.StackId ?? '')).StackStatus).toBe('DELETE_COMPLETE');
    expect((await settled(Stacks?.[0]?.StackId ?? '')).StackStatus).toBe('DELETE_COMPLETE');
  });
});

describe('other clients', () => {
  const aws = async (...args: string[]) =>
    (await run('aws', ['--endpoint-url', target.endpoint, 'cloudformation', ...args], { env: target.env })).stdout;
  const hasAws = run('aws', ['--version']).then(
    () => true,
    () => false,
  );

  it('the aws command deploys, describes and deletes', async (context) => {
    if (!(await hasAws)) return context.skip('there is no aws command on this machine');
    const name = newName();
    const template = body(
      { A: probe({ Value: { Ref: 'P' } }) },
      { Parameters: { P: { Type: 'String' } }, Outputs: { O: { Value: { Ref: 'P' } } } },
    );
    await aws('create-stack', '--stack-name', name, '--template-body', template, '--parameters', 'ParameterKey=P,ParameterValue=x');
    // Its waiters look every 30 seconds; so they are asked when the stack is at rest.
    await settled(name);
    await aws('wait', 'stack-create-complete', '--stack-name', name);
    const described = JSON.parse(await aws('describe-stacks', '--stack-name', name)) as {
      Stacks: { Outputs: unknown; CreationTime: string }[];
    };
    expect(described.Stacks[0]?.Outputs).toEqual([{ OutputKey: 'O', OutputValue: 'x' }]);
    const events = JSON.parse(await aws('describe-stack-events', '--stack-name', name)) as { StackEvents: unknown[] };
    expect(events.StackEvents).toHaveLength(5);
    expect(JSON.parse(await aws('get-template', '--stack-name', name))).toMatchObject({ TemplateBody: JSON.parse(template) });
    const file = path.join(target.env.HOME, 'template.yaml');
    writeFileSync(file, template.replaceAll('"Ref":"P"', '"Fn::Sub":"${P}!"'));
    const deploy = ['deploy', '--stack-name', name, '--template-file', file];
    const made = await aws(...deploy, '--parameter-overrides', 'P=y', '--no-execute-changeset');
    await aws('execute-change-set', '--change-set-name', /arn:\S+/.exec(made)?.[0] ?? '');
    await settled(name);
    await aws('wait', 'stack-update-complete', '--stack-name', name);
    expect(await aws(...deploy, '--no-fail-on-empty-changeset')).toContain('No changes to deploy');
    expect(await aws('describe-stacks', '--stack-name', name, '--query', 'Stacks[0].Outputs[0].OutputValue', '--output', 'text')).toBe(
      'y!\n',
    );
    await aws('delete-stack', '--stack-name', name);
    await expect.poll(() => aws('describe-stacks', '--stack-name', name).catch(String), { timeout: 60_000 }).toMatch(/does not exist/);
  });
});
