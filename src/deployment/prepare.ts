import type { Context } from '../context.ts';
import { chooseParameters, requireParameters, type DeclaredParameter } from '../stack/parameters.ts';
import { lookAtStack } from '../stack/look.ts';
import { STACK_MARKER_TAG } from '../stack/marker-tag.ts';
import type { DeployPermissions, ReadyPlan } from '../stack/plan.ts';
import type { Wish } from '../stack/unchanged.ts';
import { resourcesOf, templateParameters } from '../template/read.ts';
import type { JsonValue, Template } from '../template/types.ts';
import { checkPlan } from './check-plan.ts';
import { readParametersFile } from './parameters-file.ts';
import { pollingPauseMs, stackDeps } from './stack-deps.ts';

export interface StackOptions {
  readonly stackName: string;
  readonly templateParameters: Readonly<Record<string, string>> | undefined;
  readonly parametersFile: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly cloudformationRole: string | undefined;
  readonly disableCapabilities: readonly string[] | undefined;
  readonly stackPollingDelay: number | undefined;
  readonly waitForStack: boolean;
  readonly recreate: boolean;
  readonly continueRollback: boolean;
  readonly skipResources: readonly string[] | undefined;
  readonly resume: boolean | undefined;
  readonly terminationProtection: boolean | undefined;
  readonly yes: boolean | undefined;
  readonly preview: boolean | undefined;
}

export interface PreparedStack {
  readonly plan: ReadyPlan;
  /** What is allowed when the stack has to be looked at again. */
  readonly may: DeployPermissions;
  /** What the template has, before any transform. */
  readonly resources: readonly { readonly logicalId: string; readonly type: string }[];
  readonly wish: Omit<Wish, 'templateText' | 'switches'> & { readonly capabilities: readonly string[] };
}

/** Everything that may be acknowledged. */
export const CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'] as const;

/**
 * Looks at the stack and settles everything about it that needs no artefact, before any long work; an operation that runs is
 * waited for. Throws UserError STACK_STATE when its state does not allow a deployment, STACK_PROTECTED, EXPORT_IN_USE, DECLINED,
 * MISSING_OPTION for parameters without a value.
 */
export async function prepareStack(options: StackOptions, template: Template, context: Context): Promise<PreparedStack> {
  const given = await givenParameters(options, context);
  const may = {
    ...options,
    skipResources: options.skipResources ?? [],
    resume: options.resume === true,
    liftProtection: options.terminationProtection === false,
  };
  const deps = await stackDeps(context);
  const plan = await lookAtStack(options.stackName, may, pollingPauseMs(options), deps);
  await checkPlan(plan, template, options.yes === true || options.preview === true, deps, context);

  const declared = templateParameters(template);
  const current = plan.kind === 'update' ? plan.stack : undefined;
  concealSecrets(declared, given, context);
  const choice = chooseParameters(declared, given, current);
  for (const name of choice.undeclared) context.reporter.warn(`The template declares no parameter ${name}; it was left out`);
  const complete = { ...given, ...(await askForMissing(choice.missing, declared, context)) };
  concealSecrets(declared, complete, context);
  requireParameters(chooseParameters(declared, complete, current));
  return {
    plan,
    may,
    resources: resourcesOf(template),
    wish: {
      declared,
      given: complete,
      tags: chooseTags(options.tags, current?.tags),
      roleArn: options.cloudformationRole,
      capabilities: CAPABILITIES.filter((name) => !options.disableCapabilities?.some((other) => other.trim().toUpperCase() === name)),
      hasOutsideInputs: hasOutsideInputs(template),
    },
  };
}

/** AWS's own messages may quote what was given for a NoEcho parameter. */
export function concealSecrets(declared: readonly DeclaredParameter[], given: Readonly<Record<string, string>>, context: Context): void {
  const hidden = declared.filter((parameter) => parameter.noEcho && Object.hasOwn(given, parameter.name));
  context.reporter.conceal(hidden.map((parameter) => given[parameter.name] ?? ''));
}

/** Values from the command line, and below them those of the parameters file. */
export async function givenParameters(
  options: Pick<StackOptions, 'templateParameters' | 'parametersFile'>,
  context: Context,
): Promise<Record<string, string>> {
  const fromFile = options.parametersFile === undefined ? {} : await readParametersFile(options.parametersFile, context.projectDirectory);
  return { ...fromFile, ...options.templateParameters };
}

async function askForMissing(
  missing: readonly string[],
  declared: readonly DeclaredParameter[],
  context: Context,
): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  if (!context.prompts.available) return answers;
  for (const name of missing) {
    const secret = declared.find((parameter) => parameter.name === name)?.noEcho === true;
    const message = `Parameter ${name}`;
    answers[name] = secret ? await context.prompts.secret(message) : await context.prompts.text({ message });
  }
  return answers;
}

/** Given tags replace the stack's; without any, those it has stay. */
export function chooseTags(
  given: Readonly<Record<string, string>> | undefined,
  current: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const tags = { ...(given ?? current) };
  return Object.hasOwn(tags, STACK_MARKER_TAG) ? tags : { ...tags, [STACK_MARKER_TAG]: 'true' };
}

const PLAIN_TRANSFORMS = new Set(['AWS::Serverless-2016-10-31', 'AWS::LanguageExtensions', 'AWS::CodeDeployBlueGreen']);

/** Macros, included files and dynamic references can change what a template means without a change in its text. */
function hasOutsideInputs(template: Template): boolean {
  if (/\{\{resolve:|Fn::Transform|AWS::Include/.test(template.text)) return true;
  const transform: JsonValue | undefined = template.value['Transform'];
  const names = Array.isArray(transform) ? transform : transform === undefined ? [] : [transform];
  return names.some((name) => typeof name !== 'string' || !PLAIN_TRANSFORMS.has(name));
}

/** One clause about the stack, for the line that tells what is going to happen. */
export function describeStackWish(plan: PreparedStack['plan'], stackName: string): string {
  switch (plan.kind) {
    case 'create':
      return plan.reuse === undefined ? `stack ${stackName} does not exist yet` : `stack ${stackName} is empty (${plan.reuse.status})`;
    case 'update':
      return `stack ${stackName} is ${plan.stack.status}${plan.resume ? ` and goes on from there, without rollback${plan.stack.express === true ? ', in express mode' : ''}` : ''}`;
    case 'recreate':
      return `stack ${stackName} never came up (${plan.stack.status}) and is made anew`;
    case 'roll-back':
    case 'continue-rollback':
      return `stack ${stackName} is ${plan.stack.status} and is rolled back first`;
  }
}
