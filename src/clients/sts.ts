import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

import { UserError } from '../errors.ts';
import type { SdkClientConfig } from './aws-config.ts';
import { translateAwsError } from './aws-errors.ts';

export interface CallerIdentity {
  /** Twelve digits. */
  readonly account: string;
  readonly arn: string;
}

export interface Identities {
  /** Who the credentials belong to. Throws UserError CREDENTIALS, ACCESS_DENIED, ENDPOINT_UNREACHABLE. */
  caller(signal?: AbortSignal): Promise<CallerIdentity>;
}

export async function createIdentities(config: SdkClientConfig): Promise<Identities> {
  const client = new STSClient({ ...config });
  return {
    async caller(signal) {
      try {
        const answer = await client.send(new GetCallerIdentityCommand({}), signal === undefined ? {} : { abortSignal: signal });
        if (answer.Account === undefined) throw noAnswer(config.endpoint);
        return { account: answer.Account, arn: answer.Arn ?? '' };
      } catch (error) {
        throw translateAwsError(error, { service: 'STS', operation: 'GetCallerIdentity', endpoint: config.endpoint });
      }
    },
  };
}

/** A web server of another kind answers anything with 200. */
function noAnswer(endpoint: string | undefined): UserError {
  return new UserError('AWS_ERROR', `${endpoint ?? 'AWS'} answered STS GetCallerIdentity without naming an account`, {
    hint:
      endpoint === undefined
        ? 'A proxy may be in between; otherwise try again'
        : 'Is something else behind that address than AWS or an emulator of it?',
  });
}
