/** What the parts that run functions tell each other. */
import type { ImageReader, LogSink } from '../types.ts';

export interface ZipPackage {
  readonly kind: 'zip';
  /** The zip on this machine. */
  readonly path: string;
  readonly sha256: string;
}

export interface ImagePackage {
  readonly kind: 'image';
  /** As the function was given it: `127.0.0.1:4567/shop@sha256:…`. */
  readonly imageUri: string;
  readonly repository: string;
  /** Digest of the manifest. */
  readonly digest: string;
  readonly configDigest: string | undefined;
  readonly command: readonly string[] | undefined;
  readonly entryPoint: readonly string[] | undefined;
  readonly workingDirectory: string | undefined;
}

/** Everything that is needed to run one version of a function. */
export interface FunctionSpec {
  readonly functionName: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Without a qualifier. */
  readonly functionArn: string;
  readonly region: string;
  readonly runtime: string | undefined;
  readonly handler: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly memorySizeMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly package: ZipPackage | ImagePackage;
  readonly layers: readonly ZipPackage[];
}

export interface LocalCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** What running functions needs of the rest of the local target. */
export interface FunctionHost {
  /** Folder for extracted code, scratch folders and records of running processes. */
  readonly folder: string;
  /** Origin of the AWS endpoint, given to functions as AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  readonly credentials: LocalCredentials;
  readonly logs: LogSink;
  readonly images: Pick<ImageReader, 'registryHost' | 'credentials'>;
  /** Rewrites addresses of local APIs in the values of environment variables. */
  toLocal(text: string): string;
  /** One line into the daemon's own log. */
  log(message: string): void;
  /** The daemon's environment: where the container engine is, and the few variables that processes need. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a sandbox ended. */
export interface SandboxExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process or a container with a runtime inside. */
export interface Sandbox {
  readonly exited: Promise<SandboxExit>;
  /** Ends it and everything it started. Done when it is gone. */
  kill(): Promise<void>;
  /** Most memory used so far, in MB; undefined where that cannot be told. */
  memoryUsedMb(): number | undefined;
  /** How long what it has printed may be on its way to `onLine`, in milliseconds. */
  readonly outputDelayMs: number;
}

/** Starts a sandbox whose runtime talks to the Runtime API on this port of loopback; `onLine` gets what it prints. */
export type StartSandbox = (options: {
  readonly spec: FunctionSpec;
  readonly runtimeApiPort: number;
  readonly logStream: string;
  readonly onLine: (line: string) => void;
}) => Promise<Sandbox>;

/** A sandbox that cannot be started: the message goes to the caller as the function's error. */
export class SandboxStartError extends Error {
  /** As AWS would call it, e.g. `Runtime.InvalidEntrypoint`. */
  readonly errorType: string;
  constructor(errorType: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SandboxStartError';
    this.errorType = errorType;
  }
}
