import type { Agent } from 'node:http';

import type { AwsCredentialIdentityProvider } from '@smithy/types';

/** The services this tool speaks to, as their endpoint variables spell them (`AWS_ENDPOINT_URL_<SERVICE>`, upper case). */
export type AwsService = 'cloudformation' | 's3' | 'ecr' | 'lambda' | 'sts' | 'logs' | 'iam';

/** What the constructor of every SDK client is given. */
export interface SdkClientConfig {
  readonly region: string;
  readonly credentials: AwsCredentialIdentityProvider;
  /** Absent: AWS's own endpoint. */
  readonly endpoint?: string;
  /** Carries the CA bundle, connection limits and the guard against requests to other hosts than the endpoint. */
  readonly requestHandler?: object;
  readonly maxAttempts: number;
  readonly retryMode: 'standard' | 'adaptive';
  readonly customUserAgent: [string, string][];
}

/** Where AWS is, and as whom we speak to it. */
export interface AwsEdge {
  readonly region: string;
  /** Name of the profile in use, or undefined when credentials come from elsewhere. */
  readonly profile: string | undefined;
  /** A few words about the source of the credentials ("SSO, expires 17:40"), for the line with the account. */
  readonly credentialSource: string;
  readonly credentials: AwsCredentialIdentityProvider;
  /** The constructor argument for a client of that service. */
  readonly configFor: (service: AwsService) => SdkClientConfig;
  /** The endpoint that `--endpoint-url` or AWS_ENDPOINT_URL(_SERVICE) chose, or undefined for AWS's own. */
  readonly endpointFor: (service: AwsService) => string | undefined;
  /** Where what AWS would have at these addresses answers instead; absent where they are right as they are. */
  readonly reachable?: (addresses: readonly string[]) => Promise<readonly string[]>;
  /** The connections to use for an address that is no service's (a registry): with the CA bundle, and a proxy where there is one. */
  readonly agentFor: (url: URL) => Agent;
}
