/** When AWS ends a runtime, as `YYYY-MM-DD`. */
export interface RuntimeEnd {
  /** No more security updates. */
  readonly deprecated: string;
  /** From then on no new function can be made with it. */
  readonly createBlocked: string;
  /** From then on no function that has it can be updated. */
  readonly updateBlocked: string;
}

/** The one date on which AWS blocks everything that was deprecated before (moved there in 2026). */
const POSTPONED = { createBlocked: '2027-02-01', updateBlocked: '2027-03-03' } as const;

/**
 * Runtimes whose end is announced; those without a row have no known end. Sources, read in November 2026: "Lambda runtimes" in the Lambda
 * developer guide, AWS's notices about Python 3.10 and .NET 8, `@aws/cloudformation-validate` 1.9.0-beta (September 2026) and cfn-lint's table of lifecycles.
 */
export const RUNTIME_ENDS: ReadonlyMap<string, RuntimeEnd> = new Map<string, RuntimeEnd>([
  ['dotnetcore3.1', { deprecated: '2023-04-03', createBlocked: '2023-04-03', updateBlocked: '2023-05-03' }],
  ['nodejs12.x', { deprecated: '2023-03-31', createBlocked: '2023-03-31', updateBlocked: '2023-04-30' }],
  ['python3.6', { deprecated: '2022-07-18', createBlocked: '2022-07-18', updateBlocked: '2022-08-29' }],
  ['python3.7', { deprecated: '2023-12-04', createBlocked: '2024-01-09', updateBlocked: '2027-03-03' }],
  ['nodejs14.x', { deprecated: '2023-12-04', createBlocked: '2024-01-09', updateBlocked: '2027-03-03' }],
  ['ruby2.7', { deprecated: '2023-12-07', createBlocked: '2024-01-09', updateBlocked: '2027-03-03' }],
  ['go1.x', { deprecated: '2024-01-08', createBlocked: '2024-02-08', updateBlocked: '2027-03-03' }],
  ['java8', { deprecated: '2024-01-08', createBlocked: '2024-02-08', updateBlocked: '2027-03-03' }],
  ['provided', { deprecated: '2024-01-08', createBlocked: '2024-02-08', updateBlocked: '2027-03-03' }],
  ['nodejs16.x', { deprecated: '2024-06-12', ...POSTPONED }],
  ['python3.8', { deprecated: '2024-10-14', ...POSTPONED }],
  ['dotnet6', { deprecated: '2024-12-20', ...POSTPONED }],
  ['nodejs18.x', { deprecated: '2025-09-01', ...POSTPONED }],
  ['python3.9', { deprecated: '2025-12-15', ...POSTPONED }],
  ['ruby3.2', { deprecated: '2026-03-31', ...POSTPONED }],
  ['nodejs20.x', { deprecated: '2026-04-30', ...POSTPONED }],
  ['provided.al2', { deprecated: '2026-07-31', ...POSTPONED }],
  ['python3.10', { deprecated: '2026-10-31', ...POSTPONED }],
  ['dotnet8', { deprecated: '2026-11-10', ...POSTPONED }],
  ['ruby3.3', { deprecated: '2027-03-31', createBlocked: '2027-04-30', updateBlocked: '2027-05-31' }],
  ['nodejs22.x', { deprecated: '2027-04-30', createBlocked: '2027-06-01', updateBlocked: '2027-07-01' }],
]);

const NOTICE_MS = 90 * 24 * 60 * 60 * 1000;

/** What to say of a runtime now: undefined while its end is unknown or more than 90 days away. `now` is in milliseconds since 1970. */
export function describeRuntimeEnd(runtime: string, now: number): string | undefined {
  const end = RUNTIME_ENDS.get(runtime);
  if (end === undefined || Date.parse(end.deprecated) - now > NOTICE_MS) return undefined;
  const says = (date: string, past: string, future: string): string => `${Date.parse(date) <= now ? past : future} ${date}`;
  return [
    `the runtime ${runtime} ${says(end.deprecated, 'is deprecated since', 'will be deprecated on')}`,
    `new functions ${says(end.createBlocked, 'are refused since', 'are refused from')}`,
    `updates ${says(end.updateBlocked, 'are refused since', 'are refused from')}`,
  ].join('; ');
}
