/**
 * The inner contracts of the local target: what a service is, what the pieces offer each other, and what a resource
 * provider has to do. Nothing outside `src/local` is imported here, and nothing outside imports this file but
 * through `src/local/index.ts`.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** The one account of the local target, the number that emulators have agreed on. */
export const LOCAL_ACCOUNT_ID = '000000000000';

/** An AWS API request after its signature and host have been checked. */
export interface ServiceRequest {
  readonly method: string;
  /** Path as it came, still percent-encoded, without the query. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** From the credential scope of the signature. */
  readonly region: string;
  readonly requestId: string;
  /** The body, to be read once, to its end (`protocol/body.ts`). */
  readonly body: Readable;
}

/** One AWS service: answers every request that is signed for it. */
export interface Service {
  /** The name in the credential scope: `s3`, `cloudformation`, `ecr`, `lambda`, `sts`, `iam`, `logs`, `apigateway`. */
  readonly name: string;
  /**
   * Bodies are read and checked against the signature before `handle` is called, up to this many bytes (10 MB unless said);
   * `stream` hands them over as they arrive, and the service checks `x-amz-content-sha256` itself.
   */
  readonly bodyLimit?: number | 'stream' | undefined;
  /** Writes the answer. A thrown `ServiceError` is rendered in the service's own protocol by `renderError`. */
  handle(request: ServiceRequest, response: ServerResponse): Promise<void>;
  renderError(error: ServiceError, request: ServiceRequest, response: ServerResponse): void;
}

