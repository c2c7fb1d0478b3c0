import type { Context } from '../context.ts';
import type { Identity } from '../deployment/identity.ts';
import { reattachCommand, stackDeps } from '../deployment/stack-deps.ts';
import { prepareRemoval, type RemovalWish } from '../deployment/remove-artifacts.ts';
import { UserError } from '../errors.ts';
import { readInventory, type Inventory } from '../inventory/read-inventory.ts';
import { deleteStack, type DeleteRequest } from '../stack/delete.ts';
import { bucketsOf, chooseBuckets, emptyBuckets, type StackBucket } from './buckets.ts';
import { attendAll } from './attend-all.ts';
import { deleteAll, describeOutcome, failureOf, interruptOf } from './delete-all.ts';
import { answerDryRun } from './answer-dry-run.ts';
import { describeContent, measureBuckets } from './forecast.ts';
import { findStacks } from './find-stacks.ts';
import { planDeletions, refuseAll, type PlannedDeletion } from './order.ts';

export interface StacksDeletion {
  /** Names or ARNs. */
  readonly names: readonly string[];
  readonly request: Omit<DeleteRequest, 'emptyBuckets'>;
  /** Buckets to empty, by logical id or name. */
  readonly emptyBuckets: readonly string[];
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** How to find what was published for the stacks, which goes with them; undefined leaves it. */
  readonly artifacts: RemovalWish | undefined;
}

/** Deletes stacks, or says what that would do, and answers. Throws UserError with all that failed when every stack has been tried. */
export async function deleteStacks(wish: StacksDeletion, identity: Identity, context: Context): Promise<void> {
  const deps = await stackDeps(context);
  const { absent, found } = await findStacks(wish.names, deps);
  for (const name of absent) context.reporter.info(`Stack ${name} does not exist; there is nothing to delete`);
  const planned = await planDeletions(found, wish.request, deps);
  if (!wish.dryRun) refuseAll(planned);

  const needed = wish.dryRun || wish.emptyBuckets.length > 0;
  const inventories = needed ? await readInventories(planned, context) : new Map<string, Inventory>();
  const chosen = found.length === 0 ? [] : chooseBuckets(wish.emptyBuckets, [...inventories.values()]);
  if (wish.dryRun) return answerDryRun({ planned, inventories, chosen, absent, artifacts: wish.artifacts }, identity, context);

  await confirm(planned, chosen, wish.yes, context);
  const removeArtifacts = wish.artifacts === undefined ? undefined : await prepareRemoval(found, wish.artifacts, context);
  const shared =
    planned.length > 1
      ? attendAll(
          found.map(({ name }) => name),
          deps,
        )
      : undefined;
  const deleting = deleteAll(
    planned,
    async ({ stack }) => {
      const own = bucketsIn(chosen, inventories.get(stack.id));
      const store = own.length === 0 ? undefined : await context.clients.objects();
      const empty =
        store === undefined ? undefined : (step: Parameters<typeof emptyBuckets>[2]) => emptyBuckets(own, store, step, context.signal);
      // What others import is only free when the importer is gone, whoever waits for the rest.
      const wait = wish.request.wait !== false || planned.some(({ after }) => after.includes(stack.name));
      const work = () => deleteStack(stack, { ...wish.request, wait, emptyBuckets: empty }, shared?.deps ?? deps);
      await (shared?.during(stack.name, work) ?? work());
    },
    shared?.mayBegin,
  );
  const outcome = await deleting.finally(() => shared?.release());
  const isCut = context.signal.aborted;
  const artifacts =
    outcome.deleted.length === 0 || isCut ? undefined : await removeArtifacts?.(outcome.deleted.map(({ stack }) => stack.id));
  const known = { ...identity, absent, ...(artifacts === undefined ? {} : { artifacts }) };
  const interrupt = interruptOf(outcome, known, (name) => reattachCommand(name, identity.region, context.settings));
  if (interrupt !== undefined) throw interrupt;
  if (outcome.failed.length > 0) throw failureOf(outcome, known);
  if (wish.request.wait === false) return answerBegun(outcome.deleted, known, context);
  context.reporter.result({
    data: { ...known, ...describeOutcome(outcome) },
    human: outcome.deleted.map(({ stack }) => `Stack ${stack.name} is deleted.`),
  });
}

/** The answer of a deletion that nobody waits for. */
function answerBegun(begun: readonly PlannedDeletion[], known: Identity & Readonly<Record<string, unknown>>, context: Context): void {
  for (const { stack } of begun) {
    const watch = reattachCommand(stack.name, known.region, context.settings);
    context.reporter.info(`CloudFormation goes on by itself. To see how it ends: ${watch}`);
  }
  const deleting = begun.map(({ stack }) => ({ stackName: stack.name, stackId: stack.id }));
  context.reporter.result({
    data: { ...known, deleted: [], deleting },
    human: begun.map(({ stack }) => `Stack ${stack.name} is being deleted.`),
  });
}

async function readInventories(planned: readonly PlannedDeletion[], context: Context): Promise<Map<string, Inventory>> {
  const deps = await stackDeps(context);
  const read = planned.map(async ({ stack }) => [stack.id, await readInventory(stack.id, deps, { stage: 'processed' })] as const);
  return new Map(await Promise.all(read));
}

/** Those of the chosen buckets that are resources of one stack. */
function bucketsIn(chosen: readonly StackBucket[], inventory: Inventory | undefined): StackBucket[] {
  if (inventory === undefined || chosen.length === 0) return [];
  const own = new Set(bucketsOf(inventory).map(({ bucket }) => bucket));
  return chosen.filter(({ bucket }) => own.has(bucket));
}

/** A person is asked once for all; a pipeline has said what it wants by calling the command. */
async function confirm(planned: readonly PlannedDeletion[], chosen: readonly StackBucket[], yes: boolean, context: Context): Promise<void> {
  for (const { fate, node } of chosen) {
    if (fate === 'retain') context.reporter.warn(`${node.path} has a DeletionPolicy that keeps it: it is emptied and stays`);
  }
  if (planned.length === 0 || yes || !context.prompts.available) return;
  const names = planned.map(({ stack }) => stack.name).join(', ');
  const measured = await measureBuckets(chosen, chosen, context);
  const contents = measured.flatMap(({ content, node }) => {
    if (content === undefined) return [`in ${node.path}`];
    return content.versions === 0 ? [] : [`in ${node.path} (${describeContent(content)})`];
  });
  const first = contents.length === 0 ? '' : ` All that is ${contents.join(' and ')} is lost.`;
  const message = `Delete ${names} with everything in ${planned.length === 1 ? 'it' : 'them'}?${first}`;
  if (await context.prompts.confirm({ message, default: false })) return;
  throw new UserError('DECLINED', `Nothing was deleted`, { hint: '--yes answers the question' });
}
