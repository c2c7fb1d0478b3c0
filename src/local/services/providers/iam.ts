/** AWS::IAM::Role and the policies of roles; AWS::Logs::LogGroup. */
import { physicalName } from '../../engine/names.ts';
import {
  LOCAL_ACCOUNT_ID,
  type LogSink,
  type ResourceContext,
  type ResourceOutcome,
  type ResourceProvider,
  ServiceError,
} from '../../types.ts';
import { type Iam, type RoleRecord, without } from '../iam.ts';
import { type Properties, required, shortId, simpleProvider, text } from './shared.ts';

export function iamProviders(iam: Iam): readonly ResourceProvider[] {
  return [roleProvider(iam), policyProvider(iam), managedPolicyProvider(iam), instanceProfileProvider()];
}

function roleProvider(iam: Iam): ResourceProvider {
  const described = (
    properties: Properties,
  ): Pick<RoleRecord, 'trustPolicy' | 'description' | 'maxSessionSeconds' | 'attached' | 'inline'> => ({
    trustPolicy: JSON.stringify(properties['AssumeRolePolicyDocument'] ?? {}),
    description: text(properties, 'Description'),
    maxSessionSeconds: properties['MaxSessionDuration'] === undefined ? undefined : Number(properties['MaxSessionDuration']),
    attached: texts(properties['ManagedPolicyArns']),
    inline: Object.fromEntries(
      policies(properties).map((policy) => [text(policy, 'PolicyName') ?? '', JSON.stringify(policy['PolicyDocument'])]),
    ),
  });
  const outcome = (role: RoleRecord): ResourceOutcome => ({ physicalId: role.name, attributes: { Arn: role.arn, RoleId: role.id } });
  return simpleProvider('AWS::IAM::Role', ['RoleName', 'Path'], {
    create(properties, context) {
      const name = text(properties, 'RoleName') ?? physicalName(context.stackName, context.logicalId);
      return outcome(iam.createRole({ name, path: text(properties, 'Path') ?? '/', ...described(properties) }));
    },
    update: (current, properties) => outcome(iam.updateRole(current.physicalId, (role) => ({ ...role, ...described(properties) }))),
    delete: (current) => iam.deleteRole(current.physicalId),
  });
}

/** An inline policy that is put into roles; users and groups do not exist here. */
function policyProvider(iam: Iam): ResourceProvider {
  const put = (properties: Properties): void => {
    for (const role of texts(properties['Roles'])) {
      const document = JSON.stringify(properties['PolicyDocument'] ?? {});
      iam.updateRole(role, (record) => ({ ...record, inline: { ...record.inline, [required(properties, 'PolicyName')]: document } }));
    }
  };
  const take = (properties: Properties): void => {
    for (const role of texts(properties['Roles'])) {
      if (iam.findRole(role) !== undefined)
        iam.updateRole(role, (record) => ({ ...record, inline: without(record.inline, String(properties['PolicyName'])) }));
    }
  };
  return simpleProvider('AWS::IAM::Policy', ['PolicyName'], {
    create(properties, context) {
      put(properties);
      const id = physicalName(context.stackName, context.logicalId);
      return { physicalId: id, attributes: { Id: id } };
    },
    update(current, properties) {
      take(current.properties);
      put(properties);
      return { physicalId: current.physicalId, attributes: current.attributes };
    },
    delete: (current) => take(current.properties),
  });
}

function managedPolicyProvider(iam: Iam): ResourceProvider {
  const setAttached = (properties: Properties, change: (attached: readonly string[]) => readonly string[]): void => {
    for (const role of texts(properties['Roles'])) {
      if (iam.findRole(role) !== undefined) iam.updateRole(role, (record) => ({ ...record, attached: change(record.attached) }));
    }
  };
  const arnOf = (properties: Properties, context: ResourceContext): string => {
    const name = text(properties, 'ManagedPolicyName') ?? physicalName(context.stackName, context.logicalId);
    return `arn:aws:iam::${LOCAL_ACCOUNT_ID}:policy${text(properties, 'Path') ?? '/'}${name}`;
  };
  const attach = (arn: string) => (attached: readonly string[]) => [...new Set([...attached, arn])];
  const detach = (arn: string) => (attached: readonly string[]) => attached.filter((other) => other !== arn);
  return simpleProvider('AWS::IAM::ManagedPolicy', ['ManagedPolicyName', 'Path', 'Description'], {
    create(properties, context) {
      const arn = arnOf(properties, context);
      setAttached(properties, attach(arn));
      return { physicalId: arn, attributes: { PolicyArn: arn, PolicyId: `ANPA${shortId(17).toUpperCase()}`, DefaultVersionId: 'v1' } };
    },
    update(current, properties) {
      setAttached(current.properties, detach(current.physicalId));
      setAttached(properties, attach(current.physicalId));
      return { physicalId: current.physicalId, attributes: current.attributes };
    },
    delete: (current) => setAttached(current.properties, detach(current.physicalId)),
  });
}

function instanceProfileProvider(): ResourceProvider {
  return simpleProvider('AWS::IAM::InstanceProfile', ['InstanceProfileName', 'Path'], {
    create(properties, context) {
      const name = text(properties, 'InstanceProfileName') ?? physicalName(context.stackName, context.logicalId);
      return {
        physicalId: name,
        attributes: { Arn: `arn:aws:iam::${LOCAL_ACCOUNT_ID}:instance-profile${text(properties, 'Path') ?? '/'}${name}` },
      };
    },
  });
}

export function logGroupProvider(logs: LogSink): ResourceProvider {
  const retention = (properties: Properties): number | undefined => {
    const days = text(properties, 'RetentionInDays');
    return days === undefined ? undefined : Number(days);
  };
  return simpleProvider('AWS::Logs::LogGroup', ['LogGroupName'], {
    create(properties, context) {
      const name = text(properties, 'LogGroupName') ?? physicalName(context.stackName, context.logicalId);
      if (logs.groupExists(name)) {
        throw new ServiceError(
          'ResourceAlreadyExistsException',
          `Resource of type 'AWS::Logs::LogGroup' with identifier '{"/properties/LogGroupName":"${name}"}' already exists.`,
        );
      }
      logs.createGroup(name, retention(properties));
      return { physicalId: name, attributes: { Arn: `arn:aws:logs:${context.region}:${LOCAL_ACCOUNT_ID}:log-group:${name}:*` } };
    },
    update(current, properties) {
      logs.createGroup(current.physicalId, retention(properties));
      return { physicalId: current.physicalId, attributes: current.attributes };
    },
    delete: (current) => logs.deleteGroup(current.physicalId),
  });
}

function policies(properties: Properties): readonly Properties[] {
  return Array.isArray(properties['Policies']) ? (properties['Policies'] as Properties[]) : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
