/** The environment variables that a function sees. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
import { delimiter, join } from 'node:path';
import type { FunctionHost, FunctionSpec } from './types.ts';

export interface EnvOptions {
  readonly spec: FunctionSpec;
  readonly host: FunctionHost;
  /** `host:port` as seen from inside the sandbox. */
  readonly runtimeApi: string;
  /** AWS endpoint as seen from inside the sandbox. */
  readonly endpoint: string;
  readonly taskRoot: string;
  readonly logStream: string;
}

/** What Lambda itself sets, and the function's own variables; none of the daemon's. */
export function lambdaEnv(options: EnvOptions): Record<string, string> {
  const { spec, host, endpoint } = options;
  const own = Object.fromEntries(Object.entries(spec.environment).map(([name, value]) => [name, host.toLocal(value)]));
  const { accessKeyId, secretAccessKey, sessionToken } = host.credentials;
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
    // Functions may override what is above, as they may point a client elsewhere; what follows is Lambda's.
    ...own,
    AWS_REGION: spec.region,
    AWS_DEFAULT_REGION: spec.region,
    AWS_EXECUTION_ENV: spec.runtime === undefined ? 'AWS_Lambda_Image' : `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: spec.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: spec.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memorySizeMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: options.logStream,
    AWS_LAMBDA_RUNTIME_API: options.runtimeApi,
    LAMBDA_TASK_ROOT: options.taskRoot,
    _HANDLER: spec.handler,
  };
}

/** Of the daemon's environment, what a process cannot do without. */
const INHERITED = ['SystemRoot', 'SYSTEMROOT', 'windir', 'COMSPEC', 'PATHEXT', 'DOTNET_ROOT'];

/** Adds what a process of this machine needs: a PATH, a scratch home, and the folders that stand for /opt. */
export function processEnv(
  options: EnvOptions & { readonly scratch: string; readonly layers: string | undefined },
): Record<string, string> {
  const { host, layers, scratch, spec, taskRoot } = options;
  const inherited = INHERITED.flatMap((name) => (host.env[name] === undefined ? [] : [[name, host.env[name]] as const]));
  const nodeMajor = /^nodejs(\d+)/.exec(spec.runtime ?? '')?.[1];
  const modules =
    layers === undefined ? [] : [join(layers, 'nodejs', `node${nodeMajor}`, 'node_modules'), join(layers, 'nodejs', 'node_modules')];
  const libraries = [join(taskRoot, 'lib'), taskRoot, ...(layers === undefined ? [] : [join(layers, 'lib')])];
  return {
    ...Object.fromEntries(inherited),
    HOME: scratch,
    USERPROFILE: scratch,
    TMPDIR: scratch,
    TEMP: scratch,
    TMP: scratch,
    ...lambdaEnv(options),
    PATH: joinPaths([...(layers === undefined ? [] : [join(layers, 'bin')]), options.spec.environment['PATH'] ?? host.env['PATH'] ?? '']),
    NODE_PATH: joinPaths([spec.environment['NODE_PATH'] ?? '', ...modules, taskRoot]),
    LD_LIBRARY_PATH: joinPaths([spec.environment['LD_LIBRARY_PATH'] ?? '', ...libraries]),
  };
}

function joinPaths(paths: readonly string[]): string {
  return paths.filter((path) => path !== '').join(delimiter);
}
