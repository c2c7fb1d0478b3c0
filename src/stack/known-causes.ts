import type { CauseFacts, KnownCause } from './known-cause.ts';
import { KNOWN_CODE_CAUSES } from './known-causes-code.ts';
import { KNOWN_GENERAL_CAUSES } from './known-causes-general.ts';
import { KNOWN_RESOURCE_CAUSES } from './known-causes-resources.ts';
import { KNOWN_RIGHTS_CAUSES } from './known-causes-rights.ts';
import { KNOWN_STACK_CAUSES } from './known-causes-stacks.ts';

/** The first row that fits wins, so what is special comes before what is general. */
export const KNOWN_CAUSES: readonly KnownCause[] = [
  ...KNOWN_CODE_CAUSES,
  ...KNOWN_STACK_CAUSES,
  ...KNOWN_RESOURCE_CAUSES,
  ...KNOWN_RIGHTS_CAUSES,
  ...KNOWN_GENERAL_CAUSES,
];

export interface FoundCause {
  readonly id: string;
  readonly hint: string;
}

/** What is known of a failure, by AWS's words and the type of the resource. */
export function findKnownCause(facts: CauseFacts): FoundCause | undefined {
  for (const { id, reason, type, hint } of KNOWN_CAUSES) {
    const match = reason.exec(facts.reason);
    if (match === null || type?.test(facts.resourceType) === false) continue;
    return { id, hint: typeof hint === 'string' ? hint : hint(match, facts) };
  }
  return undefined;
}
