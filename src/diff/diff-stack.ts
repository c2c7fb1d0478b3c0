import { dirname, resolve } from 'node:path';

import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { chooseTags, givenParameters } from '../deployment/prepare.ts';
import type { TemplateSource } from '../deployment/template-source.ts';
import { describeState, STACK_STATUSES } from '../stack/plan.ts';
import type { Template } from '../template/types.ts';
import { compareLevel, deployedTemplate } from './compare-level.ts';
import { compareSettings, needsOtherChange, type SettingsWish } from './compare-settings.ts';
import { compareTags } from './compare-stack.ts';
import type { CodeWish } from './planned-code.ts';
import { hasNoChanges } from './render.ts';
import type { Changes, Undecided } from './types.ts';

export interface DiffWish extends Omit<CodeWish, 'templateDirectory'> {
  readonly stackName: string;
  readonly templateParameters: Readonly<Record<string, string>> | undefined;
  readonly parametersFile: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly package: string | undefined;
  readonly settings: SettingsWish;
}

export interface StackDiff {
  readonly stackName: string;
  readonly stackId: string | undefined;
  readonly status: string | undefined;
  /** False also for a stack that never came up: a deployment makes it anew. */
  readonly exists: boolean;
  /** True only when everything could be compared and nothing differs. */
  readonly same: boolean;
  readonly changes: Changes;
  readonly undecided: readonly Undecided[];
}

/** Compares what a deployment would send with what is deployed. Changes nothing, here or there. */
export async function diffStack(wish: DiffWish, source: TemplateSource, context: Context): Promise<StackDiff> {
  const { template } = source;
  const [stacks, given] = await Promise.all([context.clients.stacks(), givenParameters(wish, context)]);
  const stack = await stacks.find(wish.stackName, context.signal);
  const current = stack !== undefined && isDeployed(stack) ? stack : undefined;
  tellState(stack, current, context);
  const { findArtifacts } = await import('../template/find-artifacts.ts');
  const { artifacts, warnings } = await findArtifacts(template, {
    templateDirectory: dirname(source.path),
    parameters: given,
    ...(wish.package === undefined ? {} : { packageOverride: resolve(context.projectDirectory, wish.package) }),
  });
  for (const warning of warnings) context.reporter.warn(warning);
  const deployed = current === undefined ? undefined : { stack: current, template: await deployedTemplate(current, context) };
  const level = await compareLevel({ template, artifacts, given, deployed }, { ...wish, templateDirectory: dirname(source.path) }, context);
  for (const name of level.missing) context.reporter.warn(`Parameter ${name} has no value; a deployment needs one`);
  tellUndeclared(template, given, context);
  const changes: Changes = {
    ...level.changes,
    tags: compareTags(current?.tags ?? {}, chooseTags(wish.tags, current?.tags)),
    stack: current === undefined ? [] : compareSettings(current, wish.settings),
  };
  const { undecided } = level;
  if (undecided.length === 0) tellLoneSettings(changes, context);
  return {
    stackName: wish.stackName,
    stackId: stack?.id,
    status: stack?.status,
    exists: current !== undefined,
    same: current !== undefined && undecided.length === 0 && hasNoChanges(changes),
    changes,
    undecided,
  };
}

/** A stack that a deployment would create, or delete and create anew, has nothing to compare with. */
function isDeployed(stack: Stack): boolean {
  const rule = STACK_STATUSES[stack.status]?.deploy;
  return rule !== 'create' && rule !== 'recreate';
}

function tellState(stack: Stack | undefined, current: Stack | undefined, context: Context): void {
  if (stack === undefined) return;
  if (current === undefined) context.reporter.info(`${describeState(stack)}: a deployment creates everything anew`);
  else if (STACK_STATUSES[stack.status]?.deploy !== 'update') {
    context.reporter.warn(`${describeState(stack)}; what is deployed may not be what its template says`);
  }
}

function tellLoneSettings(changes: Changes, { reporter }: Context): void {
  const held = changes.stack.filter(needsOtherChange);
  if (held.length === 0 || !hasNoChanges({ ...changes, stack: [] })) return;
  reporter.warn(`CloudFormation takes another ${held.map(({ name }) => name).join(', ')} only together with another change`);
}

function tellUndeclared(template: Template, given: Readonly<Record<string, string>>, context: Context): void {
  const declared = template.value['Parameters'];
  for (const name of Object.keys(given)) {
    const isDeclared = typeof declared === 'object' && declared !== null && Object.hasOwn(declared, name);
    if (!isDeclared) context.reporter.warn(`The template declares no parameter ${name}; it is left out`);
  }
}
