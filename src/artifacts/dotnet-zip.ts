import { dirname, join } from 'node:path';
import type { Step } from '../output/reporter.ts';
import { planProject, publishDotnet, type DotnetPublish, type PlannedDotnet } from './dotnet.ts';
import { frameworkFor, type Publishing } from './publishing.ts';
import { withTempFolder } from './temp-folder.ts';
import type { ZipArtifact } from './types.ts';
import { listZipContents, type ZipEntry } from './zip-contents.ts';

const DOTNET_FILE = /\.(?:(?:cs|fs|vb)proj|cs)$/i;

/** How the project of a zip will be published, found out once a run. */
export function planDotnetZip(artifact: ZipArtifact, publishing: Publishing): Promise<PlannedDotnet> {
  return publishing.remember(artifact, () => planProject(wishOf(artifact, publishing)));
}

/** Publishes the project of a zip, and hands over what came out while it is there. Throws the errors of `publishDotnet`. */
export async function withPublishedProject<T>(
  artifact: ZipArtifact,
  name: string,
  publishing: Publishing,
  step: Step,
  use: (entries: readonly ZipEntry[]) => Promise<T>,
): Promise<T> {
  const planned = await planDotnetZip(artifact, publishing);
  return withTempFolder(async (folder) => {
    const outputDirectory = join(folder, 'publish');
    const listeners = {
      onLine: (line: string) => step.output(line),
      onNote: (text: string) => step.note(text),
      onWarning: (text: string) => publishing.reporter.warn(`${name}: ${text}`),
    };
    await publishDotnet({ ...wishOf(artifact, publishing), outputDirectory, ...listeners }, planned);
    const files = await listZipContents(outputDirectory, publishing.signal);
    // Symbols of native code are for debuggers, and larger than the program.
    return use(files.filter((entry) => !entry.path.endsWith('.dbg')));
  });
}

function wishOf({ path, architecture, runtime }: ZipArtifact, publishing: Publishing): Omit<DotnetPublish, 'outputDirectory'> {
  const { env, signal, engine, runner = engine, options } = publishing;
  const { configuration, msbuildParameters, useContainer, containerImage, mountDirectory } = options;
  const framework = frameworkFor(DOTNET_FILE.test(path) ? dirname(path) : path, options);
  const wishes = { configuration, framework, msbuildParameters, useContainer, containerImage, mountDirectory };
  return { project: path, architecture, runtime, ...wishes, env, signal, engine: runner };
}
