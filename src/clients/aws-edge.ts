import { isIPv4 } from 'node:net';

import { fromEnv } from '@aws-sdk/credential-providers';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';

import { UserError, messageOf } from '../errors.ts';
import type { AwsEdge, AwsService, SdkClientConfig } from './aws-config.ts';
import { logCalls, type CallLog } from './call-log.ts';
import { createAgents, createHttpHandler, guardHandler, readCaBundle } from './http-handler.ts';
import { readSharedConfig, requireProfile, type SharedConfig } from './shared-config.ts';

/** A value together with where it came from. */
export interface Sourced {
  readonly value: string | undefined;
  /** True when the command line or LAMBDA_TOOL_… gave it, false for the defaults file. */
  readonly explicit: boolean;
  readonly origin: string;
}

export interface AwsEdgeRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly region: Sourced;
  readonly profile: Sourced;
  readonly credentialsFile: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
  readonly endpointUrl: string | undefined;
  readonly caBundle: string | undefined;
  readonly version: string;
  /** Asked when no region is configured; absent when nobody is there. */
  readonly askRegion?: (() => Promise<string>) | undefined;
  /** Told of every request, with --verbose. */
  readonly log?: CallLog | undefined;
  readonly askMfaCode?: ((serial: string) => Promise<string>) | undefined;
}

type Env = AwsEdgeRequest['env'];

/**
 * Settles region, identity and endpoints for a run; no request is made yet, credentials are fetched when the first call
 * needs them. Throws UserError PROFILE_NOT_FOUND, REGION_MISSING, CREDENTIALS, CA_BUNDLE or USAGE.
 */
export async function createAwsEdge(request: AwsEdgeRequest): Promise<AwsEdge> {
  const shared = await readSharedConfig({ env: request.env, credentialsFile: request.credentialsFile });
  const profile = chooseProfile(request, shared);
  const region = await chooseRegion(request, shared, profile);
  const endpoints = createEndpointLookup(request, shared, profile);
  const ca = request.caBundle ?? emptyToUndefined(request.env['AWS_CA_BUNDLE']);
  const tls = ca === undefined ? {} : { ca: readCaBundle(ca) };
  // What is on this machine is reached directly, whatever proxy the environment names.
  const [outside, inside] = [createAgents({ ...tls, proxyEnv: request.env }), createAgents(tls)];
  const handler = createHttpHandler(outside);
  const direct = createHttpHandler(inside);
  const handlerFor = (service: AwsService) => {
    const endpoint = endpoints(service);
    const handlerOfPlace = endpoint !== undefined && isLoopback(endpoint) ? direct : handler;
    const guarded = endpoint === undefined ? handler : guardHandler(handlerOfPlace, endpoint);
    return request.log === undefined ? guarded : logCalls(guarded, service, request.log);
  };
  const identity = await chooseCredentials(request, shared, profile, region, endpoints('sts'), handlerFor('sts'));

  const configFor = (service: AwsService): SdkClientConfig => {
    const endpoint = endpoints(service);
    return {
      region,
      credentials: identity.credentials,
      ...(endpoint === undefined ? {} : { endpoint }),
      requestHandler: handlerFor(service),
      maxAttempts: endpoint !== undefined && isLoopback(endpoint) ? 2 : 6,
      retryMode: 'standard',
      customUserAgent: [['lambda-tool', request.version]],
    };
  };
  return {
    region,
    profile,
    credentialSource: identity.source,
    credentials: identity.credentials,
    configFor,
    endpointFor: endpoints,
    agentFor: (url) => {
      const agents = isLoopback(url.href) ? inside : outside;
      return url.protocol === 'https:' ? agents.https : agents.http;
    },
  };
}

/**
 * The profile in use. Credentials in the environment beat a profile that only the defaults file names, because the
 * environment comes before that file: a pipeline with its own credentials need not know the developer's profile.
 */
function chooseProfile(request: AwsEdgeRequest, shared: SharedConfig): string | undefined {
  if (request.accessKeyId !== undefined) return undefined;
  const { value, explicit, origin } = request.profile;
  const fromEnvironment = emptyToUndefined(request.env['AWS_PROFILE']);
  if (value !== undefined && explicit) {
    requireProfile(shared, value, origin);
    return value;
  }
  if (fromEnvironment !== undefined) {
    requireProfile(shared, fromEnvironment, 'AWS_PROFILE');
    return fromEnvironment;
  }
  if (value === undefined || hasEnvironmentCredentials(request.env)) return undefined;
  requireProfile(shared, value, origin);
  return value;
}

