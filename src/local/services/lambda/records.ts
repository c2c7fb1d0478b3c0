/** Functions and layers as they are kept between requests and restarts. */
import type { Store } from '../../types.ts';

/** Settings in the spelling that the Lambda API and CloudFormation share: `Runtime`, `MemorySize`, `Environment`, … */
export type Settings = Readonly<Record<string, unknown>>;

export interface ZipCode {
  readonly kind: 'zip';
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface ImageCode {
  readonly kind: 'image';
  readonly imageUri: string;
  readonly repository: string;
  readonly digest: string;
  readonly configDigest?: string | undefined;
}

export type Code = ZipCode | ImageCode;

/** One version of a function. */
export interface VersionRecord {
  readonly settings: Settings;
  readonly code: Code;
  /** As the API gives it: `2026-11-23T10:00:00.000+0000`. */
  readonly lastModified: string;
  readonly revisionId: string;
}

export interface AliasRecord {
  readonly version: string;
  readonly description: string;
  readonly revisionId: string;
  readonly routing?: Readonly<Record<string, number>> | undefined;
}

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: '*' | { readonly Service: string } | { readonly AWS: string };
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
}

export interface Cors {
  readonly AllowCredentials?: boolean | undefined;
  readonly AllowHeaders?: readonly string[] | undefined;
  readonly AllowMethods?: readonly string[] | undefined;
  readonly AllowOrigins?: readonly string[] | undefined;
  readonly ExposeHeaders?: readonly string[] | undefined;
  readonly MaxAge?: number | undefined;
}

export interface UrlRecord {
  /** First label of the host on AWS. */
  readonly id: string;
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly invokeMode: 'BUFFERED' | 'RESPONSE_STREAM';
  readonly cors?: Cors | undefined;
  readonly createdAt: string;
  readonly changedAt: string;
}

/** The key of what belongs to the unqualified function among what belongs to its versions and aliases. */
export const UNQUALIFIED = '';

export interface FunctionRecord {
  readonly name: string;
  readonly region: string;
  /** Without a qualifier. */
  readonly arn: string;
  readonly latest: VersionRecord;
  /** By number. */
  readonly versions: Readonly<Record<string, VersionRecord>>;
  readonly lastVersion: number;
  readonly aliases: Readonly<Record<string, AliasRecord>>;
  /** By qualifier. */
  readonly policies: Readonly<Record<string, readonly Statement[]>>;
  /** By qualifier (an alias). */
  readonly urls: Readonly<Record<string, UrlRecord>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number | undefined;
  readonly eventInvoke?: { readonly maximumRetryAttempts: number } | undefined;
}

export interface LayerVersionRecord {
  readonly name: string;
  readonly region: string;
  readonly version: number;
  readonly code: ZipCode;
  readonly createdAt: string;
  readonly details: Settings;
  /** Deleted, but kept for the functions that use it, as on AWS. */
  readonly deleted?: boolean | undefined;
}

export interface FunctionStore {
  find(region: string | undefined, name: string): FunctionRecord | undefined;
  put(record: FunctionRecord): void;
  delete(record: FunctionRecord): void;
  all(): readonly FunctionRecord[];
  findLayer(region: string, name: string, version: number): LayerVersionRecord | undefined;
  /** The same, even when it is deleted: for functions that have it. */
  findUsedLayer(region: string, name: string, version: number): LayerVersionRecord | undefined;
  putLayer(layer: LayerVersionRecord): void;
  deleteLayer(layer: LayerVersionRecord): void;
  /** Every version of every layer, oldest first. */
  layers(region: string): readonly LayerVersionRecord[];
  /** A number that no version of this layer has had. */
  nextLayerVersion(region: string, name: string): number;
  /** Digests of all packages that a function or layer needs. */
  packagesInUse(): ReadonlySet<string>;
}

export function createFunctionStore(store: Store): FunctionStore {
  const functions = store.collection<FunctionRecord>('lambda-functions');
  const layers = store.collection<LayerVersionRecord>('lambda-layers');
  const counters = store.collection<number>('lambda-layer-counters');
  const all = (): readonly FunctionRecord[] => [...functions.entries()].map(([, record]) => record);
  const layerKey = (region: string, name: string, version: number): string => `${region}/${name}/${String(version).padStart(8, '0')}`;
  return {
    find: (region, name) => (region === undefined ? all().find((record) => record.name === name) : functions.get(`${region}/${name}`)),
    put: (record) => functions.put(`${record.region}/${record.name}`, record),
    delete: (record) => functions.delete(`${record.region}/${record.name}`),
    all,
    findLayer(region, name, version) {
      const layer = layers.get(layerKey(region, name, version));
      return layer?.deleted === true ? undefined : layer;
    },
    findUsedLayer: (region, name, version) => layers.get(layerKey(region, name, version)),
    putLayer: (layer) => layers.put(layerKey(layer.region, layer.name, layer.version), layer),
    deleteLayer(layer) {
      const name = `:layer:${layer.name}:${layer.version}`;
      const versions = all().flatMap((record) => [record.latest, ...Object.values(record.versions)]);
      const isUsed = versions.some(({ settings }) =>
        ((settings['Layers'] as readonly string[] | undefined) ?? []).some((arn) => arn.endsWith(name)),
      );
      const key = layerKey(layer.region, layer.name, layer.version);
      if (isUsed) layers.put(key, { ...layer, deleted: true });
      else layers.delete(key);
    },
    layers: (region) =>
      [...layers.entries()].map(([, layer]) => layer).filter((layer) => layer.region === region && layer.deleted !== true),
    nextLayerVersion(region, name) {
      const next = (counters.get(`${region}/${name}`) ?? 0) + 1;
      counters.put(`${region}/${name}`, next);
      return next;
    },
    packagesInUse() {
      const versions = all().flatMap((record) => [record.latest, ...Object.values(record.versions)]);
      const codes = [...versions.map(({ code }) => code), ...[...layers.entries()].map(([, layer]) => layer.code)];
      return new Set(codes.flatMap((code) => (code.kind === 'zip' ? [code.sha256] : [])));
    },
  };
}
