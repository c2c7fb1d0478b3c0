import { optionSpec } from '../commands/options.ts';
import type { Answer } from '../output/reporter.ts';
import type { IsShowable } from './secret-parameters.ts';
import { formatMap } from './value-syntax.ts';
import type { Setting, Settings } from './resolve.ts';

/** Every setting with its value and where it came from; secrets are not shown. */
export function explainSettings(settings: Settings, isShowable: IsShowable): Answer {
  const all = [...settings.all.values()].map((setting) => concealParameters(setting, isShowable));
  return {
    data: all.map((setting) => ({
      name: setting.name,
      value: isSecret(setting) ? '****' : (setting.value ?? null),
      source: setting.source ?? 'not set',
      ...(setting.origin === undefined ? {} : { origin: setting.origin }),
    })),
    human: [
      {
        columns: ['Setting', 'Value', 'From'],
        rows: all.map((setting) => [
          setting.name,
          shown(setting),
          setting.source === undefined ? 'not set' : `${setting.source} (${setting.origin})`,
        ]),
      },
    ],
  };
}

/** Which values of parameters are secrets is known to the template only. */
function concealParameters(setting: Setting, isShowable: IsShowable): Setting {
  const { name, value } = setting;
  if (name !== 'template-parameters' || typeof value !== 'object' || Array.isArray(value)) return setting;
  const shown = Object.entries(value).map(([key, text]) => [key, isShowable(key) ? text : '****']);
  return { ...setting, value: Object.fromEntries(shown) };
}

function isSecret(setting: Setting): boolean {
  return setting.value !== undefined && optionSpec(setting.name).secret === true;
}

function shown(setting: Setting): string {
  const { value } = setting;
  if (value === undefined) return '';
  if (isSecret(setting)) return '****';
  if (typeof value !== 'object') return String(value);
  return Array.isArray(value) ? value.join(',') : (formatMap(value as Record<string, string>) ?? JSON.stringify(value));
}
