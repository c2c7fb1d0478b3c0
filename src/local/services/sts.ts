/** STS: who the caller is, and temporary credentials that are the caller's own. */
import type { LocalCredentials } from '../credentials.ts';
import { createQueryService, paramText, type QueryParams, requiredText } from '../protocol/query-xml.ts';
import { LOCAL_ACCOUNT_ID, type Service } from '../types.ts';

const DEFAULT_SECONDS = 3600;

/** There is one identity, the root of the one account; an assumed role is that identity under another name. */
export function createSts(credentials: LocalCredentials): Service {
  return createQueryService({
    name: 'sts',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: {
      GetCallerIdentity: () => ({
        Arn: `arn:aws:iam::${LOCAL_ACCOUNT_ID}:root`,
        UserId: LOCAL_ACCOUNT_ID,
        Account: LOCAL_ACCOUNT_ID,
      }),
      GetSessionToken: (params) => ({ Credentials: temporaryCredentials(credentials, params) }),
      AssumeRole: (params) => assumeRole(credentials, params),
    },
  });
}

function assumeRole(credentials: LocalCredentials, params: QueryParams) {
  const roleArn = requiredText(params, 'RoleArn');
  const sessionName = requiredText(params, 'RoleSessionName');
  const roleName = roleArn.split('/').at(-1) ?? roleArn;
  return {
    Credentials: temporaryCredentials(credentials, params),
    AssumedRoleUser: {
      AssumedRoleId: `AROALOCAL:${sessionName}`,
      Arn: `arn:aws:sts::${LOCAL_ACCOUNT_ID}:assumed-role/${roleName}/${sessionName}`,
    },
  };
}

function temporaryCredentials(credentials: LocalCredentials, params: QueryParams) {
  const seconds = Number(paramText(params, 'DurationSeconds') ?? DEFAULT_SECONDS);
  return {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    // Clients want one; signatures are checked against the key alone.
    SessionToken: 'local',
    Expiration: new Date(Date.now() + seconds * 1000),
  };
}
