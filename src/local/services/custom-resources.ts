/**
 * Custom resources whose ServiceToken is a function: it is called with the documented request, and what it puts to the
 * request's ResponseURL is the resource. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineOptions } from '../engine/engine.ts';
import { CustomResourceFailure, TemplateFailure } from '../engine/failure.ts';
import { physicalName } from '../engine/names.ts';
import { asDict, type Dict, isDict, isTrue, scalarText } from '../engine/values.ts';
import type { FunctionInvoker, ResourceContext, ResourceOutcome, ResourceProvider } from '../types.ts';
import type { AnswerDesk, CustomAnswer } from './custom-resources/answers.ts';

export interface CustomResourceDeps {
  readonly functions: FunctionInvoker;
  readonly desk: AnswerDesk;
}

const DEFAULT_TIMEOUT_SECONDS = 3600;
/** How long an answer may still be on its way when the function has ended with an error. */
const GRACE_MS = 500;

/** For the engine. Custom resources behind which there is no function (but an SNS topic) are only recorded. */
export function customResources(deps: CustomResourceDeps): NonNullable<EngineOptions['custom']> {
  return {
    runs: (properties) => /^arn:[^:]+:lambda:/.test(scalarText(properties['ServiceToken']) ?? ''),
    provider: (type) => customResourceProvider(type, deps),
  };
}

function customResourceProvider(type: string, deps: CustomResourceDeps): ResourceProvider {
  return {
    type,
    createOnlyProperties: ['ServiceToken'],
    async create(properties, context) {
      const fallback = physicalName(context.stackName, context.logicalId);
      return outcome(await ask(deps, type, 'Create', properties, context), fallback);
    },
    async update(current, properties, context) {
      const more = { PhysicalResourceId: current.physicalId, OldResourceProperties: asText(current.properties) };
      return outcome(await ask(deps, type, 'Update', properties, context, more), current.physicalId);
    },
    async delete(current, context) {
      await ask(deps, type, 'Delete', current.properties, context, { PhysicalResourceId: current.physicalId });
    },
  };
}

function outcome(answer: Dict, fallback: string): ResourceOutcome {
  const attributes = asDict(answer['Data']);
  return { physicalId: scalarText(answer['PhysicalResourceId']) ?? fallback, attributes, noEcho: isTrue(answer['NoEcho']) };
}

/** CloudFormation hands on all scalars as text. */
function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (isDict(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asText(member)]));
  return scalarText(value) ?? value;
}

async function ask(
  { desk, functions }: CustomResourceDeps,
  type: string,
  requestType: 'Create' | 'Update' | 'Delete',
  properties: Dict,
  context: ResourceContext,
  more: Dict = {},
): Promise<Dict> {
  const pending = desk.expect();
  const requestId = randomUUID();
  const request = {
    RequestType: requestType,
    ServiceToken: properties['ServiceToken'],
    ResponseURL: pending.url,
    StackId: context.stackId,
    RequestId: requestId,
    LogicalResourceId: context.logicalId,
    ResourceType: type,
    ResourceProperties: asText(properties),
    ...more,
  };
  const done = new AbortController();
  const signal = AbortSignal.any([context.signal, done.signal]);
  try {
    const answers = [pending.received, invoke(functions, request, requestId, signal), timeout(properties, requestId, signal)];
    return checked(await Promise.race(answers), requestId);
  } finally {
    done.abort();
    pending.forget();
  }
}

/** Settles only when the function could not be called or failed: then no answer will come. */
async function invoke(functions: FunctionInvoker, request: Dict, requestId: string, signal: AbortSignal): Promise<CustomAnswer> {
  const token = scalarText(request['ServiceToken']) ?? '';
  let result;
  try {
    result = await functions.invoke(token, Buffer.from(JSON.stringify(request)));
  } catch (error) {
    throw new TemplateFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (result.functionError === undefined) return await new Promise(() => {});
  await sleep(GRACE_MS, undefined, { signal });
  return { problem: `${noAnswer(requestId)} The function ended with ${result.payload.toString('utf8').slice(0, 500)}` };
}

async function timeout(properties: Dict, requestId: string, signal: AbortSignal): Promise<CustomAnswer> {
  const seconds = Number(scalarText(properties['ServiceTimeout']) ?? DEFAULT_TIMEOUT_SECONDS);
  await sleep(Math.min(Math.max(seconds, 1), DEFAULT_TIMEOUT_SECONDS) * 1000, undefined, { signal, ref: false });
  return { problem: noAnswer(requestId) };
}

function noAnswer(requestId: string): string {
  return `CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [${requestId}].`;
}

function checked(received: CustomAnswer, requestId: string): Dict {
  if ('problem' in received) throw new TemplateFailure(received.problem);
  const { answer } = received;
  if (answer['Status'] === 'SUCCESS') return answer;
  const physicalId = scalarText(answer['PhysicalResourceId']);
  if (answer['Status'] !== 'FAILED')
    throw new CustomResourceFailure('Invalid Response object: Value of Status must be SUCCESS or FAILED.', physicalId);
  const reason = scalarText(answer['Reason']) ?? '';
  throw new CustomResourceFailure(
    `Received response status [FAILED] from custom resource. Message returned: ${reason} (RequestId: ${requestId})`,
    physicalId,
  );
}
