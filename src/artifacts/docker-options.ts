import { parseArgs } from 'node:util';
import { UserError, messageOf } from '../errors.ts';
import { splitArguments } from './split-arguments.ts';
import { parseSecret, type BuildExtras } from './build-extras.ts';
import type { ImageArtifact } from './types.ts';

/** What a build takes besides its context. */
export interface BuildSettings {
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly extras: BuildExtras;
}

/** Switches that every builder's command knows, and that are handed on as they are. */
const FURTHER = ['add-host', 'allow', 'label', 'network', 'shm-size', 'ulimit'] as const;

const TEXTS = { type: 'string', multiple: true } as const;

/**
 * Build arguments, target and switches of an image: the template's (`DockerBuildArgs`, `DockerBuildOptions`), or those of
 * `--docker-build-options`, which count only for images without any of their own. An argument without value takes it from the environment and is left
 * out when there is none, as `docker build --build-arg NAME` does. Throws UserError USAGE.
 */
export function buildSettings(
  artifact: ImageArtifact,
  options: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): BuildSettings {
  const hasOwn = Object.keys(artifact.buildArgs).length > 0;
  const given = parseOptions(artifact.buildOptions ?? (hasOwn ? '' : (options ?? '')), artifact);
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
    extras: {
      secrets: (given.secret ?? []).map((text) => parseSecret(text, env)),
      ssh: given.ssh ?? [],
      contexts: (given['build-context'] ?? []).map(namedContext),
      cacheFrom: given['cache-from'] ?? [],
      cacheTo: given['cache-to'] ?? [],
      further: FURTHER.flatMap((name) => (given[name] ?? []).map((value) => `--${name}=${value}`)),
    },
  };
}

function parseOptions(text: string, artifact: ImageArtifact) {
  try {
    const { values } = parseArgs({
      args: splitArguments(text),
      options: {
        'build-arg': TEXTS,
        target: { type: 'string' },
        'no-cache': { type: 'boolean' },
        pull: { type: 'boolean' },
        secret: TEXTS,
        ssh: TEXTS,
        'build-context': TEXTS,
        'cache-from': TEXTS,
        'cache-to': TEXTS,
        'add-host': TEXTS,
        allow: TEXTS,
        label: TEXTS,
        network: TEXTS,
        'shm-size': TEXTS,
        ulimit: TEXTS,
        // What every build does or must not do anyway; spelled out in many pipelines.
        provenance: { type: 'string' },
        sbom: { type: 'string' },
        progress: { type: 'string' },
        load: { type: 'boolean' },
      },
      strict: true,
      allowPositionals: false,
    });
    return values;
  } catch (error) {
    const source = artifact.buildOptions === undefined ? `--docker-build-options "${text}"` : `The build options of ${artifact.dockerfile}`;
    throw new UserError('USAGE', `${source} cannot be used: ${messageOf(error)}`, {
      hint: `It takes --build-arg NAME=VALUE, --target STAGE, --no-cache, --pull, --secret, --ssh, --build-context, --cache-from, --cache-to, ${FURTHER.map((name) => `--${name}`).join(', ')}.`,
      cause: error,
    });
  }
}

function namedContext(text: string): [string, string] {
  const [name, value] = nameAndValue(text);
  if (value !== null && name !== '' && value !== '') return [name, value];
  throw new UserError('USAGE', `--build-context "${text}" is not NAME=DIRECTORY.`);
}

function nameAndValue(text: string): [string, string | null] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
}
