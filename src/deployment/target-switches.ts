import { quoted } from '../artifacts/split-arguments.ts';
import type { OptionName } from '../commands/options.ts';
import type { Settings } from '../settings/resolve.ts';

const SWITCHES = [
  'local',
  'profile',
  'profile-location',
  'region',
  'endpoint-url',
  'ca-bundle',
  'config-file',
  'environment',
] as const satisfies readonly OptionName[];

/**
 * The switches of this command line that another command needs to reach the same place: ` --local`, ` --profile shop`, or nothing.
 * `region` is named too when it is given, wherever it comes from: for commands that may be typed in another shell.
 */
export function targetSwitches(settings: Settings, region?: string): string {
  const isLocal = settings.get('local').value === true;
  return SWITCHES.map((name) => {
    const { value, source } = settings.get(name);
    if (name === 'region' && region !== undefined && !(isLocal && source === undefined)) return ` --region ${quoted(region)}`;
    return source === 'command line' ? asSwitch(name, value) : '';
  }).join('');
}

/** Further switches as this command line has them, for a command that is to be typed again: ` --s3-bucket shop-artifacts`. */
export function givenSwitches(settings: Settings, names: readonly OptionName[]): string {
  const given = names.filter((name) => settings.get(name).source === 'command line');
  return given.map((name) => asSwitch(name, settings.get(name).value)).join('');
}

function asSwitch(name: OptionName, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return ` --${name} ${quoted(String(value))}`;
  return value === true ? ` --${name}` : '';
}
