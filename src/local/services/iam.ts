/** IAM roles and their policies: recorded, so that templates deploy and clients can look; nothing is evaluated. */
import { randomBytes } from 'node:crypto';
import { createQueryService, paramText, type QueryOperation, requiredText } from '../protocol/query-xml.ts';
import { LOCAL_ACCOUNT_ID, type Service, ServiceError, type Store } from '../types.ts';

export interface RoleRecord {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly arn: string;
  readonly createdAt: string;
  readonly description?: string | undefined;
  readonly maxSessionSeconds?: number | undefined;
  /** JSON. */
  readonly trustPolicy: string;
  /** Policy ARNs. */
  readonly attached: readonly string[];
  /** Name → JSON. */
  readonly inline: Readonly<Record<string, string>>;
}

/** What the CloudFormation providers of roles and policies use. */
export interface Iam {
  readonly service: Service;
  findRole(name: string): RoleRecord | undefined;
  /** Throws ServiceError `EntityAlreadyExists` (409). */
  createRole(role: Pick<RoleRecord, 'name' | 'trustPolicy'> & Partial<RoleRecord>): RoleRecord;
  /** Throws ServiceError `NoSuchEntity` (404). */
  updateRole(name: string, change: (role: RoleRecord) => RoleRecord): RoleRecord;
  deleteRole(name: string): void;
}

/** Nothing to close: all state is in the store. */
export function createIam(store: Store): Iam {
  const roles = store.collection<RoleRecord>('iam-roles');
  const getRole = (name: string): RoleRecord => {
    const role = roles.get(name);
    if (role === undefined) throw new ServiceError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
    return role;
  };
  const pieces: Omit<Iam, 'service'> = {
    findRole: (name) => roles.get(name),
    createRole(role) {
      if (roles.get(role.name) !== undefined) {
        throw new ServiceError('EntityAlreadyExists', `Role with name ${role.name} already exists.`, 409);
      }
      const path = role.path ?? '/';
      const arn = `arn:aws:iam::${LOCAL_ACCOUNT_ID}:role${path}${role.name}`;
      const id = `AROA${randomBytes(17).toString('hex').toUpperCase().slice(0, 17)}`;
      roles.put(role.name, { path, id, arn, createdAt: new Date().toISOString(), attached: [], inline: {}, ...role });
      return getRole(role.name);
    },
    updateRole(name, change) {
      roles.put(name, change(getRole(name)));
      return getRole(name);
    },
    deleteRole: (name) => roles.delete(name),
  };
  const all = (): readonly RoleRecord[] => [...roles.entries()].map(([, role]) => role);
  const operations = roleOperations(pieces, getRole, all);
  const service = createQueryService({ name: 'iam', namespace: 'https://iam.amazonaws.com/doc/2010-05-08/', operations });
  return { ...pieces, service };
}

function roleOperations(
  iam: Omit<Iam, 'service'>,
  getRole: (name: string) => RoleRecord,
  all: () => readonly RoleRecord[],
): Readonly<Record<string, QueryOperation>> {
  const named = (params: Parameters<QueryOperation>[0]): RoleRecord => getRole(requiredText(params, 'RoleName'));
  return {
    CreateRole(params) {
      const role = iam.createRole({
        name: requiredText(params, 'RoleName'),
        trustPolicy: requiredText(params, 'AssumeRolePolicyDocument'),
        description: paramText(params, 'Description'),
        ...(paramText(params, 'Path') === undefined ? {} : { path: requiredText(params, 'Path') }),
      });
      return { Role: describeRole(role) };
    },
    GetRole: (params) => ({ Role: describeRole(named(params)) }),
    ListRoles(params) {
      const prefix = paramText(params, 'PathPrefix') ?? '/';
      return {
        Roles: all()
          .filter((role) => role.path.startsWith(prefix))
          .map(describeRole),
        IsTruncated: false,
      };
    },
    DeleteRole(params) {
      const role = named(params);
      if (role.attached.length > 0 || Object.keys(role.inline).length > 0) {
        throw new ServiceError('DeleteConflict', 'Cannot delete entity, must detach all policies first.', 409);
      }
      iam.deleteRole(role.name);
    },
    AttachRolePolicy(params) {
      const arn = requiredText(params, 'PolicyArn');
      iam.updateRole(named(params).name, (role) => ({ ...role, attached: [...new Set([...role.attached, arn])] }));
    },
    DetachRolePolicy(params) {
      const arn = requiredText(params, 'PolicyArn');
      iam.updateRole(named(params).name, (role) => ({ ...role, attached: role.attached.filter((other) => other !== arn) }));
    },
    PutRolePolicy(params) {
      const [name, document] = [requiredText(params, 'PolicyName'), requiredText(params, 'PolicyDocument')];
      iam.updateRole(named(params).name, (role) => ({ ...role, inline: { ...role.inline, [name]: document } }));
    },
    DeleteRolePolicy(params) {
      const name = requiredText(params, 'PolicyName');
      iam.updateRole(named(params).name, (role) => ({ ...role, inline: without(role.inline, name) }));
    },
    GetRolePolicy(params) {
      const role = named(params);
      const name = requiredText(params, 'PolicyName');
      const document = role.inline[name];
      if (document === undefined) throw new ServiceError('NoSuchEntity', `The role policy with name ${name} cannot be found.`, 404);
      return { RoleName: role.name, PolicyName: name, PolicyDocument: encodeURIComponent(document) };
    },
    ListAttachedRolePolicies: (params) => ({
      AttachedPolicies: named(params).attached.map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn })),
      IsTruncated: false,
    }),
    ListRolePolicies: (params) => ({ PolicyNames: Object.keys(named(params).inline), IsTruncated: false }),
    ListInstanceProfilesForRole: (params) => (named(params), { InstanceProfiles: [], IsTruncated: false }),
    ListRoleTags: (params) => (named(params), { Tags: [], IsTruncated: false }),
  };
}

function describeRole(role: RoleRecord): unknown {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds ?? 3600,
  };
}

export function without<T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}
