/** The resource types that functions, their APIs, roles and logs are made of. */
import type { LogSink, ObjectReader, ResourceProvider } from '../types.ts';
import type { Apis } from './apigateway.ts';
import type { Iam } from './iam.ts';
import type { Lambda } from './lambda.ts';
import { liveFunctionTypes, withLive } from './live/index.ts';
import { httpApiProviders } from './providers/http-api.ts';
import { iamProviders, logGroupProvider } from './providers/iam.ts';
import { lambdaProviders } from './providers/lambda.ts';
import { restApiProviders } from './providers/rest-api.ts';

export interface FunctionProviderDeps {
  readonly lambda: Lambda;
  readonly apis: Apis;
  readonly iam: Iam;
  readonly logs: LogSink;
  readonly objects: ObjectReader;
}

/** For `createCloudFormation`. Attributes hold the addresses of AWS; outputs are rewritten when they are read (`UrlMapper`). */
export function functionProviders(deps: FunctionProviderDeps): readonly ResourceProvider[] {
  const providers = [
    ...lambdaProviders(deps.lambda),
    ...restApiProviders(deps),
    ...httpApiProviders(deps),
    ...iamProviders(deps.iam),
    logGroupProvider(deps.logs),
  ];
  return withLive(providers, liveFunctionTypes(deps));
}
