import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { loadTemplate } from '../deployment/template-source.ts';
import { templateParameters } from '../template/read.ts';

/** Whether the value of a parameter may be shown. */
export type IsShowable = (name: string) => boolean;

/** Which parameters the template does not call secret (NoEcho); none of them when the template cannot be read. */
export async function showableParameters(context: Context): Promise<IsShowable> {
  const { values } = context.settings;
  const template = values['template'] as string | undefined;
  try {
    const source = await loadTemplate(
      { template, templateSubstitutions: undefined },
      { ...context, prompts: { ...context.prompts, available: false } },
    );
    const open = new Set(templateParameters(source.template).flatMap((parameter) => (parameter.noEcho ? [] : [parameter.name])));
    return (name) => open.has(name);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return () => false;
  }
}
