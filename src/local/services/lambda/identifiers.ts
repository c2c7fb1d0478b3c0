/** Names and ARNs of functions and layers. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax */
import { LOCAL_ACCOUNT_ID, ServiceError } from '../../types.ts';
import { partitionOf } from '../../engine/pseudo.ts';

export interface FunctionReference {
  readonly name: string;
  /** Undefined when only a name was given. */
  readonly region: string | undefined;
  /** Version or alias; undefined when not given. `$LATEST` stays as it is. */
  readonly qualifier: string | undefined;
}

const REFERENCE =
  /^(?:arn:aws[a-z-]*:lambda:([a-z0-9-]+):)?(?:(\d{12}):)?(?:function:)?([A-Za-z0-9_-]{1,64})(?::(\$LATEST(?:\.PUBLISHED)?|[A-Za-z0-9_-]+))?$/;

/** Takes `name`, `name:qualifier`, an ARN or a partial ARN. Throws ServiceError `ValidationException`. */
export function parseFunctionReference(text: string, qualifier?: string | null): FunctionReference {
  const match = REFERENCE.exec(text);
  const name = match?.[3];
  if (name === undefined) {
    throw new ServiceError(
      'ValidationException',
      `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?`,
    );
  }
  const inName = match?.[4];
  if (inName !== undefined && qualifier !== undefined && qualifier !== null && inName !== qualifier) {
    throw new ServiceError(
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  }
  return { name, region: match?.[1], qualifier: inName ?? qualifier ?? undefined };
}

export function functionArn(region: string, name: string): string {
  return `arn:${partitionOf(region)}:lambda:${region}:${LOCAL_ACCOUNT_ID}:function:${name}`;
}

export function layerArn(region: string, name: string): string {
  return `arn:${partitionOf(region)}:lambda:${region}:${LOCAL_ACCOUNT_ID}:layer:${name}`;
}

/** Takes a layer's name or ARN, with or without a version. */
export function parseLayerReference(text: string): { readonly name: string; readonly version: number | undefined } {
  const match = /^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:layer:)?([A-Za-z0-9_-]{1,140})(?::(\d+))?$/.exec(text);
  if (match?.[1] === undefined) {
    throw new ServiceError('InvalidParameterValueException', `'${text}' is not the name or ARN of a layer`);
  }
  return { name: match[1], version: match[2] === undefined ? undefined : Number(match[2]) };
}
