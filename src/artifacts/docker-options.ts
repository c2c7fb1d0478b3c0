import { parseArgs } from 'node:util';
import { UserError, messageOf } from '../errors.ts';
import { splitArguments } from './split-arguments.ts';
import type { ImageArtifact } from './types.ts';

/** What a build takes besides its context. */
export interface BuildSettings {
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly noCache: boolean;
  readonly pull: boolean;
}

/**
 * Build arguments, target and switches of an image: the template's, or those of `--docker-build-options`, which count
 * only for images without arguments of their own. An argument without value takes it from the environment and is left
 * out when there is none, as `docker build --build-arg NAME` does. Throws UserError USAGE.
 */
export function buildSettings(
  artifact: ImageArtifact,
  options: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): BuildSettings {
  const hasOwn = Object.keys(artifact.buildArgs).length > 0;
  const given = parseOptions(hasOwn ? '' : (options ?? ''));
  const named = hasOwn ? Object.entries(artifact.buildArgs) : (given['build-arg'] ?? []).map(nameAndValue);
  const values = named.flatMap(([name, value]): [string, string][] => {
    const resolved = value ?? env[name];
    return resolved === undefined ? [] : [[name, resolved]];
  });
  return {
    buildArgs: Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1))),
    target: artifact.target ?? given.target,
    noCache: given['no-cache'] ?? false,
    pull: given.pull ?? false,
  };
}

function parseOptions(text: string): { 'build-arg'?: string[]; target?: string; 'no-cache'?: boolean; pull?: boolean } {
  try {
    const { values } = parseArgs({
      args: splitArguments(text),
      options: {
        'build-arg': { type: 'string', multiple: true },
        target: { type: 'string' },
        'no-cache': { type: 'boolean' },
        pull: { type: 'boolean' },
        // What every build does or must not do anyway; spelled out in many pipelines.
        provenance: { type: 'string' },
        sbom: { type: 'string' },
        progress: { type: 'string' },
      },
      strict: true,
      allowPositionals: false,
    });
    return values;
  } catch (error) {
    throw new UserError('USAGE', `--docker-build-options "${text}" cannot be used: ${messageOf(error)}`, {
      hint: 'It takes --build-arg NAME=VALUE, --target STAGE, --no-cache and --pull.',
      cause: error,
    });
  }
}

function nameAndValue(text: string): [string, string | null] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
}
