import { describe, expect, it } from 'vitest';

import { givenSwitches, targetSwitches } from '../../src/deployment/target-switches.ts';
import type { OptionName } from '../../src/commands/options.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';

describe('the switches that lead another command to the same place', () => {
  const NAMES = ['local', 'profile', 'region', 'endpoint-url', 'stack-name'] as const satisfies readonly OptionName[];
  const settingsOf = (flags: Readonly<Partial<Record<OptionName, string>>>, env = {}, names: readonly OptionName[] = NAMES) => {
    const file = { path: '/app/aws-lambda-tools-defaults.json', displayName: 'aws-lambda-tools-defaults.json', values: {} };
    return resolveSettings({ names, flags: new Map(Object.entries(flags) as [OptionName, string][]), env, file: file as never });
  };
  const switches = (...given: Parameters<typeof settingsOf>): string => targetSwitches(settingsOf(...given));

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

  it('go with those of the command itself that are to be typed again', () => {
    const names = ['s3-bucket', 'keep-deployments', 'resolve-s3'] as const;
    const settings = settingsOf({ 's3-bucket': 'shop artifacts', 'keep-deployments': '3' }, { LAMBDA_TOOL_RESOLVE_S3: 'true' }, names);
    expect(givenSwitches(settings, names)).toBe(" --s3-bucket 'shop artifacts' --keep-deployments 3");
  });
});
