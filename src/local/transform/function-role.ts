/** The execution role that SAM makes for a function or a state machine, from its policies. */
import { asDict, asList, type Dict, isDict } from '../engine/values.ts';
import { expandPolicyTemplate, isPolicyTemplate, templateParameters } from './policy-templates.ts';
import { addResource, knownText, passedOn, type SamContext, SamProblem, type SamResource, warn, withoutUndefined } from './sam-context.ts';

export interface RoleWishes {
  readonly service: string;
  readonly managedPolicies: readonly string[];
  readonly inlinePolicies: readonly Dict[];
  readonly tags: readonly Dict[] | undefined;
}

/** Managed policies that are not at the top of the `aws` namespace. */
const SERVICE_ROLE_POLICIES = /^(?:AWSLambda\w+ExecutionRole|AWSLambdaRole|AWSLambdaENIManagementAccess)$/;

/** Adds `<Id>Role`; answers what the function's Role property refers to. Throws SamProblem. */
export function addRole(context: SamContext, resource: SamResource, wishes: RoleWishes): Dict {
  const id = `${resource.id}Role`;
  const { properties } = resource;
  const { managed, inline } = splitPolicies(context, resource, properties['Policies']);
  const inlinePolicies = [...inline, ...wishes.inlinePolicies];
  addResource(
    context,
    id,
    'AWS::IAM::Role',
    {
      AssumeRolePolicyDocument: properties['AssumeRolePolicyDocument'] ?? assumeRolePolicy(wishes.service),
      ManagedPolicyArns: [...new Set([...wishes.managedPolicies, ...managed])],
      Path: properties['RolePath'],
      PermissionsBoundary: properties['PermissionsBoundary'],
      Policies: inlinePolicies.length === 0 ? undefined : inlinePolicies,
      Tags: wishes.tags,
    },
    passedOn(resource),
  );
  return { 'Fn::GetAtt': [id, 'Arn'] };
}

export function assumeRolePolicy(service: string): Dict {
  return { Version: '2012-10-17', Statement: [{ Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [service] } }] };
}

/** The ARN of a policy that AWS manages, by its name. */
export function managedPolicyArn(name: string): string {
  return `arn:aws:iam::aws:policy/${SERVICE_ROLE_POLICIES.test(name) ? 'service-role/' : ''}${name}`;
}

function splitPolicies(
  context: SamContext,
  resource: SamResource,
  policies: unknown,
): { managed: readonly unknown[]; inline: readonly Dict[] } {
  const list = Array.isArray(policies) ? policies : policies === undefined ? [] : [policies];
  const managed: unknown[] = [];
  const inline: Dict[] = [];
  for (const [index, policy] of list.entries()) {
    const document = isDict(policy) ? inlineDocument(context, resource, policy) : undefined;
    if (document !== undefined) inline.push({ PolicyName: `${resource.id}RolePolicy${index}`, PolicyDocument: document });
    else if (!isDict(policy) || !isPolicyTemplate(policy)) managed.push(managedPolicy(context, policy));
  }
  return { managed, inline };
}

function managedPolicy(context: SamContext, policy: unknown): unknown {
  const name = typeof policy === 'string' ? policy : knownText(context, policy);
  if (name === undefined || name.includes(':')) return policy;
  return managedPolicyArn(name);
}

/** Undefined for an intrinsic function, and for a template that is not known. */
function inlineDocument(context: SamContext, resource: SamResource, policy: Dict): Dict | undefined {
  if (asList(policy['Statement']).length > 0 || isDict(policy['Statement'])) return policy;
  if (!isPolicyTemplate(policy)) return undefined;
  const name = Object.keys(policy)[0] ?? '';
  const expanded = expandPolicyTemplate(name, templateParameters(policy));
  if (expanded === undefined) {
    warn(context, `${resource.id}Role`, `the policy template ${name}`);
    return undefined;
  }
  if (expanded.missing.length > 0) {
    throw new SamProblem(`Following required parameters of template '${name}' don't have values: [${expanded.missing.join(', ')}]`);
  }
  return withoutUndefined(asDict(expanded.document));
}
