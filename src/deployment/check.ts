import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Template } from '../template/types.ts';

export interface CheckWish {
  readonly templateParameters: Readonly<Record<string, string>> | undefined;
  readonly s3Bucket: string | undefined;
  readonly resolveS3: boolean | undefined;
  readonly local: boolean | undefined;
}

/**
 * The rules of `validate` that need neither AWS nor files, before any long work. Missing files are found when the
 * template's artefacts are. Throws UserError TEMPLATE_INVALID with one line for each error.
 */
export async function checkBeforeWork(template: Template, wish: CheckWish, context: Context): Promise<void> {
  const [{ checkTemplate }, { countFindings, formatFindings }] = await Promise.all([
    import('../validation/check-template.ts'),
    import('../validation/format.ts'),
  ]);
  const findings = await checkTemplate(template, {
    parameters: wish.templateParameters,
    hasBucket: wish.s3Bucket !== undefined || wish.resolveS3 === true || wish.local === true,
    now: context.clock.now(),
  });
  const errors = findings.filter((finding) => finding.severity === 'error');
  if (errors.length > 0) {
    throw new UserError('TEMPLATE_INVALID', `${template.path} has ${countFindings(errors)}`, {
      details: formatFindings(errors),
      hint: 'Nothing was changed. lambda-tool validate shows warnings as well',
      result: { findings },
    });
  }
  for (const { path, line, column, message } of findings) context.reporter.warn(`${path}:${line}:${column} ${message}`);
}
