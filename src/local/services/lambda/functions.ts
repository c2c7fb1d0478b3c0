/** What can be done with functions, whoever asks: the API and CloudFormation share these steps. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { FunctionRunner } from '../../functions/runner.ts';
import { type ImageReader, type ObjectReader, ServiceError } from '../../types.ts';
import { type CodeSource, resolveCode } from './code.ts';
import { functionArn } from './identifiers.ts';
import {
  type AliasRecord,
  type Cors,
  type FunctionRecord,
  type FunctionStore,
  type Settings,
  UNQUALIFIED,
  type UrlRecord,
  type VersionRecord,
} from './records.ts';
import { completeSettings, invalid, pickSettings, validation } from './settings.ts';
import { layerOf, layersOf, specOf } from './spec.ts';

export interface FunctionsDeps {
  readonly store: FunctionStore;
  readonly runner: FunctionRunner;
  readonly objects: ObjectReader;
  readonly images: ImageReader;
  /** Called when function URLs have come or gone. */
  readonly urlsChanged: () => Promise<void>;
}

export interface CreateInput {
  readonly name: string;
  readonly region: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly source: CodeSource;
  readonly tags: Readonly<Record<string, string>>;
}

/** Functions, versions, aliases and URLs on the level of records. All throw ServiceErrors in AWS's words. */
export interface Functions {
  get(region: string | undefined, name: string): FunctionRecord;
  /** A version by number, alias or `$LATEST`; `version` is what runs. */
  resolve(record: FunctionRecord, qualifier: string | undefined): { readonly version: string; readonly config: VersionRecord };
  create(input: CreateInput): Promise<FunctionRecord>;
  updateCode(record: FunctionRecord, source: CodeSource, architectures?: unknown): Promise<FunctionRecord>;
  updateSettings(record: FunctionRecord, changes: Settings): FunctionRecord;
  /** Replaces all settings, and the code if one is given, as an update of a stack does. */
  replace(record: FunctionRecord, settings: Readonly<Record<string, unknown>>, source: CodeSource | undefined): Promise<FunctionRecord>;
  save(record: FunctionRecord): FunctionRecord;
  remove(record: FunctionRecord): Promise<void>;
  /** The new version, or the last one when nothing has changed since. */
  publish(record: FunctionRecord, description?: string): { readonly record: FunctionRecord; readonly version: string };
  removeVersion(record: FunctionRecord, version: string): void;
  putAlias(record: FunctionRecord, name: string, alias: Omit<AliasRecord, 'revisionId'>): FunctionRecord;
  putUrl(record: FunctionRecord, qualifier: string, input: UrlInput): Promise<FunctionRecord>;
  removeUrl(record: FunctionRecord, qualifier: string): Promise<void>;
}

export interface UrlInput {
  readonly authType: string;
  readonly invokeMode?: string | undefined;
  readonly cors?: Cors | undefined;
}

