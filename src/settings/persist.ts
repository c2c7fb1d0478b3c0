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
    const kept = name === 'template-parameters' && source !== 'defaults file' ? await withoutSecrets(written, context) : written;
    values[name] = fileForm(name, kept, context);
  }
  const environment = settings.values['environment'] as string | undefined;
  await saveDefaults(settings.file.path, values, environment);
  context.reporter.info(`Settings saved to ${settings.file.displayName}`);
}

/** Values of NoEcho parameters do not belong into a file that is committed; an update goes on using the stack's. */
async function withoutSecrets(written: OptionValue, context: Context): Promise<OptionValue> {
  if (typeof written !== 'object' || Array.isArray(written)) return written;
  const { showableParameters } = await import('./secret-parameters.ts');
  const isShowable = await showableParameters(context);
  const [open, secret] = [true, false].map((wanted) => Object.entries(written).filter(([name]) => isShowable(name) === wanted));
  if (secret !== undefined && secret.length > 0) {
    context.reporter.info(
      `Not saved, because the template does not declare them or marks them NoEcho: ${secret.map(([name]) => name).join(', ')}`,
    );
  }
  return Object.fromEntries(open ?? []);
}

/** The form that the reference tool reads as well: maps and lists as text, paths inside the project relative. */
function fileForm(name: OptionName, value: OptionValue, context: Context): unknown {
  // What the old syntax cannot hold is saved as real JSON.
  if (Array.isArray(value)) return value.some((item: string) => item.includes(',')) ? value : value.join(',');
  if (typeof value === 'object') return formatMap(value as Record<string, string>) ?? value;
  if (name !== 'template' || typeof value !== 'string' || !isAbsolute(value)) return value;
  const inside = relative(context.projectDirectory, value);
  return inside.startsWith('..') ? value : inside;
}
