import type { ArtifactUse, FunctionHandler } from './types.ts';

/** What a package holds, as far as a handler is concerned. */
export interface PackedFile {
  readonly path: string;
  /** Undefined where nobody knows: a zip of a program that writes no modes. */
  readonly executable?: boolean | undefined;
}

/**
 * A sentence for each function that Lambda will not be able to start, because the file that its handler names is not in the package. Only for
 * languages whose rule is simple; a handler that may come from a layer carries no `handler`.
 */
export function missingHandlers(uses: readonly ArtifactUse[], files: readonly PackedFile[]): string[] {
  const handlers = uses.flatMap(({ logicalId, handler }) => (handler === undefined ? [] : [{ logicalId, handler }]));
  if (handlers.length === 0) return [];
  const byPath = new Map(files.map((file) => [file.path, file]));
  return handlers.flatMap(({ logicalId, handler }) => {
    const problem = problemOf(handler, byPath);
    return problem === undefined ? [] : [`${logicalId}: ${problem}`];
  });
}

function problemOf({ runtime, name }: FunctionHandler, files: ReadonlyMap<string, PackedFile>): string | undefined {
  if (runtime.startsWith('provided')) {
    const bootstrap = files.get('bootstrap');
    if (bootstrap === undefined) return `the package has no file "bootstrap", which is what the runtime ${runtime} starts`;
    return bootstrap.executable === false ? 'the file "bootstrap" in the package is not executable (chmod +x)' : undefined;
  }
  if (name === undefined || name.startsWith('/')) return undefined;
  const candidates = candidatesOf(runtime, name);
  if (candidates === undefined || candidates.some((path) => files.has(path))) return undefined;
  const [module = ''] = candidates;
  // Compiled modules have names that end in platform and version.
  if (runtime.startsWith('python') && [...files.keys()].some((path) => path.startsWith(module.replace(/py$/, '')))) return undefined;
  const source = runtime.startsWith('nodejs') ? candidates[0]?.replace(/js$/, 'ts') : undefined;
  const isUnbuilt = source !== undefined && files.has(source);
  const way = isUnbuilt ? `. ${source} has to be built first, for example with BuildMethod esbuild in the Metadata` : '';
  return `the package does not hold its handler ${name}: there is no ${candidates.join(', ')}${way}`;
}

/** Files of which one must be there, the likeliest first. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html */
function candidatesOf(runtime: string, handler: string): string[] | undefined {
  const name = handler.replace(/^\.\//, '');
  const slash = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', slash);
  const module = dot < 0 ? name : name.slice(0, dot);
  switch (/^[a-z]+/.exec(runtime)?.[0]) {
    case 'nodejs':
      return [`${module}.js`, `${module}.mjs`, `${module}.cjs`, module];
    case 'ruby':
      return [`${module}.rb`];
    case 'python': {
      const dotted = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : name;
      const path = dotted.replaceAll('.', '/');
      return [`${path}.py`, `${path}/__init__.py`];
    }
    case 'dotnet': {
      const assembly = name.split('::')[0] ?? name;
      return name.includes('::') ? [`${assembly}.dll`] : [`${assembly}.dll`, assembly, 'bootstrap'];
    }
    default:
      return undefined;
  }
}
