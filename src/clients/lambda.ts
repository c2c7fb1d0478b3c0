import { GetFunctionUrlConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';

import { serviceFailure, translateAwsError } from './aws-errors.ts';
import type { SdkClientConfig } from './aws-config.ts';

export interface FunctionUrl {
  readonly url: string;
  /** `NONE` or `AWS_IAM`. */
  readonly authType: string;
}

/** What this tool asks Lambda. */
export interface LambdaFunctions {
  /** The URL of a function by its ARN, with or without an alias; undefined when it has none. */
  functionUrl(functionArn: string, signal?: AbortSignal): Promise<FunctionUrl | undefined>;
}

/** Loads the SDK. */
export async function createLambdaFunctions(config: SdkClientConfig): Promise<LambdaFunctions> {
  const client = new LambdaClient({ ...config });
  return {
    async functionUrl(functionArn, signal) {
      const { name, qualifier } = splitArn(functionArn);
      const input = { FunctionName: name, ...(qualifier === undefined ? {} : { Qualifier: qualifier }) };
      try {
        const answer = await client.send(new GetFunctionUrlConfigCommand(input), signal === undefined ? {} : { abortSignal: signal });
        return answer.FunctionUrl === undefined ? undefined : { url: answer.FunctionUrl, authType: answer.AuthType ?? '' };
      } catch (error) {
        if (serviceFailure(error)?.name === 'ResourceNotFoundException') return undefined;
        throw translateAwsError(error, { service: 'Lambda', operation: 'GetFunctionUrlConfig', endpoint: config.endpoint });
      }
    },
  };
}

/** The call takes an alias beside the name only: `arn:…:function:name:alias` is split. */
function splitArn(arn: string): { name: string; qualifier: string | undefined } {
  const parts = arn.split(':');
  if (parts[0] !== 'arn' || parts.length < 8) return { name: arn, qualifier: undefined };
  return { name: parts.slice(0, 7).join(':'), qualifier: parts[7] };
}
