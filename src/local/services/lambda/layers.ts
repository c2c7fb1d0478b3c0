/** Publishing and removing versions of layers. */
import type { FunctionRunner } from '../../functions/runner.ts';
import type { ImageReader, ObjectReader } from '../../types.ts';
import { type CodeSource, resolveCode } from './code.ts';
import type { FunctionStore, LayerVersionRecord, ZipCode } from './records.ts';

export interface Layers {
  publish(region: string, name: string, source: CodeSource, details: Readonly<Record<string, unknown>>): Promise<LayerVersionRecord>;
  remove(layer: LayerVersionRecord): Promise<void>;
}

const DETAILS = ['Description', 'LicenseInfo', 'CompatibleRuntimes', 'CompatibleArchitectures'];

export function createLayers(deps: {
  readonly store: FunctionStore;
  readonly runner: FunctionRunner;
  readonly objects: ObjectReader;
  readonly images: ImageReader;
}): Layers {
  const { runner, store } = deps;
  return {
    publish: (region, name, source, details) =>
      runner.code.holding(async () => {
        const code = (await resolveCode({ ...deps, code: runner.code }, source, {})) as ZipCode;
        const layer: LayerVersionRecord = {
          name,
          region,
          version: store.nextLayerVersion(region, name),
          code,
          createdAt: new Date().toISOString().replace('Z', '+0000'),
          details: Object.fromEntries(DETAILS.flatMap((key) => (details[key] === undefined ? [] : [[key, details[key]]]))),
        };
        store.putLayer(layer);
        return layer;
      }),
    async remove(layer) {
      store.deleteLayer(layer);
      await runner.code.prune(() => store.packagesInUse());
    },
  };
}
