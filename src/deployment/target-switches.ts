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
    if (name === 'region' && region !== undefined && !(isLocal && source === undefined)) return ` --region ${quote(region)}`;
    if (source !== 'command line') return '';
    if (typeof value === 'string') return ` --${name} ${quote(value)}`;
    return value === true ? ` --${name}` : '';
  }).join('');
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
