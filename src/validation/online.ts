import { dirname } from 'node:path';

import type { Artifact } from '../artifacts/types.ts';
import type { TemplateCheck } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { announce } from '../deployment/identity.ts';
import { placeTemplate, type TemplateBodyWish } from '../deployment/template-body.ts';
import type { TemplateSource } from '../deployment/template-source.ts';
import { UserError, messageOf } from '../errors.ts';
import { placeInTemplate } from '../template/locate.ts';
import type { Template } from '../template/types.ts';
import { leftOut, validateBeforeDeployment } from './pre-deployment.ts';
import { withStandIns } from './stand-ins.ts';
import type { Finding } from './types.ts';

export interface OnlineWish extends TemplateBodyWish {
  readonly stackName: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface OnlineAnswer extends TemplateCheck {
  /** Whether CloudFormation's pre-deployment validation has looked at it; a warning says why when it has not. */
  readonly preDeploymentValidation: boolean;
}

/**
 * Asks CloudFormation: ValidateTemplate, and then a change set that is removed again, for its pre-deployment validation. A template that is
 * too large for a request goes through the bucket. Its refusals are findings; everything else that can go wrong (credentials, rights,
 * bucket) is thrown.
 */
export async function checkOnline(
  source: TemplateSource,
  wish: OnlineWish,
  context: Context,
): Promise<{ readonly findings: readonly Finding[]; readonly answer: OnlineAnswer | undefined }> {
  const { template } = source;
  const { account, region } = await announce(context);
  const artifacts = await artifactsOf(source, wish.parameters);
  const text = await withStandIns(template, artifacts ?? [], { bucket: wish.s3Bucket, account, region });
  const place = await placeTemplate(text, wish, context, undefined);
  const stacks = await context.clients.stacks();
  let check: TemplateCheck;
  try {
    check = await stacks.validateTemplate(place, context.signal);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'TEMPLATE_INVALID') throw error;
    return { findings: [refusalOf(template, messageOf(error.cause ?? error))], answer: undefined };
  }
  const validated =
    artifacts === undefined
      ? leftOut('what the template refers to on this machine comes first', context)
      : await validateBeforeDeployment(source, place, wish, context);
  const findings = validated.refusal === undefined ? validated.findings : [...validated.findings, refusalOf(template, validated.refusal)];
  return { findings, answer: { ...check, preDeploymentValidation: validated.done } };
}

/** Undefined where something is missing or wrong: the offline rules tell it. */
async function artifactsOf(
  { template, path }: TemplateSource,
  parameters: OnlineWish['parameters'],
): Promise<readonly Artifact[] | undefined> {
  const { findArtifacts } = await import('../template/find-artifacts.ts');
  try {
    return (await findArtifacts(template, { templateDirectory: dirname(path), parameters })).artifacts;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** CloudFormation says no lines, but often the path: `[/Resources/Fn/Properties]`. */
function refusalOf(template: Template, message: string): Finding {
  const pointer = /\[(\/[^\]\s]+)\]/.exec(message)?.[1];
  const place = pointer === undefined ? undefined : placeInTemplate(template, '', pointer);
  return { rule: 'cloudformation', severity: 'error', message, ...(place ?? { path: template.path, ...template.positionOf([]) }) };
}
