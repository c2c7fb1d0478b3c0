import { join } from 'node:path';

import type { AwsEdge } from './clients/aws-config.ts';
import { logCalls, type CallLog } from './clients/call-log.ts';
import { UserError, messageOf } from './errors.ts';
import type * as LocalModule from './local/index.ts';
import type { LocalTarget } from './local/index.ts';

/** Where this copy of the program lies. */
export interface Installation {
  readonly version: string;
  /** Absolute path of the folder with the built files. */
  readonly distFolder: string;
  /** Absolute path of the folder with the project templates. */
  readonly templatesFolder: string;
}

export interface LocalEdgeRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly installation: Installation;
  readonly region: string | undefined;
  readonly port: number | undefined;
  /** Told of every request, with --verbose. */
  readonly log?: CallLog | undefined;
}

export const LOCAL_DEFAULT_REGION = 'us-east-1';

/** The AWS edge of `--local`: the target on this machine, started when it does not run yet. */
export async function createLocalEdge(request: LocalEdgeRequest): Promise<AwsEdge> {
  const [target, { createAgents, createHttpHandler, guardHandler }] = await Promise.all([
    startLocal(request),
    import('./clients/http-handler.ts'),
  ]);

  const agents = createAgents();
  const handler = guardHandler(createHttpHandler(agents), target.endpoint);
  const credentials = () => Promise.resolve(target.credentials);
  const region = request.region ?? LOCAL_DEFAULT_REGION;
  return {
    region,
    profile: undefined,
    credentialSource: `local target ${target.endpoint}`,
    credentials,
    endpointFor: () => target.endpoint,
    reachable: (addresses) => withLocal((local) => local.localAddresses(target, addresses)),
    agentFor: ({ protocol }) => (protocol === 'https:' ? agents.https : agents.http),
    configFor: (service) => ({
      region,
      credentials,
      endpoint: target.endpoint,
      requestHandler: request.log === undefined ? handler : logCalls(handler, service, request.log),
      maxAttempts: 2,
      retryMode: 'standard',
      customUserAgent: [['lambda-tool', request.installation.version]],
    }),
  };
}

/** Starts the local target, or finds the one that runs. Throws UserError LOCAL_PORT_TAKEN or LOCAL_START_FAILED. */
export function startLocal(request: Omit<LocalEdgeRequest, 'region'>): Promise<LocalTarget> {
  return withLocal((local) =>
    local.ensureLocalTarget({
      folder: local.defaultLocalFolder(request.env),
      daemonEntry: join(request.installation.distFolder, 'local-daemon.js'),
      version: request.installation.version,
      ...(request.port === undefined ? {} : { port: request.port }),
    }),
  );
}

/** Loads the local target's door and hands it to the work; its errors come out as UserErrors. */
export async function withLocal<T>(work: (local: typeof LocalModule) => Promise<T>): Promise<T> {
  const local = await import('./local/index.ts');
  try {
    return await work(local);
  } catch (error) {
    throw translateLocalError(error);
  }
}

const HINTS: Readonly<Record<string, string>> = {
  PORT_TAKEN: 'Choose another with --port, or leave --port out to get the next free one',
  RUNNING_ON_OTHER_PORT: 'lambda-tool local stop, then start it again with --port',
  FOLDER_NOT_WRITABLE: 'Name another folder with LAMBDA_TOOL_LOCAL_HOME',
};

/** The local target has errors of its own, because it knows nothing of the rest of the program. */
function translateLocalError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'LocalTargetError') return error;
  const code = 'code' in error ? String(error.code) : '';
  return new UserError(
    code === 'PORT_TAKEN' || code === 'RUNNING_ON_OTHER_PORT' ? 'LOCAL_PORT_TAKEN' : 'LOCAL_START_FAILED',
    messageOf(error),
    {
      hint: HINTS[code] ?? 'lambda-tool local reset --yes begins anew',
      cause: error,
    },
  );
}
