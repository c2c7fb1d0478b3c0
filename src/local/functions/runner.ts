/** Runs functions: the one door of this folder for the services. */
import { join } from 'node:path';
import { createCodeStore, type CodeStore } from './code-store.ts';
import { createContainers } from './container-environment.ts';
import { EnvironmentPool } from './environment-pool.ts';
import { type Call, type CallResult, ExecutionEnvironment } from './execution-environment.ts';
import { listZip } from './extract-zip.ts';
import { findEngine } from './engine.ts';
import { FOREIGN_BINARY, hasDotnet, startProcessEnvironment } from './process-environment.ts';
import { createProcessRecords } from './process-records.ts';
import { planRun, type RunPlan } from './run-plan.ts';
import { type FunctionHost, type FunctionSpec, SandboxStartError, type StartSandbox, type ZipPackage } from './types.ts';

/** For a Linux `bootstrap` on a machine that is not one. */
const PROVIDED_IMAGE = 'public.ecr.aws/lambda/provided:al2023';

export interface FunctionRunner {
  readonly code: CodeStore;
  /** Runs one event. A spec that differs from the last one of its function and version ends the old environments after their calls. */
  run(spec: FunctionSpec, call: Call, reservedConcurrency?: number): Promise<CallResult>;
  /** Starts an environment for a spec that has just changed, when its function was in use. */
  refresh(spec: FunctionSpec): void;
  /** Why this function cannot run on this machine; undefined when it can, as far as can be told without running it. */
  whyNot(spec: FunctionSpec): Promise<string | undefined>;
  /** Ends the environments of a function that is gone. */
  forget(functionName: string): void;
  /** Removes processes and containers that a killed daemon has left behind. Call before the first `run`. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

export function createFunctionRunner(host: FunctionHost): FunctionRunner {
  const code = createCodeStore(host.folder);
  const records = createProcessRecords(join(host.folder, 'processes'));
  const containers = createContainers({ host, code });
  const pools = new Map<string, { readonly pool: EnvironmentPool; readonly spec: FunctionSpec; readonly fingerprint: string }>();
  const retired = new Set<EnvironmentPool>();

  const start: StartSandbox = async (options) => {
    const { spec } = options;
    if (spec.package.kind === 'image') return await containers.start(undefined, options);
    const plan = await planOf(spec);
    if (plan.kind === 'refused') throw new SandboxStartError('LocalTarget.CannotRun', capitalise(plan.reason));
    if (plan.kind === 'runtime-image') return await containers.start({ image: plan.image, zip: spec.package }, options);
    try {
      return await startProcessEnvironment({ host, code, records }, plan, spec.package, options);
    } catch (error) {
      if (!(error instanceof SandboxStartError) || error.errorType !== FOREIGN_BINARY) throw error;
      host.log(`${spec.functionName}: ${error.message}; trying a container of ${PROVIDED_IMAGE}`);
      return await containers.start({ image: PROVIDED_IMAGE, zip: spec.package }, options);
    }
  };

  async function planOf(spec: FunctionSpec): Promise<RunPlan> {
    const layerEntries = (await Promise.all(spec.layers.map((layer) => listZip(layer.path)))).flat();
    const entries = await listZip((spec.package as ZipPackage).path);
    return planRun({ runtime: spec.runtime, handler: spec.handler, entries, layerEntries, hasDotnet: hasDotnet(host.env) });
  }

  function poolFor(spec: FunctionSpec): EnvironmentPool {
    const key = `${spec.functionName}:${spec.version}`;
    const fingerprint = JSON.stringify(spec);
    const known = pools.get(key);
    if (known?.fingerprint === fingerprint) return known.pool;
    if (known !== undefined) retire(known.pool);
    const pool = new EnvironmentPool({ create: () => new ExecutionEnvironment(spec, host, start), log: (message) => host.log(message) });
    pools.set(key, { pool, spec, fingerprint });
    return pool;
  }

  function retire(pool: EnvironmentPool): void {
    pool.retire();
    for (const old of retired) if (old.size === 0) retired.delete(old);
    retired.add(pool);
  }

  return {
    code,
    run: (spec, call, reservedConcurrency) => poolFor(spec).run(call, reservedConcurrency),
    refresh(spec) {
      const known = pools.get(`${spec.functionName}:${spec.version}`);
      if (known !== undefined && known.pool.size > 0 && known.fingerprint !== JSON.stringify(spec)) poolFor(spec).prewarm();
    },
    async whyNot(spec) {
      if (spec.package.kind === 'image') return undefined;
      const plan = await planOf(spec);
      if (plan.kind === 'refused') return plan.reason;
      if (plan.kind !== 'runtime-image') return undefined;
      try {
        await findEngine(host.env);
        return undefined;
      } catch (error) {
        return `the runtime ${spec.runtime} needs a container of ${plan.image}: ${(error as Error).message}`;
      }
    },
    forget(functionName) {
      for (const [key, { pool, spec }] of pools) {
        if (spec.functionName !== functionName) continue;
        retire(pool);
        pools.delete(key);
      }
    },
    async recover() {
      const processes = await records.killLeftovers();
      const left = await containers.removeLeftovers();
      if (processes + left > 0) host.log(`Ended ${processes} processes and ${left} containers of an earlier run`);
    },
    async close() {
      const all = [...[...pools.values()].map(({ pool }) => pool), ...retired];
      pools.clear();
      await Promise.all(all.map((pool) => pool.close()));
    },
  };
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
