/** The `Events` of a function: each becomes what connects its source with the function. */
import { asDict, type Dict, scalarText } from '../engine/values.ts';
import { addHttpApiEvent, addRestApiEvent } from './api-events.ts';
import { type EventSource, PULL_EVENTS, addPullEvent } from './pull-events.ts';
import { addPushEvent, PUSH_EVENTS } from './push-events.ts';
import { type SamContext, SamProblem, type SamResource, warn } from './sam-context.ts';

/** How an event source refers to the function, or to its alias. */
export interface EventTarget {
  readonly ref: Dict;
  readonly arn: Dict;
  /** The ARN inside the text of a Fn::Sub. */
  readonly arnInText: string;
}

/** Adds the resources of all events. Answers the managed policies that the function's role needs for them. Throws SamProblem. */
export function addFunctionEvents(
  context: SamContext,
  resource: SamResource,
  target: EventTarget,
): { readonly managedPolicies: readonly string[] } {
  const policies = new Set<string>();
  for (const [name, definition] of Object.entries(asDict(resource.properties['Events']))) {
    const type = scalarText(asDict(definition)['Type']) ?? '';
    const event: EventSource = {
      name,
      type,
      id: resource.id + name,
      properties: asDict(asDict(definition)['Properties']),
      target,
      owner: resource,
    };
    try {
      const policy = addEvent(context, event);
      if (policy !== undefined) policies.add(policy);
    } catch (error) {
      if (error instanceof SamProblem) throw new SamProblem(`Event with id [${name}] is invalid. ${error.message}`, { cause: error });
      throw error;
    }
  }
  return { managedPolicies: [...policies] };
}

function addEvent(context: SamContext, event: EventSource): string | undefined {
  if (Object.hasOwn(PULL_EVENTS, event.type)) return addPullEvent(context, event);
  if (event.type === 'Api') addRestApiEvent(context, event);
  else if (event.type === 'HttpApi') addHttpApiEvent(context, event);
  else if (Object.hasOwn(PUSH_EVENTS, event.type)) addPushEvent(context, event);
  else warn(context, event.owner.id, `the event ${event.name} of type ${event.type}`);
  return undefined;
}
