import type { ChangeSet } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';
import { plural } from '../output/format.ts';
import { changeSetName, discardChangeSet, prepareChangeSet, type PreparedChangeSet } from './change-set.ts';
import type { DeployRequest } from './deploy.ts';
import { PREPARED, removeEmptyStack, tidyUp } from './leftovers.ts';
import type { StackDeps } from './operation.ts';
import { retryOvertaken } from './overtaken.ts';
import { chooseParameters, type DeclaredParameter } from './parameters.ts';
import { describeState, sayDeployment } from './plan.ts';
import { previewFromTemplate, readChanges, type PlacedChange, type Preview } from './preview.ts';
import type { SoundStack } from './repair.ts';
import { mindReplacements } from './replacements.ts';
import { readPolicy } from './stack-policy.ts';
import { changeSetSwitches, type StackSwitches } from './switches.ts';
import { isAlreadyDeployed } from './unchanged.ts';

const NESTED_STACKS: ReadonlySet<string> = new Set(['AWS::CloudFormation::Stack', 'AWS::Serverless::Application']);

export interface ChangeSetWish {
  /** Ask for property values, and for the changes of nested stacks. */
  readonly values?: boolean;
  /** The change set is meant to stay. */
  readonly keep?: boolean;
}

/** What a change set is made from. */
export type ChangeSetSource = Pick<
  DeployRequest,
  | 'stackName'
  | 'template'
  | 'declared'
  | 'given'
  | 'capabilities'
  | 'tags'
  | 'roleArn'
  | 'resources'
  | 'switches'
  | 'locate'
  | 'knownGood'
  | 'note'
>;

/** Has the change set of a deployment made. Throws UserError CHANGE_SET_FAILED, STACK_STATE; then nothing of it stays behind. */
export async function makeChangeSet(
  sound: SoundStack,
  request: ChangeSetSource,
  deps: StackDeps,
  wish: ChangeSetWish = {},
): Promise<PreparedChangeSet> {
  const current = sound.kind === 'update' ? sound.stack : undefined;
  const makeWith = (switches: StackSwitches, includeNestedStacks: boolean): Promise<PreparedChangeSet> =>
    prepareChangeSet(
      {
        stackName: request.stackName,
        changeSetName: changeSetName(deps.clock.now()),
        type: current === undefined ? 'CREATE' : 'UPDATE',
        template: request.template,
        parameters: chooseParameters(request.declared, request.given, current).parameters,
        capabilities: request.capabilities,
        tags: request.tags,
        roleArn: request.roleArn,
        description: describeChangeSet(wish, request.note),
        includeNestedStacks,
        ...changeSetSwitches(switches, sound),
      },
      deps,
      { values: wish.values, locate: request.locate },
    );
  const nested = wish.values === true && request.resources.some(({ type }) => NESTED_STACKS.has(type));
  const make = (switches: StackSwitches): Promise<PreparedChangeSet> =>
    nested ? withOrWithoutNested((within) => makeWith(switches, within), deps) : makeWith(switches, false);
  try {
    const made = await make(request.switches);
    return request.knownGood === true ? made : await mindReplacements(made, sound, request.switches, make, deps);
  } catch (error) {
    if (current === undefined) await removeEmptyStack(request.stackName, deps);
    throw error;
  }
}

function describeChangeSet({ keep }: ChangeSetWish, note: string | undefined): string | undefined {
  const parts = [...(keep === true ? [PREPARED] : []), ...(note === undefined ? [] : [note])];
  return parts.length === 0 ? undefined : parts.join('. ');
}

/** CloudFormation cannot look into every nested stack (one whose parameters another one decides, for example): then the rest is shown. */
async function withOrWithoutNested(make: (nested: boolean) => Promise<PreparedChangeSet>, deps: StackDeps): Promise<PreparedChangeSet> {
  try {
    return await make(true);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'CHANGE_SET_FAILED' || error.details.length > 0) throw error;
    deps.reporter.warn(`The changes of nested stacks cannot be shown: ${error.message}`);
    return make(false);
  }
}

type ReadyChangeSet = Extract<PreparedChangeSet, { kind: 'ready' }>;

/** What a change set would do, with that of nested stacks and what the stack policy says of it. */
export async function previewOf(
  sound: SoundStack,
  prepared: ReadyChangeSet,
  request: Pick<DeployRequest, 'stackName' | 'plan' | 'declared' | 'given'>,
  deps: StackDeps,
): Promise<Preview> {
  const operation = sound.kind === 'update' ? 'update' : request.plan.kind === 'recreate' ? 'recreate' : 'create';
  const placed = await collectChanges(prepared.changeSet, [], deps);
  const policy = sound.kind === 'update' ? await readPolicy(sound.stack, deps) : undefined;
  const { stackName } = request;
  const shown = withoutSecrets(placed, request.declared, request.given);
  return {
    stackName,
    stackId: prepared.stackId,
    changeSet: prepared.changeSet.name,
    operation,
    changes: readChanges(shown, operation, policy),
    findings: prepared.findings,
  };
}

