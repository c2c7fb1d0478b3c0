import type { Template } from './types.ts';
import { member } from './value.ts';

/**
 * What CloudFormation accepts, in bytes of UTF-8 and in numbers of entries.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
export const TEMPLATE_LIMITS = {
  bodyBytes: 51_200,
  urlBytes: 1_000_000,
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

/** One sentence for every limit that a template exceeds. `Fn::ForEach` counts as one entry, since only AWS writes it out. */
export function exceededLimits(template: Template): string[] {
  const counted = ['Resources', 'Parameters', 'Outputs', 'Mappings'] as const;
  const entries = counted.flatMap((section) => {
    const limit = TEMPLATE_LIMITS[section.toLowerCase() as 'resources' | 'parameters' | 'outputs' | 'mappings'];
    const count = Object.keys(member(template.value, section) ?? {}).length;
    return count > limit ? [`${section} has ${count} entries, and CloudFormation accepts ${limit}`] : [];
  });
  const bytes = templateBytes(template.text);
  if (bytes <= TEMPLATE_LIMITS.urlBytes) return entries;
  return [`the template has ${bytes} bytes, and CloudFormation accepts ${TEMPLATE_LIMITS.urlBytes}`, ...entries];
}