export function createFunctions(deps: FunctionsDeps): Functions {
  const { runner, store } = deps;
  const save = (record: FunctionRecord): FunctionRecord => {
    store.put(record);
    runner.refresh(specOf(record, '$LATEST', record.latest, { code: runner.code, store }));
    return record;
  };
  const resolveSource = (source: CodeSource, settings: Settings) => resolveCode({ ...deps, code: runner.code }, source, settings);
  const checkLayers = (region: string, settings: Settings): void => {
    for (const arn of layersOf(settings)) layerOf({ findUsedLayer: (...key) => store.findLayer(...key) }, region, arn);
    if (layersOf(settings).length > 5) throw invalid('Number of layers exceeds the limit of 5.');
  };
  const prune = (): Promise<void> => runner.code.prune(() => store.packagesInUse());

  async function create(input: CreateInput): Promise<FunctionRecord> {
    const { name, region, tags } = input;
    checkName(name);
    const settings = completeSettings(pickSettings(input.settings));
    checkLayers(region, settings);
    const refuseTaken = (): void => {
      if (store.find(region, name) !== undefined) throw conflict(`Function already exist: ${name}`);
    };
    refuseTaken();
    const code = await resolveSource(input.source, settings);
    refuseTaken();
    const latest = versionOf(settings, code);
    const nothing = { versions: {}, lastVersion: 0, aliases: {}, policies: {}, urls: {} };
    return save({ name, region, arn: functionArn(region, name), latest, tags, ...nothing });
  }

  return {
    get(region, name) {
      const record = store.find(region, name);
      if (record === undefined) throw notFound(functionArn(region ?? 'us-east-1', name));
      return record;
    },
    resolve: resolveVersion,
    create: (input) => runner.code.holding(() => create(input)),
    updateCode: (record, source, architectures) =>
      runner.code.holding(async () => {
        const settings = architectures === undefined ? record.latest.settings : { ...record.latest.settings, Architectures: architectures };
        const code = await resolveSource(source, settings);
        return save({ ...current(store, record), latest: versionOf(settings, code) });
      }),
    updateSettings(record, changes) {
      const settings = completeSettings({ ...record.latest.settings, ...changes });
      checkLayers(record.region, settings);
      return save({ ...record, latest: versionOf(settings, record.latest.code) });
    },
    replace: (record, input, source) =>
      runner.code.holding(async () => {
        const settings = completeSettings(pickSettings(input));
        checkLayers(record.region, settings);
        const code = source === undefined ? record.latest.code : await resolveSource(source, settings);
        return save({ ...current(store, record), latest: versionOf(settings, code) });
      }),
    save,
    async remove(record) {
      store.delete(record);
      runner.forget(record.name);
      if (Object.keys(record.urls).length > 0) await deps.urlsChanged();
      await prune();
    },
    publish(record, description) {
      const last = record.versions[String(record.lastVersion)];
      if (last !== undefined && sameContent(last, record.latest)) return { record, version: String(record.lastVersion) };
      const version = String(record.lastVersion + 1);
      const settings =
        description === undefined || description === '' ? record.latest.settings : { ...record.latest.settings, Description: description };
      const versions = { ...record.versions, [version]: { ...record.latest, settings, revisionId: randomUUID() } };
      const changed = { ...record, versions, lastVersion: record.lastVersion + 1 };
      store.put(changed);
      return { record: changed, version };
    },
    removeVersion(record, version) {
      const alias = Object.entries(record.aliases).find(([, { version: target }]) => target === version);
      if (alias !== undefined) throw conflict(`Unable to delete version because the following aliases reference it: [${alias[0]}]`);
      store.put({ ...record, versions: Object.fromEntries(Object.entries(record.versions).filter(([key]) => key !== version)) });
    },
    putAlias(record, name, alias) {
      resolveVersion(record, alias.version);
      const changed = { ...record, aliases: { ...record.aliases, [name]: { ...alias, revisionId: randomUUID() } } };
      store.put(changed);
      return changed;
    },
    async putUrl(record, qualifier, input) {
      const known = record.urls[qualifier];
      const url = urlOf(record, qualifier, input, known);
      const changed = { ...record, urls: { ...record.urls, [qualifier]: url } };
      store.put(changed);
      await deps.urlsChanged();
      return changed;
    },
    async removeUrl(record, qualifier) {
      store.put({ ...record, urls: Object.fromEntries(Object.entries(record.urls).filter(([key]) => key !== qualifier)) });
      await deps.urlsChanged();
    },
  };
}

function resolveVersion(
  record: FunctionRecord,
  qualifier: string | undefined,
): { readonly version: string; readonly config: VersionRecord } {
  if (qualifier === undefined || qualifier === '$LATEST' || qualifier === UNQUALIFIED) return { version: '$LATEST', config: record.latest };
  const version = record.aliases[qualifier]?.version ?? qualifier;
  if (version === '$LATEST') return { version, config: record.latest };
  const config = record.versions[version];
  if (config === undefined) throw notFound(`${record.arn}:${qualifier}`);
  return { version, config };
}

/** Something else may have changed the record while its code was fetched. */
function current(store: FunctionStore, record: FunctionRecord): FunctionRecord {
  const found = store.find(record.region, record.name);
  if (found === undefined) throw notFound(record.arn);
  return found;
}

function versionOf(settings: Settings, code: VersionRecord['code']): VersionRecord {
  return { settings, code, lastModified: new Date().toISOString().replace('Z', '+0000'), revisionId: randomUUID() };
}

function sameContent(a: VersionRecord, b: VersionRecord): boolean {
  const content = ({ code, settings }: VersionRecord): string => JSON.stringify([code, { ...settings, Description: undefined }]);
  return content(a) === content(b);
}

function urlOf(record: FunctionRecord, qualifier: string, input: UrlInput, known: UrlRecord | undefined): UrlRecord {
  if (qualifier !== UNQUALIFIED && record.aliases[qualifier] === undefined) throw notFound(`${record.arn}:${qualifier}`);
  const { authType, invokeMode = known?.invokeMode ?? 'BUFFERED' } = input;
  if (authType !== 'NONE' && authType !== 'AWS_IAM')
    throw validation(authType, 'authType', 'Member must satisfy enum value set: [NONE, AWS_IAM]');
  if (invokeMode !== 'BUFFERED' && invokeMode !== 'RESPONSE_STREAM') {
    throw validation(invokeMode, 'invokeMode', 'Member must satisfy enum value set: [BUFFERED, RESPONSE_STREAM]');
  }
  const now = new Date().toISOString();
  // 32 characters of a to z and 2 to 7, as on AWS.
  const id = known?.id ?? [...randomBytes(32)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('');
  return { id, authType, invokeMode, cors: input.cors, createdAt: known?.createdAt ?? now, changedAt: now };
}

function checkName(name: string): void {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return;
  throw validation(
    name,
    'functionName',
    'Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+ and have length less than or equal to 64',
  );
}

export function notFound(arn: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
}

export function conflict(message: string): ServiceError {
  return new ServiceError('ResourceConflictException', message, 409);
}
