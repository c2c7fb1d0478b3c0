import { deployAgain, type KnownCause } from './known-cause.ts';

/** "User: arn… is not authorized to perform: iam:CreateRole on resource: …": the form that IAM gives to all services. */
const NOT_AUTHORIZED = String.raw`(?:User: )?(arn:\S+) is not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?`;

/** Causes in rights: roles, policies, keys, organisations. */
export const KNOWN_RIGHTS_CAUSES: readonly KnownCause[] = [
  {
    // A new role is not known everywhere at once: IAM user guide, "Troubleshoot IAM: changes that I make are not always immediately visible".
    id: 'role-not-assumable',
    reason:
      /role defined for the function cannot be assumed|cannot be assumed by|not authorized to perform: sts:AssumeRole|Role is invalid or cannot be assumed|is unable to assume role/i,
    hint: (_, facts) =>
      `The trust policy of the role must name the service (lambda.amazonaws.com for functions); and a new role takes some seconds until it is known everywhere. When the policy is right: ${deployAgain(facts)}`,
  },
  {
    id: 'principal-invalid',
    reason: /Invalid principal in policy|provided principal was invalid|Policy contains an invalid principal|invalid service principal/i,
    hint: 'A policy names a user, role or service that does not exist (any more): a role must be there before its ARN is used, and services are written like lambda.amazonaws.com',
  },
  {
    id: 'policy-malformed',
    reason:
      /MalformedPolicy|policy document.{0,80}(?:should not|must|syntax)|Syntax errors in policy|has prohibited field|Policy has invalid resource/is,
    hint: 'The policy document is not one: a trust policy (AssumeRolePolicyDocument) has Principal and no Resource, a role policy has Resource and no Principal. aws accessanalyzer validate-policy names the place',
  },
  {
    id: 'explicit-deny',
    reason: new RegExp(`${NOT_AUTHORIZED}.*?with an explicit deny(?: in (?:an? |the )?([a-z -]+?))?(?:[.:( ]|$)`, 'is'),
    hint: (match) =>
      `${match[1]} is explicitly denied ${match[2]}${boundary(match.input)}. No further permission helps: whoever keeps that policy has to change it, or the template has to do without`,
  },
  {
    // A role that is seconds old is not yet a principal for KMS; every tool that makes functions right after roles tries again on this.
    id: 'kms-new-role',
    reason: /KMS key is invalid for CreateGrant.*not refer to a valid principal/is,
    hint: (_, facts) => `The role is so new that KMS does not know it yet: try again (${deployAgain(facts)})`,
  },
  {
    id: 'kms',
    reason:
      /KMSAccessDenied|KMS key is (?:invalid|disabled)|kms:\w+|ciphertext refers to a (?:customer master )?key|access to your environment variables because the KMS|KMS.*(?:access|denied|not authorized|disabled|pending)/is,
    hint: "The KMS key refuses: its key policy (or a grant) must let the function's role use kms:Decrypt and kms:GenerateDataKey, and whoever deploys use kms:CreateGrant; a disabled key, or one about to be deleted, does not work",
  },
  {
    id: 'pass-role',
    reason: new RegExp(NOT_AUTHORIZED.replace('[\\w-]+:\\w+', 'iam:PassRole'), 'i'),
    hint: (match) =>
      `${match[1]} may not hand the role ${match[3] ?? ''} on: it needs iam:PassRole for it, or --cloudformation-role names a role that has it`,
  },
  {
    id: 'not-authorized',
    reason: new RegExp(NOT_AUTHORIZED, 'i'),
    hint: (match, facts) =>
      `${match[1]} needs the permission ${match[2]}${match[3] === undefined ? '' : ` on ${match[3]}`}${boundary(match.input)}. Add it, or let a role with more rights do it: ${deployAgain(facts, ' --cloudformation-role ARN')}`,
  },
  {
    id: 'encoded-denial',
    reason: /Encoded authorization failure message: (\S+)/i,
    hint: 'A permission is missing; AWS says which only to whoever may ask: aws sts decode-authorization-message --encoded-message …',
  },
  {
    id: 'access-denied',
    reason: /access ?denied|not authorized|UnauthorizedOperation|HandlerErrorCode: AccessDenied|HandlerErrorCode: InvalidCredentials/i,
    hint: (_, facts) =>
      `The identity that makes the resources lacks a permission. Add it, or let a role with more rights do it: ${deployAgain(facts, ' --cloudformation-role ARN')}`,
  },
  {
    id: 'service-not-enabled',
    reason:
      /needs a subscription for the service|SubscriptionRequired|OptInRequired|account must be verified|account is not (?:authorized|signed up)/i,
    hint: 'The account has not been enabled for this service or region yet: open it once in the console, or ask AWS Support',
  },
];

/** Which kind of policy denies: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function boundary(reason: string): string {
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/service control policy/i, 'by a service control policy of the organisation'],
    [/resource control policy/i, 'by a resource control policy of the organisation'],
    [/permissions boundary/i, 'by its permissions boundary'],
    [/session policy/i, 'by the policy of its session'],
    [/resource-based policy/i, 'by the policy of the resource'],
    [/VPC endpoint policy/i, 'by the policy of a VPC endpoint'],
    [/identity-based policy/i, 'by its own policies'],
  ];
  const found = kinds.find(([pattern]) => pattern.test(reason))?.[1];
  const policy = /arn:[^\s:]+:organizations::\d+:policy\/\S*?(p-[a-z0-9]+)/.exec(reason)?.[1];
  return found === undefined ? '' : ` (${found}${policy === undefined ? '' : `, ${policy}`})`;
}
