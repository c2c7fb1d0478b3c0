import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { Context } from '../context.ts';
import { UserError, messageOf } from '../errors.ts';
import type { Template } from '../template/types.ts';

/** A template in the other format: values are kept, comments and layout are those of the new format. */
export async function convertTemplate(text: string, template: Template, format: string | undefined): Promise<string> {
  if (format === undefined || format === template.format) return text;
  const { parseTemplate } = await import('../template/parse.ts');
  const { value } = await parseTemplate(text, template.path);
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  // Loaded when it is wanted: most templates keep their format.
  const { formatYaml } = await import('../template/yaml-text.ts');
  return formatYaml(value);
}

/** Finds out before anything is built or published whether the packaged template can be written. Throws UserError FILE_NOT_WRITABLE. */
export async function ensureOutputTemplate(target: string, { cwd }: Pick<Context, 'cwd'>): Promise<void> {
  if (target === '-') return;
  const { checkWritable } = await import('../report/safe-file.ts');
  const path = resolve(cwd, target);
  // Folders are not made here: a name that is mistyped would make one.
  if (!existsSync(dirname(path)))
    throw new UserError(
      'FILE_NOT_WRITABLE',
      `The packaged template cannot be written to ${target}: there is no directory ${dirname(path)}`,
      {
        hint: 'Check --output-template, or make the directory',
      },
    );
  checkWritable(path, 'The packaged template');
}

/**
 * Writes the packaged template, whole or not at all; `-` stands for stdout and answers undefined. Relative paths count from
 * where the user is, as in the reference tool. Throws UserError FILE_NOT_WRITABLE.
 */
export function writeOutputTemplate(target: string, text: string, context: Context): string | undefined {
  if (target === '-') return undefined;
  const path = resolve(context.cwd, target);
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
  try {
    writeFileSync(partial, text);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new UserError('FILE_NOT_WRITABLE', `The packaged template could not be written to ${target}: ${messageOf(error)}`, {
      hint: 'Check --output-template and the rights of its directory; everything is published already',
      cause: error,
    });
  }
  return path;
}
