import { randomBytes } from 'node:crypto';

import type { ChangeSetRequest } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { CAPABILITIES, chooseTags, concealSecrets } from '../deployment/prepare.ts';
import { stackDeps } from '../deployment/stack-deps.ts';
import { templateLocator } from '../deployment/template-places.ts';
import type { TemplateSource } from '../deployment/template-source.ts';
import { UserError, type ErrorCode } from '../errors.ts';
import { discardChangeSet } from '../stack/change-set.ts';
import type { StackFinding } from '../stack/findings.ts';
import { removeEmptyStack } from '../stack/leftovers.ts';
import type { StackDeps } from '../stack/operation.ts';
import { chooseParameters } from '../stack/parameters.ts';
import { describeState, planDeployment } from '../stack/plan.ts';
import { makeChangeSet, type ChangeSetSource } from '../stack/preview-stack.ts';
import type { SoundStack } from '../stack/repair.ts';
import { NO_SWITCHES } from '../stack/switches.ts';
import { templateParameters } from '../template/read.ts';
import type { Template } from '../template/types.ts';
import { STAND_IN } from './stand-ins.ts';
import type { Finding } from './types.ts';

export interface ValidationWish {
  /** Without one, the template is looked at as that of a new stack. */
  readonly stackName: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Validated {
  readonly findings: readonly Finding[];
  /** Why CloudFormation makes no change set, when it is nothing that was found. */
  readonly refusal: string | undefined;
  readonly done: boolean;
}

const CANNOT_LOOK: ReadonlySet<ErrorCode> = new Set(['ACCESS_DENIED', 'ENDPOINT_NOT_IMPLEMENTED', 'STACK_BUSY']);

const NOTHING: Validated = { findings: [], refusal: undefined, done: true };

/**
 * Has CloudFormation validate a template as it does before a deployment: with a change set, which is removed again, and so is the empty
 * stack that comes with the first one. What cannot be validated is said as a warning.
 */
export async function validateBeforeDeployment(
  origin: TemplateSource,
  place: ChangeSetRequest['template'],
  wish: ValidationWish,
  context: Context,
): Promise<Validated> {
  const { template } = origin;
  const deps = await stackDeps(context);
  const stackName = wish.stackName ?? `lambda-tool-validation-${randomBytes(4).toString('hex')}`;
  const sound = wish.stackName === undefined ? ({ kind: 'create' } as const) : await findSound(wish.stackName, deps);
  if (typeof sound === 'string') return leftOut(sound, context);
  const current = sound.kind === 'update' ? sound.stack : undefined;
  const declared = templateParameters(template);
  concealSecrets(declared, wish.parameters, context);
  const missing = chooseParameters(declared, wish.parameters, current).missing;
  if (missing.length > 0)
    return leftOut(`${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} no value (--template-parameters)`, context);
  const source: ChangeSetSource = {
    stackName: current?.name ?? stackName,
    template: place,
    declared,
    given: wish.parameters,
    capabilities: CAPABILITIES,
    tags: chooseTags(undefined, current?.tags),
    roleArn: undefined,
    resources: [],
    switches: NO_SWITCHES,
    locate: templateLocator(origin, context),
  };
  return look(source, sound, template, context, deps);
}

async function look(source: ChangeSetSource, sound: SoundStack, template: Template, context: Context, deps: StackDeps): Promise<Validated> {
  // What is found is told as findings here, not as warnings on the way.
  const quiet = { ...deps, reporter: { ...deps.reporter, warn: () => undefined } };
  try {
    const made = await makeChangeSet(sound, source, quiet);
    if (made.kind === 'ready') await discardChangeSet(deps.stacks, made.id);
    if (sound.kind === 'create') await removeEmptyStack(source.stackName, deps);
    if (made.kind === 'unchanged') return NOTHING;
    return { ...NOTHING, findings: made.findings.map((finding) => asFinding(finding, template)) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.message.includes(STAND_IN)) return leftOut('something that CloudFormation reads on the way is not uploaded yet', context);
    // A policy for ValidateTemplate alone, an endpoint without change sets, somebody else's deployment: the rest is as good as before.
    if (CANNOT_LOOK.has(error.code)) return leftOut(error.message, context);
    if (error.code === 'TEMPLATE_INVALID') return { ...NOTHING, refusal: error.message };
    if (error.code !== 'CHANGE_SET_FAILED') throw error;
    const { findings, reasons } = error.result as { readonly findings: readonly StackFinding[]; readonly reasons: readonly string[] };
    const isFound = findings.some(({ severity }) => severity === 'error');
    return {
      done: true,
      refusal: isFound ? undefined : reasons.join('; '),
      findings: findings.map((finding) => asFinding(finding, template)),
    };
  }
}

/** The stack as a change set can be made for it, or why none can. */
async function findSound(stackName: string, deps: StackDeps): Promise<SoundStack | string> {
  const stack = await deps.stacks.find(stackName, deps.signal);
  const may = { waitForStack: true, recreate: true, continueRollback: true, resume: false, skipResources: [] };
  const plan = planDeployment(stack, may);
  if (plan.kind === 'create') return { kind: 'create' };
  return plan.kind === 'update' ? { kind: 'update', stack: plan.stack, resume: plan.resume } : describeState(plan.stack);
}

/** Says that nothing was validated, and why. */
export function leftOut(why: string, { reporter }: Context): Validated {
  reporter.warn(`CloudFormation's pre-deployment validation is left out: ${why}`);
  return { ...NOTHING, done: false };
}

function asFinding(finding: StackFinding, template: Template): Finding {
  const { rule, severity, logicalId, resourceType, message, remedy, path, line, column } = finding;
  const place = path === undefined || line === undefined || column === undefined ? undefined : { path, line, column };
  const subject = logicalId === '' ? '' : `${logicalId}${resourceType === '' ? '' : ` (${resourceType})`}: `;
  return {
    rule: `cloudformation/${rule}`,
    severity,
    message: `${subject}${message}${remedy === undefined ? '' : `; ${remedy[0]?.toLowerCase()}${remedy.slice(1)}`}`,
    ...(place ?? { path: template.path, ...template.positionOf([]) }),
  };
}
