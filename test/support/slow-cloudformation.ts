import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

function event(id: string, logicalId: string, physicalId: string, type: string, status: string): string {
  return `<member><EventId>${id}</EventId><StackId>${STACK_ID}</StackId><StackName>Slow</StackName><LogicalResourceId>${logicalId}</LogicalResourceId><PhysicalResourceId>${physicalId}</PhysicalResourceId><ResourceType>${type}</ResourceType><ResourceStatus>${status}</ResourceStatus><Timestamp>2026-01-01T00:00:00Z</Timestamp></member>`;
}

/** An endpoint whose stacks are for ever in progress: AWS on its slowest day. */
export interface SlowCloudFormation {
  readonly endpoint: string;
  /** Actions in the order of their calls. */
  readonly calls: string[];
  /** From now on nothing is refused, and the stack is created. */
  recover(): void;
  close(): void;
}

const STACK_ID = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Slow/0001';
const CHANGE_SET_ID = 'arn:aws:cloudformation:eu-west-1:123456789012:changeSet/slow/0001';

export interface SlowOptions {
  /** The change set never becomes ready. */
  readonly pendingChangeSet?: boolean;
  /** Looks at the events after the first ones are refused as too many, until it recovers. */
  readonly throttles?: boolean;
}

const FIRST_LOOKS = 3;

export async function startSlowCloudFormation(options: SlowOptions = {}): Promise<SlowCloudFormation> {
  const calls: string[] = [];
  let executed = false;
  const looks = (): number => calls.filter((action) => action === 'DescribeStackEvents').length;
  let hasEnded = false;
  const isThrottled = (): boolean => options.throttles === true && looks() > FIRST_LOOKS && !hasEnded;
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
    DescribeStackEvents: () => {
      const own = event('e2', 'Slow', STACK_ID, 'AWS::CloudFormation::Stack', 'CREATE_COMPLETE');
      const begun = event('e1', 'Fn', 'p', 'AWS::Lambda::Function', 'CREATE_IN_PROGRESS');
      return `<StackEvents>${hasEnded ? own : ''}${executed ? begun : ''}</StackEvents>`;
    },
  };
  const describeStacks = (): string | undefined =>
    calls.includes('CreateChangeSet')
      ? `<Stacks><member><StackId>${STACK_ID}</StackId><StackName>Slow</StackName><StackStatus>${hasEnded ? 'CREATE_COMPLETE' : executed ? 'CREATE_IN_PROGRESS' : 'REVIEW_IN_PROGRESS'}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>`
      : undefined;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const action = new URLSearchParams(body).get('Action') ?? '';
      calls.push(action);
      const inner = action === 'DescribeStacks' ? describeStacks() : answers[action]?.();
      response.setHeader('content-type', 'text/xml');
      if (action === 'DescribeStackEvents' && isThrottled()) {
        response
          .writeHead(400)
          .end('<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>');
        return;
      }
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
    recover: () => {
      hasEnded = true;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