function hasEnvironmentCredentials(env: Env): boolean {
  return Boolean(
    (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) ||
    (env['AWS_WEB_IDENTITY_TOKEN_FILE'] && env['AWS_ROLE_ARN']) ||
    env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ||
    env['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  );
}

async function chooseRegion(request: AwsEdgeRequest, shared: SharedConfig, profile: string | undefined): Promise<string> {
  const { env, region } = request;
  const fromEnvironment = emptyToUndefined(env['AWS_REGION']) ?? emptyToUndefined(env['AWS_DEFAULT_REGION']);
  const configured =
    (region.explicit ? region.value : undefined) ?? fromEnvironment ?? region.value ?? shared.setting(profile ?? 'default', 'region');
  const chosen = configured ?? (await request.askRegion?.());
  if (chosen === undefined || chosen === '') {
    throw new UserError('REGION_MISSING', 'No AWS region is configured', {
      hint: 'Add --region eu-west-1, or set AWS_REGION, or "region" in aws-lambda-tools-defaults.json or in the profile',
    });
  }
  // A region becomes part of host names: anything else must not.
  if (!/^[a-z]{2,}(-[a-z0-9]+)+$/.test(chosen)) {
    throw new UserError('USAGE', `"${chosen}" is not the name of an AWS region`, { hint: 'Regions are written like eu-west-1' });
  }
  return chosen;
}

function createEndpointLookup(
  request: AwsEdgeRequest,
  shared: SharedConfig,
  profile: string | undefined,
): (service: AwsService) => string | undefined {
  if (request.endpointUrl !== undefined) {
    const endpoint = checkEndpoint(request.endpointUrl, '--endpoint-url');
    return () => endpoint;
  }
  if (request.env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return () => undefined;
  const section = profile ?? 'default';
  const fromProfile = shared.setting(section, 'endpoint_url');
  return (service) => {
    const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
    for (const [value, origin] of [
      [request.env[variable], variable],
      [request.env['AWS_ENDPOINT_URL'], 'AWS_ENDPOINT_URL'],
      [shared.serviceSetting(section, service, 'endpoint_url'), `endpoint_url of ${service} in the services of the profile`],
      [fromProfile, 'endpoint_url of the profile'],
    ] as const) {
      if (value !== undefined && value !== '') return checkEndpoint(value, origin);
    }
    return undefined;
  };
}

function checkEndpoint(value: string, origin: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UserError('USAGE', `${origin}: "${value}" is not an http or https address`, { hint: 'Write it like http://127.0.0.1:4566' });
  }
  if (url.username !== '' || url.password !== '') {
    throw new UserError('USAGE', `${origin} must not hold a user name or a password`, {
      hint: 'Requests are signed with AWS credentials; nothing else is sent',
    });
  }
  return value;
}

/** Whether an endpoint is on this machine. */
export function isLoopback(endpoint: string): boolean {
  const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host.endsWith('.localhost') || (isIPv4(host) && host.startsWith('127.')) || host === '::1';
}

interface Identity {
  readonly credentials: AwsCredentialIdentityProvider;
  readonly source: string;
}

async function chooseCredentials(
  request: AwsEdgeRequest,
  shared: SharedConfig,
  profile: string | undefined,
  region: string,
  stsEndpoint: string | undefined,
  requestHandler: ReturnType<typeof guardHandler> | NodeHttpHandler,
): Promise<Identity> {
  if (request.accessKeyId !== undefined) return staticCredentials(request);
  const { env } = request;
  const anywhere = stsEndpoint === undefined;
  if (!anywhere && profile === undefined && !hasEnvironmentCredentials(env) && !shared.profiles.includes('default')) {
    // The chain would go on to the instance metadata service, which is another host than the one chosen.
    throw new UserError('CREDENTIALS', `There are no credentials for ${stsEndpoint}`, {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; emulators that do not check them take any value',
    });
  }
  const source = describeSource(env, shared, profile);
  const provider = (chain: AwsCredentialIdentityProvider): Identity => ({
    credentials: remember(translateFailures(chain, profile)),
    source,
  });
  if (profile === undefined && env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) return provider(fromEnv());
  const { fromIni, fromNodeProviderChain } = await import('./credential-chain.ts');
  const [configFilepath, filepath] = shared.files;
  const options = {
    configFilepath,
    filepath,
    ...(request.askMfaCode === undefined ? {} : { mfaCodeProvider: request.askMfaCode }),
    clientConfig: { region, requestHandler, ...(anywhere ? {} : { endpoint: stsEndpoint }) },
  };
  // A profile that was named is used or fails: the chain would go on to the role of the machine.
  return provider(profile === undefined ? fromNodeProviderChain(options) : fromIni({ ...options, profile }));
}

function staticCredentials(request: AwsEdgeRequest): Identity {
  const { accessKeyId = '', secretAccessKey, sessionToken } = request;
  if (secretAccessKey === undefined) {
    throw new UserError('CREDENTIALS', '--aws-access-key-id was given without --aws-secret-key', { hint: 'Give both, or use --profile' });
  }
  const credentials: AwsCredentialIdentity = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  return { credentials: () => Promise.resolve(credentials), source: 'access key from the command line' };
}

const EXPIRY_MARGIN_MS = 5 * 60_000;

/** All clients of a run share one answer, so that an MFA code is asked once. */
function remember(provider: AwsCredentialIdentityProvider): AwsCredentialIdentityProvider {
  let current: Promise<AwsCredentialIdentity> | undefined;
  return async (properties) => {
    const known = await current?.catch(() => undefined);
    if (known !== undefined && (known.expiration === undefined || known.expiration.getTime() - Date.now() > EXPIRY_MARGIN_MS)) return known;
    if (known !== undefined || current === undefined) current = provider(properties);
    try {
      return await current;
    } catch (error) {
      current = undefined;
      throw error;
    }
  };
}

function translateFailures(provider: AwsCredentialIdentityProvider, profile: string | undefined): AwsCredentialIdentityProvider {
  return async (properties) => {
    try {
      return await provider(properties);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw describeFailure(error, profile);
    }
  };
}

function describeFailure(error: unknown, profile: string | undefined): UserError {
  const text = messageOf(error).trim();
  const option = profile === undefined ? '' : ` --profile ${profile}`;
  if (/sso|token.*(expired|invalid)|login/i.test(text)) {
    return new UserError(
      'CREDENTIALS',
      `The sign-in of ${profile === undefined ? 'the default profile' : `profile ${profile}`} cannot be used: ${text}`,
      {
        hint: `Sign in again: aws sso login${option} (or aws login${option})`,
        cause: error,
      },
    );
  }
  if (/multi-factor|MFA/i.test(text)) {
    return new UserError('CREDENTIALS', `The profile ${profile ?? 'default'} wants an MFA code, and nobody is there to give one`, {
      hint: 'Run it at a terminal without --disable-interactive, or use credentials that need no code',
      cause: error,
    });
  }
  const subject = profile === undefined ? 'No AWS credentials were found' : `The credentials of profile ${profile} cannot be used`;
  return new UserError('CREDENTIALS', `${subject}: ${text}`, {
    hint:
      profile === undefined
        ? 'Use --profile NAME, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or try without an account: --local'
        : `Check the section of ${profile} in ~/.aws/config and ~/.aws/credentials`,
    cause: error,
  });
}

function describeSource(env: Env, shared: SharedConfig, profile: string | undefined): string {
  if (profile === undefined) {
    if (env['AWS_ACCESS_KEY_ID'] && env['AWS_SECRET_ACCESS_KEY']) return 'credentials from the environment';
    if (env['AWS_WEB_IDENTITY_TOKEN_FILE']) return 'web identity';
    if (env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || env['AWS_CONTAINER_CREDENTIALS_FULL_URI']) return 'container role';
    return shared.profiles.includes('default') ? 'profile default' : 'instance role';
  }
  const has = (key: string) => shared.setting(profile, key) !== undefined;
  if (has('sso_session') || has('sso_start_url')) return `profile ${profile} (SSO)`;
  if (has('role_arn')) return `profile ${profile} (role ${shared.setting(profile, 'role_arn')})`;
  if (has('login_session')) return `profile ${profile} (aws login)`;
  return `profile ${profile}`;
}

function emptyToUndefined(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
