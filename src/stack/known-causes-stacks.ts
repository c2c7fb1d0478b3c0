import { deployAgain, type KnownCause } from './known-cause.ts';

/** Causes in the stack as such: the template, its parameters and exports, custom resources, hooks, time. */
export const KNOWN_STACK_CAUSES: readonly KnownCause[] = [
  {
    id: 'custom-resource-silent',
    reason: /did not receive a response from your Custom Resource|Custom Resource failed to stabilize in expected time/i,
    hint: (_, { logicalId }) =>
      `The function behind ${logicalId} never answered CloudFormation: it crashed, ran into its timeout, or cannot reach S3 from its VPC. Answer in every branch, errors included; ServiceTimeout (seconds) makes CloudFormation give up sooner than after an hour`,
  },
  {
    id: 'custom-resource-failed',
    reason: /Received response status \[FAILED\] from custom resource/i,
    hint: (_, { logicalId }) =>
      `The function behind ${logicalId} answered FAILED; what it wrote to its log says why. Mend the function or the properties it is given`,
  },
  {
    id: 'custom-resource-id',
    reason: /Invalid PhysicalResourceId|Custom Resource response.{0,60}(?:exceed|too long|larger)/is,
    hint: 'The function of the custom resource must answer with the PhysicalResourceId it was given (unless it means to replace), and with 4 KB at most',
  },
  {
    id: 'custom-resource-token',
    reason: /Modifying service token is not allowed/i,
    hint: (_, { logicalId }) => `A custom resource cannot change its ServiceToken: give ${logicalId} another logical id in the template`,
  },
  {
    id: 'hook',
    reason: /The following hook\(s\) failed(?:: \[([^\]]*)\])?|^The hook (\S+) refuses/i,
    hint: (match) =>
      `A rule of the organisation (${match[1] ?? match[2] ?? 'a hook'}) refuses the resource as it is: change what it says, or talk to whoever keeps the hook`,
  },
  {
    id: 'stack-policy',
    reason: /denied by stack policy/i,
    hint: 'The stack policy protects this resource: change the policy (aws cloudformation set-stack-policy), or leave the resource as it is',
  },
  {
    id: 'capability',
    reason: /Requires capabilities ?: ?\[([A-Z_, ]+)\]|InsufficientCapabilities/i,
    hint: (match, facts) =>
      `The template needs ${match[1] ?? 'a capability'} to be acknowledged. That is done unless --disable-capabilities (or disable-capabilities in the defaults file) names it: ${deployAgain(facts)}`,
  },
  {
    id: 'export-taken',
    reason: /Export with name (\S+) is already exported by stack (\S+?)\.?(?:\s|$)/i,
    hint: (match) =>
      `Stack ${match[2]} exports ${match[1]} already, and a name can be exported once in a region: put \${AWS::StackName} into Export.Name`,
  },
  {
    id: 'export-in-use',
    reason: /(?:Cannot (?:delete|update) export|Export) (\S+) (?:cannot be (?:deleted|updated) )?as it is in use by (.+?)\.?$/im,
    hint: (match) => `First change or delete what imports ${match[1]}: ${match[2]}`,
  },
  {
    id: 'export-missing',
    reason: /No export named (\S+) found/i,
    hint: (match) =>
      `No stack of this account and region exports ${match[1]}: deploy the one that does first (aws cloudformation list-exports shows what there is)`,
  },
  {
    id: 'ssm-parameter',
    reason: /Unable to fetch parameters \[([^\]]*)\]|Parameters: \[(ssm[^\]]*)\] cannot be found|ParameterNotFound/i,
    hint: (match) =>
      `The parameter store of this region has no ${match[1] ?? match[2]?.replace(/^ssm(-secure)?:/, '') ?? 'such parameter'}: make it with aws ssm put-parameter, or check name and region`,
  },
  {
    id: 'secret-missing',
    reason: /Secrets Manager can't find the specified secret/i,
    hint: 'The secret that {{resolve:secretsmanager:…}} names is not in this region and account, or waits to be deleted: aws secretsmanager list-secrets --include-planned-deletion',
  },
  {
    id: 'circular',
    reason: /Circular dependency between resources: \[([^\]]*)\]/i,
    hint: (match) =>
      `${match[1]} need each other. Take one Ref or GetAtt out (a fixed name, a Permission or Policy as a resource of its own); lambda-tool validate shows the circle`,
  },
  {
    id: 'undefined-reference',
    reason: /references undefined resource (\S+)|Unresolved resource dependencies \[([^\]]*)\]/i,
    hint: (match) => `The template has no ${match[1] ?? match[2]}: mend the name. lambda-tool validate finds such before a deployment`,
  },
  {
    id: 'nested-template',
    reason:
      /TemplateURL must (?:be a supported URL|reference a valid S3 object)|Template format error|S3 error: (?:Access Denied|The specified key)/i,
    hint: 'CloudFormation cannot read the template of the nested stack. Name a local file as TemplateURL: then this tool checks and uploads it; the deploying identity (or role) needs s3:GetObject on the bucket',
  },
  {
    id: 'parameters-missing',
    reason: /Parameters: \[([^\]]*)\] must have values/i,
    hint: (match) => `The nested stack's template has no default for ${match[1]}: give it in Parameters of the nested stack`,
  },
  {
    id: 'custom-name-replacement',
    reason: /cannot update a stack when a custom-named resource requires replacing\. Rename (\S+)/i,
    hint: (match) =>
      `The change needs a new resource, and two cannot have one name: change the name of ${match[1]?.replace(/\/.*$/, '')} in the template, or remove it so that CloudFormation makes one up`,
  },
  {
    id: 'stack-timeout',
    reason: /exceeded the specified timeout/i,
    hint: 'The stack was not done within its timeout: see which resource took so long, or allow more time',
  },
  {
    id: 'rollback-alarm',
    reason: /(?:rollback|alarm)\S*.{0,80}\b(?:alarm|trigger)/is,
    type: /^AWS::CloudFormation::Stack$/,
    hint: 'An alarm that was given as a rollback trigger went off: look at its history (aws cloudwatch describe-alarm-history), mend the cause and deploy again',
  },
  {
    id: 'cancelled-by-user',
    reason: /^User Initiated$|cancel(?:led|ed) by (?:the )?user/i,
    type: /^AWS::CloudFormation::Stack$/,
    hint: (_, facts) => `Somebody stopped the operation. To try again: ${deployAgain(facts)}`,
  },
  {
    // A hook of the language: names taken elsewhere are found before anything is made. CloudFormation user guide, "Validate stack deployments".
    id: 'property-invalid',
    reason:
      /Properties validation failed for resource|extraneous key \[[^\]]*\] is not permitted|Encountered unsupported property (\S+)|required key \[[^\]]*\] not found|Model validation failed|Validation failed for following resources/i,
    hint: (_, { resourceType }) =>
      `A property of ${resourceType} is misspelt, missing or has a wrong value. lambda-tool validate --online says which before a deployment`,
  },
];
