import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { chooseTags, givenParameters } from '../deployment/prepare.ts';
import type { TemplateSource } from '../deployment/template-source.ts';
import { STACK_STATUSES } from '../stack/plan.ts';
import { pathText } from '../template/rewrite.ts';
import type { Template } from '../template/types.ts';
import { compareParameters, compareTags } from './compare-stack.ts';
import { compareTemplates } from './compare-templates.ts';
import { planCode, type CodeWish } from './planned-code.ts';
import { hasNoChanges } from './render.ts';
import type { Changes, Undecided } from './types.ts';

export interface DiffWish extends CodeWish {
  readonly stackName: string;
  readonly templateParameters: Readonly<Record<string, string>> | undefined;
  readonly parametersFile: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
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
  const deployed = current === undefined ? undefined : await deployedTemplate(current, context);
  const plan = await planCode(wish, source, deployed?.value, context);
  const parameters = compareParameters({ deployed, stack: current, template, given });
  for (const name of parameters.missing) context.reporter.warn(`Parameter ${name} has no value; a deployment needs one`);
  tellUndeclared(template, given, context);
  const tags = chooseTags(wish.tags, current?.tags);
  const changes: Changes = {
    ...compareTemplates(deployed?.value, plan.value, (path) => noteFor(plan.notes, pathText(path))),
    parameters: parameters.changes,
    tags: compareTags(current?.tags ?? {}, tags),
  };
  const undecided = [...plan.undecided, ...parameters.undecided];
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
  const rule = STACK_STATUSES[stack.status];
  const state = `Stack ${stack.name} ${rule?.meaning ?? 'is in a state that this version does not know'} (${stack.status})`;
  if (current === undefined) context.reporter.info(`${state}: a deployment creates everything anew`);
  else if (rule?.deploy !== 'update') context.reporter.warn(`${state}; what is deployed may not be what its template says`);
}

async function deployedTemplate(stack: Stack, context: Context): Promise<Template> {
  const text = await (await context.clients.stacks()).template(stack.id, context.signal);
  if (text === undefined) {
    throw new UserError('ENDPOINT_NOT_IMPLEMENTED', `The endpoint does not tell the template of stack ${stack.name}`, {
      hint: 'Without it there is nothing to compare with',
    });
  }
  const { parseTemplate } = await import('../template/parse.ts');
  return parseTemplate(text, `deployed template of ${stack.name}`);
}

/** The remark on a place, or on the map of bucket and key that it is a part of. */
function noteFor(notes: ReadonlyMap<string, string>, path: string): string | undefined {
  return notes.get(path) ?? notes.get(path.slice(0, Math.max(0, path.lastIndexOf('.'))));
}

function tellUndeclared(template: Template, given: Readonly<Record<string, string>>, context: Context): void {
  const declared = template.value['Parameters'];
  for (const name of Object.keys(given)) {
    const isDeclared = typeof declared === 'object' && declared !== null && Object.hasOwn(declared, name);
    if (!isDeclared) context.reporter.warn(`The template declares no parameter ${name}; it is left out`);
  }
}
