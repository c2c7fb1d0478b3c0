import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { PlaceOf } from '../stack/explain-failure.ts';
import type { Template } from '../template/types.ts';
import type { TemplateSource } from './template-source.ts';

/** Says `serverless.template:41` for resources of a template and of those nested in it, as seen from where the user is. */
export function templatePlaces(source: TemplateSource, context: Pick<Context, 'cwd' | 'reporter'>): PlaceOf {
  const loaded = new Map<string, Promise<Template | undefined>>();
  const load = (file: string): Promise<Template | undefined> => {
    const known = loaded.get(file) ?? readTemplate(file, context);
    loaded.set(file, known);
    return known;
  };
  return async (path) => {
    const { placeOfResource } = await import('../template/place-of-resource.ts');
    const place = await placeOfResource(source.template, source.path, path, load);
    if (place === undefined) return undefined;
    const shown = relative(context.cwd, place.file);
    return `${shown.startsWith('..') ? place.file : shown}:${place.line}`;
  };
}

async function readTemplate(file: string, { reporter }: Pick<Context, 'reporter'>): Promise<Template | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const { parseTemplate } = await import('../template/parse.ts');
    return await parseTemplate(readFileSync(file, 'utf8'), file);
  } catch (error) {
    // The line of a failure is a help, not the failure.
    if (!(error instanceof UserError)) throw error;
    reporter.debug(`${file} cannot be looked through: ${error.message}`);
    return undefined;
  }
}
