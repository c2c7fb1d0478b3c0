import { existsSync, readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';

import type { Context } from '../context.ts';
import { UserError, messageOf } from '../errors.ts';
import type { Template } from '../template/types.ts';
import { ask } from './ask.ts';

/** Looked for in this order when no template is named. */
export const TEMPLATE_NAMES = ['serverless.template', 'template.yaml', 'template.yml', 'template.json'] as const;

export interface TemplateSource {
  readonly template: Template;
  /** Absolute. */
  readonly path: string;
}

export interface TemplateWish {
  readonly template: string | undefined;
  readonly templateSubstitutions: Readonly<Record<string, string>> | undefined;
}

/** Finds, reads and parses the template. Throws UserError TEMPLATE_NOT_FOUND, TEMPLATE_SYNTAX, TEMPLATE_INVALID, SUBSTITUTION. */
export async function loadTemplate(wish: TemplateWish, context: Context): Promise<TemplateSource> {
  const path = await findTemplate(wish.template, context);
  const shown = relative(context.cwd, path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError('TEMPLATE_NOT_FOUND', `The template ${shown} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const { parseTemplate } = await import('../template/parse.ts');
  const parsed = await parseTemplate(text, shown.startsWith('..') ? path : shown);
  const substitutions = wish.templateSubstitutions;
  if (substitutions === undefined || Object.keys(substitutions).length === 0) return { template: parsed, path };
  const { applySubstitutions } = await import('../template/substitute.ts');
  return { template: await applySubstitutions(parsed, substitutions, context.projectDirectory), path };
}

async function findTemplate(named: string | undefined, context: Context): Promise<string> {
  const { projectDirectory } = context;
  const found = named ?? TEMPLATE_NAMES.find((name) => existsSync(resolve(projectDirectory, name)));
  if (found === undefined) {
    if (context.prompts.available) return findTemplate(await ask('template', context), context);
    throw new UserError('TEMPLATE_NOT_FOUND', `There is no ${TEMPLATE_NAMES.join(', ')} in ${projectDirectory}`, {
      hint: 'Name it with --template FILE, go to the project, or make one: lambda-tool new --list',
    });
  }
  const path = resolve(projectDirectory, found);
  if (!existsSync(path)) {
    throw new UserError('TEMPLATE_NOT_FOUND', `The template ${found} does not exist (looked for ${path})`, {
      hint: `Check --template; ${basename(context.settings.file.path)} may name it too`,
    });
  }
  return path;
}
