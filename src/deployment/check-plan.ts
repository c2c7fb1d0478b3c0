import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { plural } from '../output/format.ts';
import { refuseWhenImported, removedExports, type DeclaredOutput } from '../stack/exports.ts';
import type { StackDeps } from '../stack/operation.ts';
import { describeState, type ReadyPlan } from '../stack/plan.ts';
import { isMap, member } from '../template/value.ts';
import type { Template } from '../template/types.ts';

/**
 * What is said before it bites: exported values that other stacks import and that the template no longer has, and resources that
 * go when a stack is made anew. Throws UserError EXPORT_IN_USE or DECLINED.
 */
export async function checkPlan(plan: ReadyPlan, template: Template, yes: boolean, deps: StackDeps, context: Context): Promise<void> {
  if (plan.kind === 'update') return refuseWhenImported(plan.stack, removedExports(plan.stack, declaredOutputs(template)), deps);
  if (plan.kind === 'recreate' && !yes && context.prompts.available) await askToRecreate(plan.stack, deps, context);
}

async function askToRecreate(stack: Stack, { stacks, signal }: StackDeps, { prompts }: Context): Promise<void> {
  const resources = await stacks.resources(stack.id, signal);
  const held = resources.filter(({ physicalId, status }) => physicalId !== '' && status !== 'DELETE_COMPLETE');
  if (held.length === 0) return;
  const names = held.slice(0, 5).map(({ logicalId }) => logicalId);
  const named = `${names.join(', ')}${held.length > names.length ? ', …' : ''}`;
  const message = `${describeState(stack)} and still holds ${plural(held.length, 'resource')} (${named}). Delete it and create it anew?`;
  if (await prompts.confirm({ message, default: false })) return;
  throw new UserError('DECLINED', `Nothing was changed: stack ${stack.name} was not to be deleted`, { hint: '--yes answers the question' });
}

/** Outputs with the names of their exports; loops and macros may make further ones, whose exports nobody knows here. */
function declaredOutputs(template: Template): DeclaredOutput[] {
  const outputs = member(template.value, 'Outputs');
  const entries = isMap(outputs) ? Object.entries(outputs) : [];
  return entries.map(([name, body]) => {
    if (name.startsWith('Fn::')) return { name, exportName: 'unknown' };
    const exported = isMap(body) ? member(body, 'Export') : undefined;
    const exportName = exported === undefined ? undefined : member(exported, 'Name');
    if (exported === undefined) return { name, exportName: undefined };
    return { name, exportName: typeof exportName === 'string' ? { text: exportName } : 'unknown' };
  });
}
