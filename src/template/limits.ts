/**
 * What CloudFormation accepts, in bytes of UTF-8 and in numbers of entries.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export const TEMPLATE_LIMITS = {
  bodyBytes: 51_200,
  urlBytes: 1_048_576,
  resources: 500,
  parameters: 200,
  outputs: 200,
  mappings: 200,
} as const;

/** Size of a template as CloudFormation counts it: bytes, not characters. */
export function templateBytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** How a template can be handed over: in the request, only by way of S3, or not at all. */
export function templateTransport(text: string): 'body' | 'url' | 'too-large' {
  const bytes = templateBytes(text);
  if (bytes <= TEMPLATE_LIMITS.bodyBytes) return 'body';
  return bytes <= TEMPLATE_LIMITS.urlBytes ? 'url' : 'too-large';
}
