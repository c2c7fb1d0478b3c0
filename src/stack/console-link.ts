/** https://docs.aws.amazon.com/general/latest/gr/docs-endpoints.html and the sign-in pages of the partitions. */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-eusc': 'console.amazonaws-eusc.eu',
};

/**
 * The events of a stack in the console of its partition; undefined for one on another endpoint than AWS's own, and for partitions
 * whose console is not known.
 */
export function consoleLink(stackId: string, endpoint: string | undefined): string | undefined {
  if (endpoint !== undefined && !isAws(endpoint)) return undefined;
  const [, partition, , region] = stackId.split(':');
  const host = CONSOLES[partition ?? ''];
  if (host === undefined || region === undefined || region === '') return undefined;
  // Only consoles of the first partition have a host for each region.
  const place = partition === 'aws' ? `${region}.${host}` : host;
  return `https://${place}/cloudformation/home?region=${region}#/stacks/events?stackId=${encodeURIComponent(stackId)}`;
}

/** An interface endpoint (PrivateLink) is AWS all the same. */
function isAws(endpoint: string): boolean {
  return /\.(amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu)$/.test(new URL(endpoint).hostname);
}
