/** Invokes the function behind a route, within the gateway's time and only when the function's policy allows it. */
import { type InvokeResult, ServiceError } from '../types.ts';
import type { FrontDeps } from './types.ts';

export interface FunctionCall {
  readonly functionArn: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly streaming: boolean;
  /** Who asks: any of these source ARNs has to be allowed; undefined when no permission is needed. */
  readonly sourceArns: readonly string[] | undefined;
  /** For the log: which API and route. */
  readonly about: string;
}

/** What came of it: an answer, or why there is none. */
export type CallOutcome =
  | { readonly kind: 'answer'; readonly result: InvokeResult & { readonly streamEnded?: Promise<Buffer | undefined> } }
  | { readonly kind: 'not-allowed' | 'failed' | 'timeout' | 'throttled' | 'too-large' };

export async function callFunction(deps: FrontDeps, call: FunctionCall): Promise<CallOutcome> {
  const { functionArn, sourceArns } = call;
  if (
    sourceArns?.some((arn) => deps.functions.isAllowed(functionArn, 'apigateway.amazonaws.com', 'lambda:InvokeFunction', arn)) === false
  ) {
    deps.log(
      `${call.about}: the function's policy does not let API Gateway invoke it. It needs an AWS::Lambda::Permission with the principal apigateway.amazonaws.com for ${functionArn} and a source ARN that fits ${sourceArns[0]}`,
    );
    return { kind: 'not-allowed' };
  }
  const payload = Buffer.from(JSON.stringify(call.event));
  if (payload.length > 6 * 1024 * 1024) return { kind: 'too-large' };
  const clock = AbortSignal.timeout(call.timeoutMs);
  try {
    const result = await deps.functions.invoke(functionArn, payload, { streaming: call.streaming, signal: clock });
    if (result.functionError === undefined) return { kind: 'answer', result };
    deps.log(`${call.about}: the function failed: ${result.payload.toString('utf8').slice(0, 500)}`);
    return { kind: 'failed' };
  } catch (error) {
    if (clock.aborted && error === clock.reason) return { kind: 'timeout' };
    if (!(error instanceof ServiceError)) throw error;
    deps.log(`${call.about}: ${error.message}`);
    return { kind: error.status === 429 ? 'throttled' : 'failed' };
  }
}
