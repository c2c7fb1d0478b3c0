/** Checks a function's settings as Lambda does, before anything is kept. */
import { ServiceError } from '../../types.ts';
import type { Settings } from './records.ts';

/** Settings that are kept and given back; those that this target acts upon and those that it only remembers. */
export const SETTING_NAMES: readonly string[] = [
  'Architectures',
  'CapacityProviderConfig',
  'DeadLetterConfig',
  'Description',
  'DurableConfig',
  'Environment',
  'EphemeralStorage',
  'FileSystemConfigs',
  'Handler',
  'ImageConfig',
  'KMSKeyArn',
  'Layers',
  'LoggingConfig',
  'MemorySize',
  'PackageType',
  'Role',
  'Runtime',
  'RuntimeConfig',
  'SnapStart',
  'TenancyConfig',
  'Timeout',
  'TracingConfig',
  'VpcConfig',
];

const RESERVED_VARIABLES: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]);

/** All of a function's environment variables, names and values as JSON, in bytes. */
const MAX_ENVIRONMENT_BYTES = 4096;

/** The settings among the members of a request or the properties of a resource. */
export function pickSettings(input: Readonly<Record<string, unknown>>): Settings {
  const settings = Object.fromEntries(
    SETTING_NAMES.flatMap((name) => (input[name] === undefined || input[name] === null ? [] : [[name, input[name]]])),
  );
  const numbers = ['Timeout', 'MemorySize'].flatMap((name) => (settings[name] === undefined ? [] : [[name, Number(settings[name])]]));
  return { ...settings, ...Object.fromEntries(numbers) };
}

/** Adds what Lambda assumes, and refuses what Lambda refuses. Throws ServiceError `InvalidParameterValueException` or `ValidationException`. */
export function completeSettings(settings: Settings): Settings {
  const complete = { PackageType: 'Zip', Timeout: 3, MemorySize: 128, Description: '', Architectures: ['x86_64'], ...settings };
  checkRange('timeout', complete.Timeout, 1, 900);
  checkRange('memorySize', complete.MemorySize, 128, 32_768);
  checkPackageType(complete);
  checkEnvironment(environmentOf(complete));
  if (!['x86_64', 'arm64'].includes(architectureOf(complete))) {
    throw validation(architectureOf(complete), 'architectures', 'Member must satisfy enum value set: [x86_64, arm64]');
  }
  return complete;
}

export function environmentOf(settings: Settings): Readonly<Record<string, string>> {
  const variables = (settings['Environment'] as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {};
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}

export function architectureOf(settings: Settings): string {
  const [architecture] = (settings['Architectures'] as readonly string[] | undefined) ?? [];
  return architecture ?? 'x86_64';
}

function checkPackageType(settings: Settings): void {
  if (settings['PackageType'] === 'Image') {
    const unwanted = ['Handler', 'Runtime', 'Layers'].filter(
      (name) => settings[name] !== undefined && (settings[name] as { length?: number }).length !== 0,
    );
    if (unwanted.length === 0) return;
    throw invalid(`Please don't provide ${unwanted.join(' or ')} when the intended function PackageType is Image.`);
  }
  if (settings['Runtime'] === undefined) throw invalid('Runtime is mandatory for functions created with deployment packages.');
  if (settings['Handler'] === undefined) throw invalid('Handler is mandatory for functions created with deployment packages.');
}

function checkRange(member: string, value: unknown, least: number, most: number): void {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least) {
    throw validation(String(value), member, `Member must have value greater than or equal to ${least}`);
  }
  if (number > most) throw validation(String(value), member, `Member must have value less than or equal to ${most}`);
}

function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  const names = Object.keys(variables);
  const reserved = names.filter((name) => RESERVED_VARIABLES.has(name));
  const prefix = 'Lambda was unable to configure your environment variables because the environment variables you have provided';
  if (reserved.length > 0) {
    throw invalid(
      `${prefix} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const wrong = names.find((name) => !/^[A-Za-z][A-Za-z0-9_]+$/.test(name));
  if (wrong !== undefined) throw validation(wrong, 'environment.variables', 'Map keys must satisfy constraint: [a-zA-Z]([a-zA-Z0-9_])+');
  const text = JSON.stringify(variables);
  if (Buffer.byteLength(text) > MAX_ENVIRONMENT_BYTES)
    throw invalid(`${prefix} exceeded the 4KB limit. String measured: ${text.slice(0, 200)}…`);
}

export function invalid(message: string): ServiceError {
  return new ServiceError('InvalidParameterValueException', message);
}

export function validation(value: string, member: string, constraint: string): ServiceError {
  return new ServiceError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
