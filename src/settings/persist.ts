import { isAbsolute, relative } from 'node:path';

import type { OptionValue } from '../commands/option-spec.ts';
import type { Command } from '../commands/define.ts';
import { optionSpec, type OptionName } from '../commands/options.ts';
import type { Context } from '../context.ts';
import { saveDefaults } from './defaults-file.ts';
import type { Settings } from './resolve.ts';
import { formatMap } from './value-syntax.ts';

const ALWAYS: readonly OptionName[] = ['region', 'profile', 'profile-location'];

/**
 * After success, saves what this run was told (`--persist-config-file`), as it was written: `$(NAME)` stays a reference,
 * so that no secret of the environment ends up in the file. Throws UserError CONFIG_FILE_NOT_SAVED.
 */
export async function persistSettings(command: Command, settings: Settings, context: Context): Promise<void> {
  if (settings.values['persistConfigFile'] !== true) return;
  const values: Record<string, unknown> = {};
  for (const name of new Set([...ALWAYS, ...command.persist])) {
    const { written, source } = settings.get(name);
    if (written === undefined || source === 'default' || optionSpec(name).persist === false) continue;
    values[name] = fileForm(name, written, context);
  }
  const environment = settings.values['environment'] as string | undefined;
  await saveDefaults(settings.file.path, values, environment);
  context.reporter.info(`Settings saved to ${settings.file.displayName}`);
}

/** The form that the reference tool reads as well: maps and lists as text, paths inside the project relative. */
function fileForm(name: OptionName, value: OptionValue, context: Context): unknown {
  if (typeof value === 'object') return Array.isArray(value) ? value.join(',') : formatMap(value as Record<string, string>);
  if (name !== 'template' || typeof value !== 'string' || !isAbsolute(value)) return value;
  const inside = relative(context.projectDirectory, value);
  return inside.startsWith('..') ? value : inside;
}
