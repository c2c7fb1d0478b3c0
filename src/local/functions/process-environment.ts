/** Runs zip functions as processes of this machine: Node.js, .NET executables, and whatever has its own `bootstrap`. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { CodeStore } from './code-store.ts';
import { processEnv } from './function-env.ts';
import { nodeRuntimePath } from './node-runtime-path.ts';
import type { ProcessRecords } from './process-records.ts';
import { LIFELINE_FD, startProcess } from './process-sandbox.ts';
import type { RunPlan } from './run-plan.ts';
import { type FunctionHost, type FunctionSpec, type Sandbox, SandboxStartError, type StartSandbox, type ZipPackage } from './types.ts';

export interface ProcessEnvironmentDeps {
  readonly host: FunctionHost;
  readonly code: CodeStore;
  readonly records: ProcessRecords;
}

type ProcessRunPlan = Extract<RunPlan, { readonly kind: 'node' | 'bootstrap' | 'dotnet' }>;

/** Starts a zip function as a process. Throws SandboxStartError. */
export async function startProcessEnvironment(
  deps: ProcessEnvironmentDeps,
  plan: ProcessRunPlan,
  zip: ZipPackage,
  options: Parameters<StartSandbox>[0],
): Promise<Sandbox> {
  const { host } = deps;
  const { spec } = options;
  const [taskRoot, layers] = await Promise.all([deps.code.unpack(zip), deps.code.unpackLayers(spec.layers)]);
  const scratch = join(host.folder, 'scratch', randomBytes(8).toString('hex'));
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    const env = processEnv({
      spec,
      host,
      runtimeApi: `127.0.0.1:${options.runtimeApiPort}`,
      endpoint: host.endpoint,
      taskRoot,
      logStream: options.logStream,
      scratch,
      layers,
    });
    const { command, args, extra } = await commandOf(plan, spec, taskRoot, layers);
    const sandbox = await startProcess({
      command,
      args,
      folder: taskRoot,
      env: { ...env, ...extra },
      onLine: options.onLine,
      records: deps.records,
    });
    void sandbox.exited.then(() => rm(scratch, { recursive: true, force: true })).catch((error: Error) => host.log(error.message));
    return sandbox;
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw error;
  }
}

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly extra: Readonly<Record<string, string>>;
}

async function commandOf(plan: ProcessRunPlan, spec: FunctionSpec, taskRoot: string, layers: string | undefined): Promise<Command> {
  switch (plan.kind) {
    case 'node':
      return { command: process.execPath, args: [nodeRuntimePath()], extra: { LAMBDA_TOOL_LIFELINE_FD: String(LIFELINE_FD) } };
    case 'dotnet':
      return dotnetCommand(plan.assembly, taskRoot);
    case 'bootstrap': {
      const candidates = [join(taskRoot, 'bootstrap'), ...(layers === undefined ? [] : [join(layers, 'bootstrap')])];
      const command = candidates.find((path) => existsSync(path));
      if (command === undefined) {
        throw new SandboxStartError('Runtime.InvalidEntrypoint', "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
      }
      await refuseForeignBinary(command, spec);
      return { command, args: [], extra: {} };
    }
  }
}

function dotnetCommand(assembly: string, taskRoot: string): Command {
  if (!existsSync(join(taskRoot, assembly))) {
    throw new SandboxStartError('Runtime.InvalidEntrypoint', `The package has no ${assembly}, which the function's handler names`);
  }
  return { command: 'dotnet', args: [join(taskRoot, assembly)], extra: { DOTNET_NOLOGO: '1', DOTNET_EnableDiagnostics: '0' } };
}

/** Error type of a `bootstrap` that this machine cannot run, though a container may. */
export const FOREIGN_BINARY = 'LocalTarget.ForeignBinary';

/** Machine field of the ELF header (two bytes at 18). https://man7.org/linux/man-pages/man5/elf.5.html */
const ELF_MACHINES: Readonly<Record<number, string>> = { 0x3e: 'x64', 0xb7: 'arm64' };

async function refuseForeignBinary(path: string, spec: FunctionSpec): Promise<void> {
  const file = await open(path);
  try {
    const header = Buffer.alloc(20);
    await file.read(header, 0, 20, 0);
    if (header.toString('latin1', 0, 4) !== '\x7fELF') return;
    const machine = ELF_MACHINES[header.readUInt16LE(18)] ?? 'another architecture';
    if (process.platform === 'linux' && machine === process.arch) return;
    throw new SandboxStartError(
      FOREIGN_BINARY,
      `bootstrap is a Linux program for ${machine} (the function's architecture is ${spec.architecture}); this machine is ${process.platform} on ${process.arch}`,
    );
  } finally {
    await file.close();
  }
}

/** Whether `dotnet` is on the PATH. */
export function hasDotnet(env: FunctionHost['env']): boolean {
  const names = process.platform === 'win32' ? ['dotnet.exe'] : ['dotnet'];
  return (env['PATH'] ?? env['Path'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && names.some((name) => existsSync(join(folder, name))));
}