/** An answer that AWS would give as an error. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the error document. */
  readonly details: Readonly<Record<string, string>>;
  constructor(code: string, message: string, status = 400, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** Records kept on disk, one file each, written atomically, so that a kill at any moment leaves the last complete state. */
export interface Collection<T> {
  get(key: string): T | undefined;
  /** Writes through to the disk before it returns. */
  put(key: string, value: T): void;
  delete(key: string): void;
  /** In the order of their keys. */
  entries(): Iterable<readonly [string, T]>;
}

export interface Store {
  /** The state folder; binary content lives in sub-folders that the services manage. */
  readonly folder: string;
  /** The same name gives the same collection. Names are kebab-case. */
  collection<T>(name: string): Collection<T>;
}

/** The parts of S3 that other services use. */
export interface ObjectReader {
  bucketExists(bucket: string): boolean;
  /** Undefined when bucket, key or version is missing. */
  find(
    bucket: string,
    key: string,
    versionId?: string,
  ): { readonly path: string; readonly size: number; readonly sha256: string; readonly versionId?: string } | undefined;
}

/** The parts of ECR that other services use. */
export interface ImageReader {
  /** `reference` is a tag or a digest. Undefined when the repository or the image is missing. */
  find(
    repository: string,
    reference: string,
  ):
    | {
        readonly digest: string;
        readonly mediaType: string;
        readonly architecture: string | undefined;
        readonly os: string | undefined;
        readonly configDigest: string | undefined;
      }
    | undefined;
  /** `127.0.0.1:<port>`: what an image URI of this registry begins with. */
  readonly registryHost: string;
  /** For an engine that has to pull. */
  readonly credentials: { readonly username: string; readonly password: string };
}

/** Function logs, in CloudWatch's shape: group, stream, timestamped messages. */
export interface LogSink {
  createGroup(group: string, retentionDays?: number): void;
  deleteGroup(group: string): void;
  groupExists(group: string): boolean;
  /** Undefined when its events never expire, or when there is no such group. */
  retentionDays(group: string): number | undefined;
  append(group: string, stream: string, message: string, timestampMs?: number): void;
}

/** Result of running a function once. */
export interface InvokeResult {
  readonly payload: Buffer;
  /** `Unhandled` or `Handled` when the function answered with an error. */
  readonly functionError?: string;
  /** The last 4 KB of the log of this call. */
  readonly logTail: string;
  readonly requestId: string;
  readonly executedVersion: string;
  /** Present when the function streams its answer: chunks as they come; `payload` is empty then. */
  readonly stream?: Readable;
  /** The Content-Type the runtime gave for a streamed answer, where `application/vnd.awslambda.http-integration-response` means a prelude comes first. */
  readonly contentType?: string;
}

/** The parts of Lambda that other services use. */
export interface FunctionInvoker {
  /** By name, ARN, or either with a qualifier. Throws ServiceError `ResourceNotFoundException` (404). */
  invoke(
    functionName: string,
    payload: Buffer,
    options?: { readonly clientContext?: string; readonly signal?: AbortSignal; readonly streaming?: boolean },
  ): Promise<InvokeResult>;
  /** Whether a resource-based policy statement lets `principal` do `action` on the function (source ARN patterns included). */
  isAllowed(functionName: string, principal: string, action: string, sourceArn?: string): boolean;
}

/** Rewrites addresses that AWS would own into addresses on this machine that answer. */
export interface UrlMapper {
  /**
   * Replaces, anywhere in the text, `https://<api>.execute-api.<region>.<suffix>` and `https://<url>.lambda-url.<region>.on.aws`
   * by the origin under which this API or function URL answers now. Text about unknown APIs stays as it is.
   */
  toLocal(text: string): string;
}

/** Everything a service of the local target may use of the others. */
export interface LocalAws {
  readonly store: Store;
  readonly objects: ObjectReader;
  readonly images: ImageReader;
  readonly logs: LogSink;
  readonly functions: FunctionInvoker;
  readonly urls: UrlMapper;
  /** Origin of the AWS endpoint: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** What requests to the endpoint are signed with; functions run with it too. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** One line into the daemon's own log. */
  log(message: string): void;
}

/** A resource as the engine knows it between operations. */
export interface ResourceState {
  readonly physicalId: string;
  /** What Fn::GetAtt answers; nested attributes have dotted names (`Endpoint.Address`). */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Resolved properties as they were last applied. */
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface ResourceContext {
  readonly stackName: string;
  readonly stackId: string;
  readonly logicalId: string;
  readonly region: string;
  readonly accountId: string;
  /** Stack tags, propagated to taggable resources. */
  readonly tags: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Physical id (what Ref answers) and attributes of a resource after create or update. */
export interface ResourceOutcome {
  readonly physicalId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** What the user should know although it worked, e.g. that a function cannot run here; said in the resource's COMPLETE event. */
  readonly remarks?: readonly string[] | undefined;
  /** Its attributes are secrets: they are in no event. */
  readonly noEcho?: boolean | undefined;
}

/**
 * Creates, changes and deletes resources of one type. A thrown ServiceError becomes the reason of the resource's failed
 * event, in CloudFormation's wording `Resource handler returned message: "…" (RequestToken: …, HandlerErrorCode: …)`.
 */
export interface ResourceProvider {
  readonly type: string;
  /** Properties whose change replaces the resource (top-level names), e.g. `FunctionName`. */
  readonly createOnlyProperties: readonly string[];
  create(properties: Readonly<Record<string, unknown>>, context: ResourceContext): Promise<ResourceOutcome>;
  update(current: ResourceState, properties: Readonly<Record<string, unknown>>, context: ResourceContext): Promise<ResourceOutcome>;
  /** A resource that is gone already counts as deleted. */
  delete(current: ResourceState, context: ResourceContext): Promise<void>;
  /** For types whose resources can be looked at, whatever the stacks have recorded of them. */
  readonly live?: LiveResources | undefined;
}

/** Resources of one type as they are: what name conflicts, imports and drift are found with. */
export interface LiveResources {
  /** The property that names a resource, where that name is its physical id. */
  readonly nameProperty?: string | undefined;
  /** Undefined when it is not there. */
  read(physicalId: string, region: string): LiveResource | undefined;
  /** Why deleting it would fail although it could be put right before. */
  obstacle?(current: ResourceState): { readonly validation: string; readonly reason: string } | undefined;
}

export interface LiveResource {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Its settings in the spelling of templates, as far as they can be told; undefined for those that have their default. */
  readonly properties: Readonly<Record<string, unknown>>;
}
