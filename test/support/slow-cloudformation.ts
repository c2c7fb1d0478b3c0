import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An endpoint whose stacks are for ever in progress: AWS on its slowest day. */
export interface SlowCloudFormation {
  readonly endpoint: string;
  /** Actions in the order of their calls. */
  readonly calls: string[];
  close(): void;
}

const STACK_ID = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Slow/0001';
const CHANGE_SET_ID = 'arn:aws:cloudformation:eu-west-1:123456789012:changeSet/slow/0001';

/** `pendingChangeSet`: the change set never becomes ready. */
export async function startSlowCloudFormation(options: { readonly pendingChangeSet?: boolean } = {}): Promise<SlowCloudFormation> {
  const calls: string[] = [];
  let executed = false;
  const answers: Readonly<Record<string, () => string>> = {
    GetCallerIdentity: () => '<Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/me</Arn>',
    CreateChangeSet: () => `<Id>${CHANGE_SET_ID}</Id><StackId>${STACK_ID}</StackId>`,
    DescribeChangeSet: () =>
      `<Status>${options.pendingChangeSet === true ? 'CREATE_IN_PROGRESS' : 'CREATE_COMPLETE'}</Status><StackId>${STACK_ID}</StackId>`,
    ExecuteChangeSet: () => {
      executed = true;
      return '';
    },
    DeleteChangeSet: () => '',
    DeleteStack: () => '',
    DescribeStackEvents: () =>
      `<StackEvents>${
        executed
          ? `<member><EventId>e1</EventId><StackId>${STACK_ID}</StackId><StackName>Slow</StackName><LogicalResourceId>Fn</LogicalResourceId><PhysicalResourceId>p</PhysicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType><ResourceStatus>CREATE_IN_PROGRESS</ResourceStatus><Timestamp>2026-01-01T00:00:00Z</Timestamp></member>`
          : ''
      }</StackEvents>`,
  };
  const describeStacks = (): string | undefined =>
    calls.includes('CreateChangeSet')
      ? `<Stacks><member><StackId>${STACK_ID}</StackId><StackName>Slow</StackName><StackStatus>${executed ? 'CREATE_IN_PROGRESS' : 'REVIEW_IN_PROGRESS'}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>`
      : undefined;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const action = new URLSearchParams(body).get('Action') ?? '';
      calls.push(action);
      const inner = action === 'DescribeStacks' ? describeStacks() : answers[action]?.();
      response.setHeader('content-type', 'text/xml');
      if (inner === undefined) {
        const code = action === 'DescribeStacks' ? 'ValidationError' : 'InvalidAction';
        response
          .writeHead(400)
          .end(`<ErrorResponse><Error><Code>${code}</Code><Message>Stack with id Slow does not exist</Message></Error></ErrorResponse>`);
        return;
      }
      response.end(`<${action}Response><${action}Result>${inner}</${action}Result></${action}Response>`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
