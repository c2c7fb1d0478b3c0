import { describe, expect, it } from 'vitest';

import { targetSwitches } from '../../src/deployment/target-switches.ts';
import type { OptionName } from '../../src/commands/options.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';

describe('the switches that lead another command to the same place', () => {
  const NAMES = ['local', 'profile', 'region', 'endpoint-url', 'stack-name'] as const satisfies readonly OptionName[];
  const switches = (flags: Readonly<Partial<Record<OptionName, string>>>, env = {}) => {
    const file = { path: '/app/aws-lambda-tools-defaults.json', displayName: 'aws-lambda-tools-defaults.json', values: {} };
    return targetSwitches(
      resolveSettings({ names: NAMES, flags: new Map(Object.entries(flags) as [OptionName, string][]), env, file: file as never }),
    );
  };

  it.each([
    ['nothing', {}, ''],
    ['the local target', { local: 'true' }, ' --local'],
    ['a switch that was turned off', { local: 'false' }, ''],
    ['profile and region', { region: 'eu-west-1', profile: 'my team', 'stack-name': 'Shop' }, " --profile 'my team' --region eu-west-1"],
    ['an endpoint', { 'endpoint-url': 'http://127.0.0.1:4566' }, ' --endpoint-url http://127.0.0.1:4566'],
  ])('%s', (_, flags, expected) => {
    expect(switches(flags)).toBe(expected);
  });

  it('are not those of the environment, which the other command has as well', () => {
    expect(switches({}, { LAMBDA_TOOL_PROFILE: 'dev' })).toBe('');
  });
});
