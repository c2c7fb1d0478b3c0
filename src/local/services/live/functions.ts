/** Functions and what hangs on them, roles and log groups, as they are. */
import { LOCAL_ACCOUNT_ID, type LiveResources, type LogSink } from '../../types.ts';
import type { Iam, RoleRecord } from '../iam.ts';
import type { Lambda } from '../lambda.ts';
import { functionUrl } from '../lambda/describe.ts';
import { parseFunctionReference } from '../lambda/identifiers.ts';
import { type FunctionRecord, UNQUALIFIED } from '../lambda/records.ts';
import { SETTING_NAMES } from '../lambda/settings.ts';
import { functionAttributes } from '../providers/lambda-function.ts';

export function liveFunctions({ store }: Lambda): LiveResources {
  return {
    nameProperty: 'FunctionName',
    read(name, region) {
      const record = store.find(region, name);
      if (record === undefined) return undefined;
      const settings = Object.fromEntries(SETTING_NAMES.map((setting) => [setting, record.latest.settings[setting]]));
      const ReservedConcurrentExecutions = record.reservedConcurrency;
      return { attributes: functionAttributes(record), properties: { ...settings, FunctionName: name, ReservedConcurrentExecutions } };
    },
  };
}

/** The function in an ARN with its qualifier. */
function qualified({ store }: Lambda, arn: string, region: string): { record: FunctionRecord; qualifier: string } | undefined {
  const { name, qualifier } = parseFunctionReference(arn);
  const record = store.find(region, name);
  return record === undefined ? undefined : { record, qualifier: qualifier ?? UNQUALIFIED };
}

export function liveVersions(lambda: Lambda): LiveResources {
  return {
    read(arn, region) {
      const found = qualified(lambda, arn, region);
      if (found?.record.versions[found.qualifier] === undefined) return undefined;
      return { attributes: { Version: found.qualifier, FunctionArn: arn }, properties: {} };
    },
  };
}

export function liveAliases(lambda: Lambda): LiveResources {
  return {
    read(arn, region) {
      const found = qualified(lambda, arn, region);
      const alias = found?.record.aliases[found.qualifier];
      if (alias === undefined) return undefined;
      const properties = { Name: found?.qualifier, FunctionVersion: alias.version, Description: alias.description };
      return { attributes: { AliasArn: arn }, properties };
    },
  };
}

export function liveUrls(lambda: Lambda): LiveResources {
  return {
    read(arn, region) {
      const found = qualified(lambda, arn, region);
      const url = found?.record.urls[found.qualifier];
      if (found === undefined || url === undefined) return undefined;
      return {
        attributes: { FunctionArn: arn, FunctionUrl: functionUrl(found.record, url) },
        properties: { AuthType: url.authType, InvokeMode: url.invokeMode, Cors: url.cors },
      };
    },
  };
}

export function liveRoles(iam: Iam): LiveResources {
  return {
    nameProperty: 'RoleName',
    read(name) {
      const role = iam.findRole(name);
      return role === undefined ? undefined : { attributes: { Arn: role.arn, RoleId: role.id }, properties: roleProperties(role) };
    },
  };
}

/** Managed policies of this account are put into roles by resources of their own. */
function roleProperties(role: RoleRecord): Readonly<Record<string, unknown>> {
  return {
    RoleName: role.name,
    Path: role.path,
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
    AssumeRolePolicyDocument: JSON.parse(role.trustPolicy),
    ManagedPolicyArns: role.attached.filter((arn) => !arn.startsWith(`arn:aws:iam::${LOCAL_ACCOUNT_ID}:policy`)),
  };
}

export function liveLogGroups(logs: LogSink): LiveResources {
  return {
    nameProperty: 'LogGroupName',
    read(name, region) {
      if (!logs.groupExists(name)) return undefined;
      const Arn = `arn:aws:logs:${region}:${LOCAL_ACCOUNT_ID}:log-group:${name}:*`;
      return { attributes: { Arn }, properties: { LogGroupName: name, RetentionInDays: logs.retentionDays(name) } };
    },
  };
}
