import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import type { Identity } from '../deployment/identity.ts';
import { stackDeps } from '../deployment/stack-deps.ts';
import type { Answer } from '../output/reporter.ts';
import type { StackDeps } from '../stack/operation.ts';
import type { PlaceWish } from '../records/places.ts';
import { describeForMachines, type Description } from './description.ts';
import { checkDriftDetectable, findDrift } from './drift.ts';
import { findEndpoints } from './find-endpoints.ts';
import { lastDeployment } from './last-deployment.ts';
import { readInventory } from './read-inventory.ts';
import { renderDescription } from './render-description.ts';

export interface DescriptionWish extends PlaceWish {
  readonly drift: boolean;
  /** How long each resource took in the last operation. */
  readonly timeline: boolean;
}

/** Everything that can be told of a stack. Throws UserError STACK_STATE when drift is wanted and the stack's state does not allow it. */
export async function describeStack(stack: Stack, wish: DescriptionWish, identity: Identity, context: Context): Promise<Answer> {
  if (wish.drift) checkDriftDetectable(stack);
  const deps = await stackDeps(context);
  const inventory = await readInventory(stack.id, deps);
  const [endpoints, deployment] = await Promise.all([
    findEndpoints(inventory.roots, identity.region, context),
    lastDeployment(stack, inventory, wish, context),
  ]);
  const drift = wish.drift ? await findDrift(stack.name, inventory, deps) : undefined;
  const description: Description = { ...identity, stack, inventory, endpoints, deployment, drift };
  const waterfall = wish.timeline ? await lastTimeline(stack.id, deps, context) : undefined;
  return {
    data: { ...describeForMachines(description), ...(waterfall === undefined ? {} : { timeline: waterfall.data }) },
    human: [...renderDescription(description, context.clock.now()), ...(waterfall === undefined ? [] : ['', waterfall.text])],
  };
}

/** Which resource took how long when the stack was last worked on. */
async function lastTimeline(stackId: string, deps: StackDeps, context: Context) {
  const [{ readLastOperation }, { buildTimeline }, { timelineData, timelineText }] = await Promise.all([
    import('../stack/last-operation.ts'),
    import('../stack/timeline.ts'),
    import('../report/timeline-answer.ts'),
  ]);
  const timeline = buildTimeline(await readLastOperation(stackId, deps));
  return { data: timelineData(timeline), text: timelineText('Timeline of the last operation', timeline, context.env) };
}
