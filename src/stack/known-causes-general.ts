import { deployAgain, type KnownCause } from './known-cause.ts';

/** What any service says in its own words: looked at last. */
export const KNOWN_GENERAL_CAUSES: readonly KnownCause[] = [
  {
    id: 'gone-outside',
    reason: /HandlerErrorCode: NotFound|was not found|ResourceNotFoundException|NoSuchEntity|does not exist/i,
    hint: (_, facts) =>
      `Something that the stack has or refers to was deleted outside it, or lies in another region: make it again, or take it out of the template. ${deployAgain(facts, ' --preview')} shows what the stack still has`,
  },
  {
    id: 'throttled',
    reason: /Rate exceeded|Throttl|Too ?Many ?Requests|Request limit exceeded|rate limit/i,
    hint: (_, facts) =>
      `AWS had too many calls at once from this account; nothing is wrong with the template. Try again in a minute: ${deployAgain(facts)}`,
  },
  {
    id: 'quota',
    reason:
      /(?:Cannot exceed quota for (\w+)|LimitExceeded|ServiceLimitExceeded|limit (?:exceeded|has been reached|is \d)|(?:maximum|max) (?:number|limit)|quota|TooManyBuckets|exceeds the maximum)/i,
    hint: (match, { resourceType }) =>
      `A quota of the account is used up (${match[1] ?? resourceType}): remove what is not needed, or ask for more: https://console.aws.amazon.com/servicequotas/home/services/${serviceOf(resourceType)}/quotas`,
  },
  {
    id: 'not-stabilised',
    reason: /did not stabilize|NotStabilized|Exceeded attempts to wait|failed to stabilize|timed out waiting|timeout exceeded/i,
    hint: (_, facts) =>
      `AWS made it, but it did not become ready in time. Look at it in the console (health checks, start of the image, DNS), then: ${deployAgain(facts)}`,
  },
  {
    id: 'service-trouble',
    reason:
      /HandlerErrorCode: (?:InternalFailure|ServiceInternalError|NetworkFailure|ServiceTimeout)|Internal (?:error|failure|server error)|ServiceUnavailable/i,
    hint: (_, facts) => `AWS had trouble of its own: try again (${deployAgain(facts)}); https://health.aws.amazon.com tells of larger ones`,
  },
];

/** As Service Quotas calls it: `AWS::ApiGateway::RestApi` → `apigateway`. */
function serviceOf(resourceType: string): string {
  const name = (resourceType.split('::')[1] ?? '').toLowerCase();
  return { serverless: 'lambda', apigatewayv2: 'apigateway', logs: 'logs', elasticloadbalancingv2: 'elasticloadbalancing' }[name] ?? name;
}
