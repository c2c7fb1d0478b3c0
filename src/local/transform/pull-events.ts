/** Events that Lambda fetches: queues, streams and brokers. All of them are an AWS::Lambda::EventSourceMapping. */
import { asDict, type Dict } from '../engine/values.ts';
import type { EventTarget } from './function-events.ts';
import { managedPolicyArn } from './function-role.ts';
import { addResource, passedOn, type SamContext, SamProblem, type SamResource, withoutUndefined } from './sam-context.ts';

/** One entry of a function's `Events`. */
export interface EventSource {
  readonly name: string;
  readonly type: string;
  /** Logical id of the function followed by the event's name. */
  readonly id: string;
  readonly properties: Dict;
  readonly target: EventTarget;
  readonly owner: SamResource;
}

interface PullEvent {
  /** The property that holds the source's ARN. */
  readonly source?: string;
  readonly policy?: string;
}

export const PULL_EVENTS: Readonly<Record<string, PullEvent>> = {
  DocumentDB: { source: 'Cluster' },
  DynamoDB: { source: 'Stream', policy: 'AWSLambdaDynamoDBExecutionRole' },
  Kinesis: { source: 'Stream', policy: 'AWSLambdaKinesisExecutionRole' },
  MQ: { source: 'Broker' },
  MSK: { source: 'Stream', policy: 'AWSLambdaMSKExecutionRole' },
  SelfManagedKafka: {},
  SQS: { source: 'Queue', policy: 'AWSLambdaSQSQueueExecutionRole' },
};

const SOURCES = new Set(['Broker', 'Cluster', 'Queue', 'Stream']);

/** Answers the managed policy that reading the source needs. */
export function addPullEvent(context: SamContext, event: EventSource): string | undefined {
  const { source, policy } = PULL_EVENTS[event.type] ?? {};
  const arn = source === undefined ? undefined : event.properties[source];
  if (source !== undefined && arn === undefined) throw new SamProblem(`Missing required property '${source}'.`);
  const { ConsumerGroupId, KafkaBootstrapServers, DatabaseName, CollectionName, FullDocument, ...rest } = event.properties;
  const passed = Object.entries(rest).filter(([name]) => !SOURCES.has(name) && name !== 'SecretsManagerKmsKeyId');
  const group = ConsumerGroupId === undefined ? undefined : { ConsumerGroupId };
  const documents = withoutUndefined({ DatabaseName, CollectionName, FullDocument });
  addResource(
    context,
    event.id,
    'AWS::Lambda::EventSourceMapping',
    {
      ...Object.fromEntries(passed),
      DestinationConfig: destinationWithoutType(event.properties['DestinationConfig']),
      EventSourceArn: arn,
      FunctionName: event.target.ref,
      SelfManagedEventSource: KafkaBootstrapServers === undefined ? undefined : { Endpoints: { KafkaBootstrapServers } },
      [event.type === 'MSK' ? 'AmazonManagedKafkaEventSourceConfig' : 'SelfManagedKafkaEventSourceConfig']: group,
      DocumentDBEventSourceConfig: Object.keys(documents).length === 0 ? undefined : documents,
    },
    passedOn(event.owner),
  );
  return policy === undefined ? undefined : managedPolicyArn(policy);
}

/** `Type` tells SAM which permission to give; Lambda does not know it. */
function destinationWithoutType(config: unknown): Dict | undefined {
  if (config === undefined) return undefined;
  const { Type: _type, ...onFailure } = asDict(asDict(config)['OnFailure']);
  return { OnFailure: onFailure };
}
