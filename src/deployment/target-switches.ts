import type { OptionName } from '../commands/options.ts';
import type { Settings } from '../settings/resolve.ts';

const SWITCHES = ['local', 'profile', 'region', 'endpoint-url'] as const satisfies readonly OptionName[];

/** The switches of this command line that another command needs to reach the same place: ` --local`, ` --profile shop`, or nothing. */
export function targetSwitches(settings: Settings): string {
  return SWITCHES.map((name) => {
    const { value, source } = settings.get(name);
    if (source !== 'command line') return '';
    if (typeof value === 'string') return ` --${name} ${quote(value)}`;
    return value === true ? ` --${name}` : '';
  }).join('');
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
