/** Records as the Lambda API shows them. */
import { pathToFileURL } from 'node:url';
import type { CodeStore } from '../../functions/code-store.ts';
import type { AliasRecord, FunctionRecord, FunctionStore, LayerVersionRecord, UrlRecord, VersionRecord } from './records.ts';
import { UNQUALIFIED } from './records.ts';
import { environmentOf } from './settings.ts';
import { layerOf, layersOf, logGroupOf } from './spec.ts';
import { layerArn } from './identifiers.ts';

export interface DescribeDeps {
  readonly store: FunctionStore;
  readonly code: CodeStore;
  /** Shows addresses that answer. */
  toLocal(text: string): string;
}

/** FunctionConfiguration. `qualified` puts the version into the ARN. */
export function describeVersion(
  deps: DescribeDeps,
  record: FunctionRecord,
  version: string,
  config: VersionRecord,
  qualified: boolean,
): Record<string, unknown> {
  const { settings } = config;
  const image = settings['ImageConfig'];
  return {
    ...settings,
    FunctionName: record.name,
    FunctionArn: qualified ? `${record.arn}:${version}` : record.arn,
    Version: version,
    CodeSize: config.code.kind === 'zip' ? config.code.sizeBytes : 0,
    CodeSha256:
      config.code.kind === 'zip' ? Buffer.from(config.code.sha256, 'hex').toString('base64') : config.code.digest.replace('sha256:', ''),
    LastModified: config.lastModified,
    RevisionId: config.revisionId,
    Environment: Object.keys(environmentOf(settings)).length === 0 ? undefined : { Variables: environmentOf(settings) },
    EphemeralStorage: settings['EphemeralStorage'] ?? { Size: 512 },
    ImageConfig: undefined,
    ...(image === undefined ? {} : { ImageConfigResponse: { ImageConfig: image } }),
    Layers: layersOf(settings).length === 0 ? undefined : layersOf(settings).map((arn) => describeLayerUse(deps.store, record.region, arn)),
    LoggingConfig: { LogFormat: 'Text', LogGroup: logGroupOf(record.name, settings), ...(settings['LoggingConfig'] as object | undefined) },
    SnapStart: { ApplyOn: 'None', ...(settings['SnapStart'] as object | undefined), OptimizationStatus: 'Off' },
    TracingConfig: settings['TracingConfig'] ?? { Mode: 'PassThrough' },
    State: 'Active',
    LastUpdateStatus: 'Successful',
  };
}

function describeLayerUse(store: FunctionStore, region: string, arn: string): unknown {
  return { Arn: arn, CodeSize: layerOf(store, region, arn).code.sizeBytes };
}

/** GetFunction: configuration, where the code is, tags. The code's address is that of a file on this machine. */
export function describeFunction(
  deps: DescribeDeps,
  record: FunctionRecord,
  version: string,
  config: VersionRecord,
  qualified: boolean,
): unknown {
  const { code } = config;
  return {
    Configuration: describeVersion(deps, record, version, config, qualified),
    Code:
      code.kind === 'zip'
        ? { RepositoryType: 'S3', Location: pathToFileURL(deps.code.find(code.sha256).path).href }
        : {
            RepositoryType: 'ECR',
            ImageUri: code.imageUri,
            ResolvedImageUri: `${code.imageUri.split('/', 1)[0]}/${code.repository}@${code.digest}`,
          },
    ...(Object.keys(record.tags).length === 0 ? {} : { Tags: record.tags }),
    ...(record.reservedConcurrency === undefined ? {} : { Concurrency: { ReservedConcurrentExecutions: record.reservedConcurrency } }),
  };
}

export function describeAlias(record: FunctionRecord, name: string, alias: AliasRecord): unknown {
  return {
    AliasArn: `${record.arn}:${name}`,
    Name: name,
    FunctionVersion: alias.version,
    Description: alias.description,
    RevisionId: alias.revisionId,
    ...(alias.routing === undefined ? {} : { RoutingConfig: { AdditionalVersionWeights: alias.routing } }),
  };
}

/** The address a function URL would have on AWS. */
export function functionUrl(record: FunctionRecord, url: UrlRecord): string {
  return `https://${url.id}.lambda-url.${record.region}.on.aws/`;
}

export function describeUrl(deps: Pick<DescribeDeps, 'toLocal'>, record: FunctionRecord, qualifier: string, url: UrlRecord): unknown {
  return {
    FunctionUrl: deps.toLocal(functionUrl(record, url)),
    FunctionArn: qualifier === UNQUALIFIED ? record.arn : `${record.arn}:${qualifier}`,
    AuthType: url.authType,
    InvokeMode: url.invokeMode,
    ...(url.cors === undefined ? {} : { Cors: url.cors }),
    CreationTime: url.createdAt,
    LastModifiedTime: url.changedAt,
  };
}

export function describeLayerVersion(deps: DescribeDeps, layer: LayerVersionRecord): Record<string, unknown> {
  return {
    ...layer.details,
    LayerArn: layerArn(layer.region, layer.name),
    LayerVersionArn: `${layerArn(layer.region, layer.name)}:${layer.version}`,
    Version: layer.version,
    CreatedDate: layer.createdAt,
    Content: {
      Location: pathToFileURL(deps.code.find(layer.code.sha256).path).href,
      CodeSha256: Buffer.from(layer.code.sha256, 'hex').toString('base64'),
      CodeSize: layer.code.sizeBytes,
    },
  };
}
