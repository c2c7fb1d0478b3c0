/** Short ways to say what the tests of CloudFormation do again and again, with the AWS SDK. */
import {
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  CreateStackCommand,
  DescribeChangeSetCommand,
  DescribeEventsCommand,
  type DescribeEventsCommandInput,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  type ExecuteChangeSetCommandInput,
  type OperationEvent,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import type { startCloudFormation } from './cloudformation-fixture.ts';

type Target = Awaited<ReturnType<typeof startCloudFormation>>;

export const probe = (properties: object = {}, more: object = {}) => ({
  Type: 'LocalTarget::Test::Probe',
  Properties: properties,
  ...more,
});
export const body = (resources: object, more: object = {}) => JSON.stringify({ Resources: resources, ...more });

export const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ name: 'none', message: '' }),
    (error: Error) => ({ name: error.name, message: error.message }),
  );

export function stackClient(target: Pick<Target, 'client'>) {
  const send: Target['client']['send'] = (...args: [never]) => target.client.send(...args);
  let serial = 0;
  const newName = () => `stack-${++serial}`;

  const find = async (StackName: string): Promise<Stack | undefined> => (await send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];

  async function until(StackName: string, isThere: (stack: Stack) => boolean): Promise<Stack> {
    for (;;) {
      const stack = await find(StackName);
      if (stack !== undefined && isThere(stack)) return stack;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const settled = (StackName: string) => until(StackName, ({ StackStatus }) => StackStatus?.endsWith('_IN_PROGRESS') === false);

  async function createStack(TemplateBody: string, more: object = {}): Promise<Stack> {
    const { StackId } = await send(new CreateStackCommand({ StackName: newName(), TemplateBody, ...more }));
    return settled(StackId ?? '');
  }

  async function changeSet(input: Partial<CreateChangeSetCommandInput> & { StackName: string }) {
    const { Id, StackId } = await send(new CreateChangeSetCommand({ ChangeSetName: 'change', ...input }));
    const described = await send(new DescribeChangeSetCommand({ ChangeSetName: Id }));
    return { ...described, Id: Id ?? '', StackId: StackId ?? '' };
  }

  /** Makes a change set, executes it and waits for the stack. */
  async function deploy(
    input: Partial<CreateChangeSetCommandInput> & { StackName: string },
    more: Partial<ExecuteChangeSetCommandInput> = {},
  ): Promise<Stack> {
    const { Id, StackId } = await changeSet({ ChangeSetName: `change-${++serial}`, ...input });
    await send(new ExecuteChangeSetCommand({ ChangeSetName: Id, ...more }));
    return settled(StackId);
  }

  /** All pages, oldest first. */
  async function events(input: DescribeEventsCommandInput): Promise<OperationEvent[]> {
    const found: OperationEvent[] = [];
    let NextToken: string | undefined;
    do {
      const page = await send(new DescribeEventsCommand({ ...input, NextToken }));
      found.push(...(page.OperationEvents ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return found.toReversed();
  }

  return { send, newName, find, until, settled, createStack, changeSet, deploy, events };
}
