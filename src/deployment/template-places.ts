import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { PlaceOf } from '../stack/explain-failure.ts';
import { locator, type Locate } from '../template/locate.ts';
import { placeOfResource, type LoadTemplate } from '../template/place-of-resource.ts';
import type { Template } from '../template/types.ts';
import type { TemplateSource } from './template-source.ts';

type Surroundings = Pick<Context, 'cwd' | 'reporter'>;

/** Says `serverless.template:41` for resources of a template and of those nested in it, as seen from where the user is. */
export function templatePlaces(source: TemplateSource, context: Surroundings): PlaceOf {
  const load = templateLoader(context);
  return async (path) => {
    const place = await placeOfResource(source.template, source.path, path, load);
    return place === undefined ? undefined : `${shownPath(place.file, context)}:${place.line}`;
  };
}

/** Finds what CloudFormation has found in a template, or in those nested in it, in the user's own files. */
export function templateLocator(source: TemplateSource, context: Surroundings): Locate {
  return locator(source.template, source.path, templateLoader(context));
}

/** Reads each template once, and none before it is asked for. */
function templateLoader(context: Surroundings): LoadTemplate {
  const loaded = new Map<string, Promise<Template | undefined>>();
  return (file) => {
    const known = loaded.get(file) ?? readTemplate(file, context);
    loaded.set(file, known);
    return known;
  };
}

function shownPath(file: string, { cwd }: Pick<Context, 'cwd'>): string {
  const shown = relative(cwd, file);
  return shown.startsWith('..') ? file : shown;
}

async function readTemplate(file: string, context: Surroundings): Promise<Template | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const { parseTemplate } = await import('../template/parse.ts');
    return await parseTemplate(readFileSync(file, 'utf8'), shownPath(file, context));
  } catch (error) {
    // The line of a failure is a help, not the failure.
    if (!(error instanceof UserError)) throw error;
    context.reporter.debug(`${file} cannot be looked through: ${error.message}`);
    return undefined;
  }
}
