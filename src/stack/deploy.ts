import type { Stack } from '../clients/cloudformation.ts';
import type { Locate } from '../template/locate.ts';
import type { PlaceOf } from './explain-failure.ts';
import type { StackFinding } from './findings.ts';
import type { StackDeps } from './operation.ts';
import { retryOvertaken } from './overtaken.ts';
import type { DeployPermissions, ReadyPlan } from './plan.ts';
import type { Preview } from './preview.ts';
import { isAlreadyDeployed, type Wish } from './unchanged.ts';

export interface DeployRequest extends Wish {
  readonly stackName: string;
  readonly plan: ReadyPlan;
  /** What is allowed on the way, should the stack have to be looked at again. */
  readonly may: DeployPermissions;
  /** What the change set is made from: the text itself, or a URL when it is too long for a request. */
  readonly template: { readonly body: string } | { readonly url: string };
  readonly capabilities: readonly string[];
  /** What the template has, before any transform. */
  readonly resources: readonly { readonly logicalId: string; readonly type: string }[];
  /** False: answer as soon as the operation has begun. */
  readonly wait: boolean;
  readonly longestPauseMs: number | undefined;
  readonly placeOf: PlaceOf;
  /** The same for values as CloudFormation points at them. */
  readonly locate?: Locate | undefined;
  /**
   * The template has worked for this stack before. In a failed state it is deployed without a change set then, because a change set may
   * speak of replacements that the failed update never came to.
   */
  readonly knownGood?: boolean | undefined;
  /** For the description of the change set. */
  readonly note?: string | undefined;
  /** Shown what would be done before it is done; false leaves everything as it is. */
  readonly approve?: ((preview: Preview) => Promise<boolean>) | undefined;
  /** Told as soon as CloudFormation has begun. */
  readonly onBegin?: ((stackId: string) => void) | undefined;
}

export type DeployAction = 'created' | 'updated' | 'recreated' | 'unchanged' | 'declined';

export interface DeployOutcome {
  readonly action: DeployAction;
  /** Undefined when nothing is there: a creation was declined. */
  readonly stack: Stack | undefined;
  /** False when nobody waited for the end (`--stack-wait false`). */
  readonly finished: boolean;
  /** Resources that only the local target's records hold, by type. */
  readonly recordedOnly: readonly string[];
  /** Further remarks of the endpoint about what came up. */
  readonly remarks: readonly string[];
  /** What CloudFormation's pre-deployment validation warned of. */
  readonly findings?: readonly StackFinding[] | undefined;
  /** Resources go on becoming ready (express mode). */
  readonly stabilising?: boolean | undefined;
}

/**
 * Brings the stack to the wished state. When another operation comes first it is waited for, and then everything is decided once
 * more, as often as that happens. Throws UserError CHANGE_SET_FAILED, STACK_FAILED, STACK_BUSY, STACK_STATE, INTERRUPTED.
 */
export function deployStack(request: DeployRequest, deps: StackDeps): Promise<DeployOutcome> {
  return retryOvertaken(request, deps, (plan, begin) => {
    const onBegin = (stackId: string): void => {
      begin();
      request.onBegin?.(stackId);
    };
    return deployOnce({ ...request, plan, onBegin }, deps);
  });
}

async function deployOnce(request: DeployRequest, deps: StackDeps): Promise<DeployOutcome> {
  const { plan, approve, stackName } = request;
  if (plan.kind === 'recreate' && approve !== undefined) {
    // There is no change set to show as long as the old stack is there, and it must not go before the answer.
    const { previewFromTemplate } = await import('./preview.ts');
    const agreed = await approve(previewFromTemplate(stackName, request.resources));
    return agreed ? deployOnce({ ...request, approve: undefined }, deps) : settled('declined', plan.stack);
  }
  if (plan.kind === 'update' && (await isAlreadyDeployed(deps.stacks, plan.stack, request, deps.signal)))
    return settled('unchanged', plan.stack);
  // An unchanged stack needs none of it.
  const { applyChanges } = await import('./apply.ts');
  return applyChanges(request, deps);
}

/** An outcome without an operation. */
export function settled(action: DeployAction, stack: Stack | undefined): DeployOutcome {
  return { action, stack, finished: true, recordedOnly: [], remarks: [] };
}
