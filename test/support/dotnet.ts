import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../../src/artifacts/find-program.ts';
import { createProject } from '../../src/project/create.ts';
import { findProjectTemplate } from '../../src/project/templates.ts';
import { run, type RunResult } from './run.ts';

export { whyNoBaseImage } from './base-image.ts';
export { buildDotnetBaseImage } from './dotnet-base-image.ts';

const root = join(import.meta.dirname, '../..');
const templatesFolder = join(root, 'templates');
const hostingFixture = join(root, 'test/fixtures/dotnet-hosting');
/** Outside the temporary folder, because what is built there is kept from one run to the next. */
const cache = join(root, 'node_modules/.cache/dotnet-hosting');

/** Why tests that need the .NET 10 SDK cannot run here; undefined when they can. */
export async function whyNoDotnet(): Promise<string | undefined> {
  const sdks = await run('dotnet', ['--list-sdks']).catch(() => undefined);
  if (!sdks) return 'dotnet is not installed';
  if (!/^10\./m.test(sdks.output)) return 'the .NET 10 SDK is not installed';
  const runtimes = await run('dotnet', ['--list-runtimes']);
  return /^Microsoft\.AspNetCore\.App 10\./m.test(runtimes.output) ? undefined : 'the ASP.NET Core 10 runtime is not installed';
}

