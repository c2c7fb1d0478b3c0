import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { PlaceOf } from '../stack/explain-failure.ts';
import { parseTemplate } from '../template/parse.ts';
import type { JsonValue, Template } from '../template/types.ts';
import { isMap, member } from '../template/value.ts';
import { templatePlaces } from './template-places.ts';
import { TEMPLATE_NAMES, loadTemplate, type TemplateWish } from './template-source.ts';

/**
 * Places in the template that the stack was made from. One named on the command line is taken as such; one that just lies here only
 * when it has most of what is deployed. Throws UserError TEMPLATE_NOT_FOUND, TEMPLATE_SYNTAX for one that was named.
 */
export async function placesInTemplateOf(stack: Stack, wish: TemplateWish, context: Context): Promise<PlaceOf | undefined> {
  const named = context.settings.get('template').source === 'command line';
  const here = wish.template ?? TEMPLATE_NAMES.find((name) => existsSync(resolve(context.projectDirectory, name)));
  if (here === undefined || (!named && !existsSync(resolve(context.projectDirectory, here)))) return undefined;
  try {
    const source = await loadTemplate({ ...wish, template: here }, context);
    if (named || (await isTemplateOf(stack, source.template, context))) return templatePlaces(source, context);
    context.reporter.debug(`${here} does not seem to be the template of ${stack.name}; no lines of it are told`);
  } catch (error) {
    if (named || !(error instanceof UserError) || error.code === 'INTERRUPTED') throw error;
    context.reporter.debug(`No lines of the template are told: ${error.message}`);
  }
  return undefined;
}

/**
 * The same for what may never be asked for: a template that was named is read at once, one that just lies here when it is asked for. Throws
 * UserError TEMPLATE_NOT_FOUND, TEMPLATE_SYNTAX for one that was named.
 */
export async function laterPlacesIn(wish: TemplateWish, context: Context): Promise<(stack: Stack) => Promise<PlaceOf | undefined>> {
  if (context.settings.get('template').source !== 'command line') return (stack) => placesInTemplateOf(stack, wish, context);
  const places = templatePlaces(await loadTemplate(wish, context), context);
  return () => Promise.resolve(places);
}

async function isTemplateOf(stack: Stack, template: Template, context: Context): Promise<boolean> {
  const text = await (await context.clients.stacks()).template(stack.id, context.signal);
  if (text === undefined) return false;
  const deployed = resourceNames((await parseTemplate(text, 'deployed template')).value);
  const own = new Set(resourceNames(template.value));
  const shared = deployed.filter((name) => own.has(name)).length;
  return shared > 0 && shared * 2 >= deployed.length;
}

function resourceNames(value: JsonValue): string[] {
  const resources = member(value, 'Resources');
  return isMap(resources) ? Object.keys(resources) : [];
}
