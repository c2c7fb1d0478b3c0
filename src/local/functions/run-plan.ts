/** Decides how a zip function is run here: as a process of this machine, in a container, or not at all. */
import type { ZipEntry } from './extract-zip.ts';

export type RunPlan =
  | { readonly kind: 'node' }
  | { readonly kind: 'bootstrap' }
  | { readonly kind: 'dotnet'; readonly assembly: string }
  /** Needs AWS's own image of the runtime, and an engine. */
  | { readonly kind: 'runtime-image'; readonly image: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface RunFacts {
  readonly runtime: string | undefined;
  readonly handler: string;
  readonly entries: readonly Pick<ZipEntry, 'name'>[];
  readonly layerEntries: readonly Pick<ZipEntry, 'name'>[];
  readonly hasDotnet: boolean;
}

/** `nodejs24.x` → its major, and so on. Repositories: https://gallery.ecr.aws/lambda */
const IMAGES: readonly (readonly [RegExp, (version: string) => string])[] = [
  [/^python(3\.\d+)$/, (version) => `python:${version}`],
  [/^java(\d+)(?:\.al\d+)?$/, (version) => `java:${version}`],
  [/^ruby(\d+\.\d+)$/, (version) => `ruby:${version}`],
  [/^dotnet(\d+)$/, (version) => `dotnet:${version}`],
];

export function planRun(facts: RunFacts): RunPlan {
  const { handler, runtime = '' } = facts;
  if (runtime === 'custom') {
    return { kind: 'refused', reason: 'the local target cannot run customer-managed runtimes (Runtime: custom)' };
  }
  const hasBootstrap = [...facts.entries, ...facts.layerEntries].some((entry) => entry.name === 'bootstrap');
  if (hasBootstrap && !runtime.startsWith('nodejs')) return { kind: 'bootstrap' };
  if (runtime.startsWith('nodejs')) return { kind: 'node' };
  if (runtime.startsWith('provided')) {
    return { kind: 'refused', reason: `the package has no file named bootstrap, which the runtime ${runtime} starts` };
  }
  if (runtime.startsWith('dotnet') && !handler.includes('::') && facts.hasDotnet) return { kind: 'dotnet', assembly: `${handler}.dll` };
  const image = imageOf(runtime);
  return image === undefined
    ? { kind: 'refused', reason: `the local target does not know how to run the runtime '${runtime}'` }
    : { kind: 'runtime-image', image };
}

function imageOf(runtime: string): string | undefined {
  for (const [pattern, name] of IMAGES) {
    const version = pattern.exec(runtime)?.[1];
    if (version !== undefined) return `public.ecr.aws/lambda/${name(version)}`;
  }
  return undefined;
}