/** Why nothing can be compiled ahead of time here; undefined when it can. Its compiler is a package, which is kept among those of the user. */
export async function whyNoNativeAot(): Promise<string | undefined> {
  const noDotnet = await whyNoDotnet();
  if (noDotnet !== undefined) return noDotnet;
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is compiled for Linux on x64';
  const linkers = await Promise.all(['clang', 'gcc'].map((name) => findOnPath(name, process.env)));
  if (linkers.every((path) => path === undefined)) return 'neither clang nor gcc is installed';
  const folder = await mkdtemp(join(tmpdir(), 'lambda-tool-aot-probe-'));
  try {
    await writeFile(join(folder, 'probe.csproj'), nativeProject('probe'));
    const { code, output } = await run('dotnet', ['restore', '-r', 'linux-x64'], { cwd: folder });
    return code === 0 ? undefined : `its compiler cannot be had: ${/error .*/.exec(output)?.[0] ?? output}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A project file of a program that is compiled ahead of time. */
export function nativeProject(assemblyName: string): string {
  return `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <OutputType>Exe</OutputType>
    <AssemblyName>${assemblyName}</AssemblyName>
    <PublishAot>true</PublishAot>
    <InvariantGlobalization>true</InvariantGlobalization>
  </PropertyGroup>
</Project>
`;
}

/** Where the Amazon.Lambda packages of the project templates come from on this machine. */
export interface DotnetFeed {
  /** `stand-in`: the registry has none, and those of `test/fixtures/dotnet-hosting` take their place. */
  readonly packages: 'real' | 'stand-in';
  /** One sentence for the log of a test. */
  readonly note: string;
  /** A folder with the packages; undefined for the real ones. */
  readonly folder: string | undefined;
  /** The loader of `Assembly::Type::Method` for a base image: `bootstrap.dll` and its runtimeconfig. */
  readonly bootstrapFolder: string;
}

let prepared: Promise<DotnetFeed> | undefined;

/** Finds out whether the real packages restore, and builds the stand-ins (about 15 s, once for a state of the fixture). */
export function prepareDotnetFeed(): Promise<DotnetFeed> {
  prepared ??= makeFeed();
  return prepared;
}

async function makeFeed(): Promise<DotnetFeed> {
  const built = await buildHostingFixture();
  const real = await realPackagesRestore();
  return {
    packages: real ? 'real' : 'stand-in',
    note: real
      ? 'The Amazon.Lambda packages come from the package registry.'
      : 'The package registry has no Amazon.Lambda packages: those of test/fixtures/dotnet-hosting take their place.',
    folder: real ? undefined : join(built, 'feed'),
    bootstrapFolder: join(built, 'bootstrap'),
  };
}

export interface DotnetProject {
  /** What `createProject` was given with `-o`. */
  readonly directory: string;
  /** `src/NAME`, with serverless.template. */
  readonly projectDirectory: string;
  /** `test/NAME.Tests`. */
  readonly testDirectory: string;
  readonly name: string;
  readonly feed: DotnetFeed;
  /** For every program that runs `dotnet`, lambda-tool included: its caches lie in a temporary folder and nothing goes on running. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs `dotnet` in the project directory. */
  dotnet(args: readonly string[], cwd?: string): Promise<RunResult>;
  /** Removes project and caches. */
  remove(): Promise<void>;
}

/** A new project of a .NET template that restores on this machine. */
export async function withDotnetProject(template: string, name = 'Demo'): Promise<DotnetProject> {
  const feed = await prepareDotnetFeed();
  const folder = await mkdtemp(join(tmpdir(), 'lambda-tool-dotnet-'));
  const env = dotnetEnvironment(folder);
  const outputDirectory = join(folder, name);
  const project = await createProject({ template: findProjectTemplate(template), outputDirectory, name, templatesFolder });
  if (feed.folder) await writeFile(join(outputDirectory, 'nuget.config'), nugetConfig(feed.folder));
  return {
    directory: outputDirectory,
    projectDirectory: project.projectDirectory,
    testDirectory: join(outputDirectory, 'test', `${name}.Tests`),
    name,
    feed,
    env,
    dotnet: (args, cwd = project.projectDirectory) => run('dotnet', args, { cwd, env }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Adds the stand-ins to the sources that the user has. */
function nugetConfig(feed: string): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <add key="stand-ins" value="${feed}" />
  </packageSources>
</configuration>
`;
}

function dotnetEnvironment(folder: string): NodeJS.ProcessEnv {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  return {
    ...process.env,
    // Each run of dotnet leaves an empty folder there.
    TMPDIR: temporary,
    // Caches of the user stay untouched, and everything goes away with the folder. Not DOTNET_CLI_HOME: NuGet looks for
    // the user's own sources there.
    NUGET_PACKAGES: join(folder, 'nuget/packages'),
    NUGET_HTTP_CACHE_PATH: join(folder, 'nuget/http'),
    NUGET_PLUGINS_CACHE_PATH: join(folder, 'nuget/plugins'),
    NUGET_SCRATCH: join(folder, 'nuget/scratch'),
    DOTNET_CLI_TELEMETRY_OPTOUT: '1',
    DOTNET_NOLOGO: '1',
    DOTNET_GENERATE_ASPNET_CERTIFICATE: 'false',
    DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE: 'true',
    // A program that is killed would leave its socket for debuggers in the temporary folder.
    DOTNET_EnableDiagnostics: '0',
    // No process of a build outlives it.
    DOTNET_CLI_USE_MSBUILD_SERVER: '0',
    MSBUILDDISABLENODEREUSE: '1',
    UseSharedCompilation: 'false',
    // The ahead-of-time compiler is one more package, which a small registry need not have.
    PublishReadyToRun: 'false',
  };
}

async function realPackagesRestore(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'lambda-tool-dotnet-probe-'));
  try {
    const template = findProjectTemplate('aspnetcore-zip');
    const project = await createProject({ template, outputDirectory: join(folder, 'p'), name: 'Probe', templatesFolder });
    const { code } = await run('dotnet', ['restore'], { cwd: project.projectDirectory, env: dotnetEnvironment(folder) });
    return code === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Answers with the folder of the result; two runs at once each build, and the first to be ready wins. */
async function buildHostingFixture(): Promise<string> {
  const versions = await templateVersions();
  const wanted = join(cache, await digestOf(hostingFixture, JSON.stringify(versions)));
  if (await exists(wanted)) return wanted;

  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'building-'));
  const source = join(work, 'source');
  const result = join(work, 'result');
  await cp(hostingFixture, source, { recursive: true });
  const properties = Object.entries(versions).map(([name, version]) => `-p:${name}=${version}`);
  const args = ['build', 'hosting.slnx', '-c', 'Release', `-p:PackageOutputPath=${join(result, 'feed')}`, ...properties];
  const { code, output } = await run('dotnet', args, { cwd: source, env: dotnetEnvironment(work) });
  if (code !== 0) {
    await rm(work, { recursive: true, force: true });
    throw new Error(`The stand-ins for the Amazon.Lambda packages do not build:\n${output}`);
  }

  await cp(join(source, 'Bootstrap/bin/Release/net10.0'), join(result, 'bootstrap'), { recursive: true });
  await rename(result, wanted).catch(async (error: NodeJS.ErrnoException) => {
    if (!(await exists(wanted))) throw error;
  });
  await rm(work, { recursive: true, force: true });
  return wanted;
}

/** The versions that the project templates ask for, as properties of the fixture: `AspNetCoreServerVersion`, … */
async function templateVersions(): Promise<Record<string, string>> {
  const projects = (await readdir(templatesFolder, { recursive: true })).filter((path) => path.endsWith('.csproj'));
  const texts = await Promise.all(projects.map((path) => readFile(join(templatesFolder, path), 'utf8')));
  const references = texts.flatMap((text) => [...text.matchAll(/Include="Amazon\.Lambda\.(\w+)" Version="([^"]+)"/g)]);
  return Object.fromEntries(references.map(([, name, version]) => [`${name}Version`, version ?? '']));
}

async function digestOf(folder: string, salt: string): Promise<string> {
  const hash = createHash('sha256').update(salt);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/[/\\](bin|obj)[/\\]/.test(path.slice(folder.length)));
  for (const path of files.toSorted()) hash.update(path.slice(folder.length)).update(await readFile(path));
  return hash.digest('hex').slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
