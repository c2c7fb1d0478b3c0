import type { TemplateCheck } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { announce } from '../deployment/identity.ts';
import { placeTemplate, type TemplateBodyWish } from '../deployment/template-body.ts';
import { UserError, messageOf } from '../errors.ts';
import type { Template } from '../template/types.ts';
import type { Finding } from './types.ts';

/**
 * Asks CloudFormation (ValidateTemplate); a template that is too large for a request goes through the bucket. Its refusal is a finding; everything
 * else that can go wrong (credentials, rights, bucket) is thrown.
 */
export async function checkOnline(
  template: Template,
  wish: TemplateBodyWish,
  context: Context,
): Promise<{ readonly findings: readonly Finding[]; readonly answer: TemplateCheck | undefined }> {
  await announce(context);
  const text = template.format === 'yaml' ? template.text : (await import('../template/strict-json.ts')).toStrictJson(template.text);
  const place = await placeTemplate(text, wish, context, undefined);
  const stacks = await context.clients.stacks();
  try {
    const answer = await stacks.validateTemplate(place, context.signal);
    return { findings: [], answer };
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'TEMPLATE_INVALID') throw error;
    const message = messageOf(error.cause ?? error);
    return {
      findings: [{ rule: 'cloudformation', severity: 'error', message, path: template.path, ...placeIn(template, message) }],
      answer: undefined,
    };
  }
}

/** CloudFormation says no lines, but often the path: `[/Resources/Fn/Properties]`. */
function placeIn(template: Template, message: string): { readonly line: number; readonly column: number } {
  const path = /\[\/([^\]\s]+)\]/.exec(message)?.[1];
  return template.positionOf(path === undefined ? [] : path.split('/').map((step) => (/^\d+$/.test(step) ? Number(step) : step)));
}
