import type { Context } from '../context.ts';
import { messageOf } from '../errors.ts';
import type { DeployOutcome, DeployRequest } from '../stack/deploy.ts';
import type { StackDeps } from '../stack/operation.ts';
import type { Preview } from '../stack/preview.ts';
import { CAPABILITIES } from './prepare.ts';
import { copyTo, findPlace, type RecordedRun, type RecordWish } from './record.ts';

/** Writes down a change set that waits to be executed, so that nobody takes what it refers to for unused. */
export async function recordPrepared(
  request: DeployRequest,
  run: RecordedRun,
  { stackId, changeSet, operation }: Preview,
  deps: StackDeps,
  context: Context,
): Promise<void> {
  if (changeSet === undefined || stackId === undefined) return;
  await orWarn(context, async () => {
    const [place, stack, { writeRecord }] = await Promise.all([
      findPlace(run, context),
      deps.stacks.find(stackId, deps.signal),
      import('../records/write.ts'),
    ]);
    if (place === undefined || stack === undefined) return;
    const template = copyTo(place, stack, request, run, context);
    const action = operation === 'update' ? 'updated' : 'created';
    await writeRecord({ ...request, ...run, place, stack, action, outcome: 'prepared', changeSet, template }, context);
  });
}

/** Writes down a deployment by a change set that was prepared before; what it was is read from the stack. */
export async function recordExecuted(outcome: DeployOutcome, wish: RecordWish, deps: StackDeps, context: Context): Promise<void> {
  const { stack, action } = outcome;
  if (stack === undefined || action === 'unchanged' || action === 'declined') return;
  await orWarn(context, async () => {
    const [{ findPlaces, lookAtDeployed }, { copyTemplate, writeRecord }, { parseTemplate }, { templateParameters }] = await Promise.all([
      import('../records/places.ts'),
      import('../records/write.ts'),
      import('../template/parse.ts'),
      import('../template/read.ts'),
    ]);
    const { text, references } = await lookAtDeployed(stack.id, context);
    const [place] = await findPlaces(wish, references, context, stack);
    if (text === undefined || place === undefined) return;
    const declared = templateParameters(await parseTemplate(text, 'template'));
    const secrets = Object.fromEntries(declared.filter(({ noEcho }) => noEcho).map(({ name }) => [name, '']));
    const facts = {
      place,
      stack,
      action,
      outcome: outcome.finished ? ('succeeded' as const) : ('started' as const),
      templateText: text,
      template: copyTemplate(place, stack, text, context),
      declared,
      // Whether the change set brought new values for them is not known.
      given: secrets,
      tags: stack.tags,
      // Those of a change set are not told afterwards.
      capabilities: CAPABILITIES,
      roleArn: stack.roleArn,
      published: [],
    };
    await writeRecord(facts, context);
  });
}

async function orWarn(context: Context, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.signal.throwIfAborted();
    context.reporter.warn(`The deployment is not recorded: ${messageOf(error)}`);
  }
}
