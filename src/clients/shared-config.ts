import { homedir } from 'node:os';
import { join } from 'node:path';

import { loadSharedConfigFiles } from '@smithy/core/config';

import { UserError } from '../errors.ts';

/** The AWS configuration files, as far as we look into them ourselves; credentials are left to the SDK. */
export interface SharedConfig {
  /** Names of all profiles, in the order of the files. */
  readonly profiles: readonly string[];
  /** A setting of a profile (`region`, `endpoint_url`, `role_arn`, …). */
  setting(profile: string, key: string): string | undefined;
  /** A setting of one service in the `services` section that a profile names. */
  serviceSetting(profile: string, service: string, key: string): string | undefined;
  /** Paths of the configuration file and the credentials file. */
  readonly files: readonly [config: string, credentials: string];
}

export interface SharedConfigRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--profile-location`: a credentials file in place of the usual one. */
  readonly credentialsFile: string | undefined;
}

/** Reads the files that exist; a missing file is an empty one, as for every AWS tool. */
export async function readSharedConfig(request: SharedConfigRequest): Promise<SharedConfig> {
  const configPath = request.env['AWS_CONFIG_FILE'] ?? join(homedir(), '.aws', 'config');
  const credentialsPath = request.credentialsFile ?? request.env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(homedir(), '.aws', 'credentials');
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    configFilepath: configPath,
    filepath: credentialsPath,
    ignoreCache: true,
  });
  const config = Object.keys(configFile).filter((name) => !/^(sso-session|services)\./.test(name));
  const setting = (profile: string, key: string) => credentialsFile[profile]?.[key] ?? configFile[profile]?.[key];
  return {
    serviceSetting: (profile, service, key) => configFile[`services.${setting(profile, 'services') ?? ''}`]?.[`${service}.${key}`],
    profiles: [...new Set([...config, ...Object.keys(credentialsFile)])],
    setting,
    files: [configPath, credentialsPath],
  };
}

/** Throws UserError PROFILE_NOT_FOUND naming the known profiles, where the reference tool silently uses others. */
export function requireProfile(config: SharedConfig, profile: string, origin: string): void {
  if (config.profiles.includes(profile)) return;
  const known =
    config.profiles.length > 0 ? `Known profiles: ${config.profiles.join(', ')}` : `There are no profiles in ${config.files.join(' or ')}`;
  throw new UserError('PROFILE_NOT_FOUND', `There is no AWS profile "${profile}" (from ${origin})`, {
    hint: `${known}. To make one: aws configure --profile ${profile}`,
  });
}