/** The changes of a change set, each nested stack's after the nested stack itself. */
export async function collectChanges(
  changeSet: ChangeSet,
  parents: readonly string[],
  deps: Pick<StackDeps, 'stacks' | 'signal'>,
): Promise<PlacedChange[]> {
  const placed: PlacedChange[] = [];
  for (const change of changeSet.changes) {
    placed.push({ parents, change });
    if (change.nestedChangeSetId === undefined) continue;
    const nested = await deps.stacks.changeSet({ id: change.nestedChangeSetId, values: true }, deps.signal);
    placed.push(...(await collectChanges(nested, [...parents, change.logicalId], deps)));
  }
  return placed;
}

/** Shorter values are parts of other words. */
const SHORTEST_SECRET = 4;

/** CloudFormation masks NoEcho values where it knows them as such; what was given for one is not shown anywhere else either. */
function withoutSecrets(
  placed: readonly PlacedChange[],
  declared: readonly DeclaredParameter[],
  given: Readonly<Record<string, string>>,
): readonly PlacedChange[] {
  const secrets = declared.flatMap(({ name, noEcho }) => (noEcho && Object.hasOwn(given, name) ? [given[name] ?? ''] : []));
  const known = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  if (known.length === 0) return placed;
  const mask = (value: unknown): unknown =>
    typeof value === 'string' ? known.reduce((text, secret) => text.replaceAll(secret, '****'), value) : value;
  return JSON.parse(JSON.stringify(placed, (_, value: unknown) => mask(value))) as readonly PlacedChange[];
}

/** The answer of a preview: nothing to change, or what would be done and whether the change set was kept. */
export type PreviewOutcome =
  | { readonly kind: 'unchanged'; readonly stackId: string }
  | { readonly kind: 'changes'; readonly preview: Preview };

/**
 * Makes the change set of a deployment and tells what it would do; it is removed again, and the stack that was only made for it,
 * unless it is to be kept. Throws UserError STACK_STATE for a stack that first has to be repaired.
 */
export function previewStack(request: DeployRequest, keep: boolean, deps: StackDeps): Promise<PreviewOutcome> {
  return retryOvertaken(request, deps, (plan) => previewOnce({ ...request, plan }, keep, deps));
}

async function previewOnce(request: DeployRequest, keep: boolean, deps: StackDeps): Promise<PreviewOutcome> {
  if (request.plan.kind === 'recreate' && !keep) {
    deps.reporter.info(`${sayDeployment(request.plan.stack, 'recreate')}. What follows is told from the template`);
    return { kind: 'changes', preview: previewFromTemplate(request.stackName, request.resources) };
  }
  const sound = soundOrRefuse(request, keep);
  if (sound.kind === 'update' && (await isAlreadyDeployed(deps.stacks, sound.stack, request, deps.signal))) {
    return { kind: 'unchanged', stackId: sound.stack.id };
  }
  return deps.reporter.step({ kind: 'stack', name: request.stackName }, async (step) => {
    const prepared = await makeChangeSet(sound, request, deps, { values: true, keep });
    if (prepared.kind === 'unchanged') {
      step.summary('nothing to change');
      if (sound.kind === 'create') await removeEmptyStack(request.stackName, deps);
      return { kind: 'unchanged', stackId: prepared.stackId };
    }
    let isShown = false;
    try {
      const preview = await previewOf(sound, prepared, request, deps);
      isShown = true;
      step.summary(plural(preview.changes.length, 'change'));
      return { kind: 'changes', preview: keep ? preview : { ...preview, changeSet: undefined } };
    } finally {
      if (!keep || !isShown) await remove(sound, prepared.id, request.stackName, deps);
    }
  });
}

async function remove(sound: SoundStack, changeSetId: string, stackName: string, deps: StackDeps): Promise<void> {
  await discardChangeSet(deps.stacks, changeSetId);
  if (sound.kind === 'create') await removeEmptyStack(stackName, deps);
  else await tidyUp(sound.stack.id, deps);
}

/** CloudFormation makes no change set for a stack in a failed state, and looking must not change that state. */
function soundOrRefuse({ plan }: DeployRequest, keep: boolean): SoundStack {
  if (plan.kind === 'create') return { kind: 'create' };
  if (plan.kind === 'update') return { kind: 'update', stack: plan.stack, resume: plan.resume };
  throw new UserError('STACK_STATE', `${describeState(plan.stack)}; CloudFormation makes no change set for it`, {
    hint: `Deploy without ${keep ? '--prepare' : '--preview'}: the stack is repaired first`,
    result: { stackName: plan.stack.name },
  });
}
