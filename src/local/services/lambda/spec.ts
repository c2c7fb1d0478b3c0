/** From a record to what the runner needs. */
import type { CodeStore } from '../../functions/code-store.ts';
import { scalarText } from '../../engine/values.ts';
import type { FunctionSpec } from '../../functions/types.ts';
import { parseLayerReference } from './identifiers.ts';
import type { FunctionRecord, FunctionStore, VersionRecord } from './records.ts';
import { architectureOf, environmentOf, invalid } from './settings.ts';

export function specOf(
  record: FunctionRecord,
  version: string,
  config: VersionRecord,
  deps: { readonly code: CodeStore; readonly store: FunctionStore },
): FunctionSpec {
  const { settings } = config;
  const image = settings['ImageConfig'] as { Command?: string[]; EntryPoint?: string[]; WorkingDirectory?: string } | undefined;
  return {
    functionName: record.name,
    version,
    functionArn: record.arn,
    region: record.region,
    runtime: settings['Runtime'] as string | undefined,
    handler: scalarText(settings['Handler']) ?? '',
    architecture: architectureOf(settings) === 'arm64' ? 'arm64' : 'x86_64',
    memorySizeMb: Number(settings['MemorySize']),
    timeoutSeconds: Number(settings['Timeout']),
    environment: environmentOf(settings),
    logGroup: logGroupOf(record.name, settings),
    package:
      config.code.kind === 'zip'
        ? deps.code.find(config.code.sha256)
        : {
            ...config.code,
            configDigest: config.code.configDigest,
            command: nonEmpty(image?.Command),
            entryPoint: nonEmpty(image?.EntryPoint),
            workingDirectory: image?.WorkingDirectory,
          },
    layers: layersOf(settings).map((arn) => deps.code.find(layerOf(deps.store, record.region, arn).code.sha256)),
  };
}

export function logGroupOf(name: string, settings: Readonly<Record<string, unknown>>): string {
  return (settings['LoggingConfig'] as { LogGroup?: string } | undefined)?.LogGroup ?? `/aws/lambda/${name}`;
}

export function layersOf(settings: Readonly<Record<string, unknown>>): readonly string[] {
  return (settings['Layers'] as readonly string[] | undefined) ?? [];
}

/** The version of a layer that a function has. Throws ServiceError `InvalidParameterValueException`. */
export function layerOf(
  store: Pick<FunctionStore, 'findUsedLayer'>,
  region: string,
  arn: string,
): ReturnType<FunctionStore['layers']>[number] {
  const { name, version } = parseLayerReference(arn);
  const layer = version === undefined ? undefined : store.findUsedLayer(region, name, version);
  if (layer === undefined) throw invalid(`Layer version ${arn} does not exist.`);
  return layer;
}

function nonEmpty(list: readonly string[] | undefined): readonly string[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}
