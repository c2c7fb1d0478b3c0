/** CloudFormation of the local target: the query API in front of the engine. */
import { createEngine, type Engine } from '../engine/engine.ts';
import { createQueryService } from '../protocol/query-xml.ts';
import type { LocalAws, ResourceProvider, Service } from '../types.ts';
import { customResources } from './custom-resources.ts';
import type { AnswerDesk } from './custom-resources/answers.ts';
import { changeSetOperations } from './cloudformation-change-sets.ts';
import { describeOperations } from './cloudformation-describe.ts';
import { driftOperations } from './cloudformation-drift.ts';
import { objectTextReader, type OperationContext } from './cloudformation-input.ts';
import { stackOperations } from './cloudformation-stacks.ts';
import { templateOperations } from './cloudformation-templates.ts';

export interface CloudFormationDeps {
  readonly aws: LocalAws;
  /** Types without one are recorded only. */
  readonly providers: readonly ResourceProvider[];
  /** Where functions behind custom resources answer; without it custom resources are recorded only. */
  readonly desk?: AnswerDesk | undefined;
}

export interface CloudFormation extends Service {
  readonly engine: Engine;
  /** Brings operations to an end that were running when the process before this one stopped. */
  recover(): Promise<void>;
  /** Ends running operations where they are; the next `recover` sees to the rest. */
  close(): Promise<void>;
}

/** Reads the stacks in the store; nothing runs before `recover` or a request. */
export function createCloudFormation({ aws, desk, providers }: CloudFormationDeps): CloudFormation {
  const engine = createEngine({
    store: aws.store,
    providers,
    readText: objectTextReader(aws.objects, aws.endpoint),
    log: (message) => aws.log(message),
    ...(desk === undefined ? {} : { custom: customResources({ desk, functions: aws.functions }) }),
  });
  const context: OperationContext = { engine, toLocal: (text) => aws.urls.toLocal(text) };
  const service = createQueryService({
    name: 'cloudformation',
    namespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
    operations: {
      ...stackOperations(context),
      ...changeSetOperations(context),
      ...describeOperations(context),
      ...driftOperations(context),
      ...templateOperations(context),
    },
  });
  return { ...service, engine, recover: () => engine.recover(), close: () => engine.close() };
}
