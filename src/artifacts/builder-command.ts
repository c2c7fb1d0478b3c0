import { resolve } from 'node:path';
import type { ContainerEngine } from '../clients/docker.ts';
import type { Platform } from '../clients/docker-build.ts';
import { UserError } from '../errors.ts';
import { switchForCommand, type BuildExtras, type BuildSecret } from './build-extras.ts';
import type { BuildSettings } from './docker-options.ts';

/** A program that builds images. */
export type BuilderCommand = 'docker' | 'podman' | 'finch' | 'nerdctl';

/** `--builder`: the engine's API, the engine's own command, or a command by name. */
export type BuilderWish = 'engine' | 'cli' | BuilderCommand;

/** For people: what runs. */
export const COMMAND_NAMES: Readonly<Record<BuilderCommand, string>> = {
  docker: 'docker buildx',
  podman: 'podman build',
  finch: 'finch build',
  nerdctl: 'nerdctl build',
};

/** The command that belongs to an engine. */
export function commandOfEngine(engine: Pick<ContainerEngine, 'name' | 'source'>): BuilderCommand {
  if (engine.name.startsWith('Podman')) return 'podman';
  return engine.source === 'Finch' ? 'finch' : 'docker';
}

/** Which commands are asked for by name, engine or no engine. */
export function namedCommand(wish: BuilderWish | undefined): BuilderCommand | undefined {
  return wish === undefined || wish === 'engine' || wish === 'cli' ? undefined : wish;
}

type Engine = Pick<ContainerEngine, 'name' | 'source' | 'builder'>;

/** Whether the API of an engine carries what a build needs: of all this, secrets, and them to BuildKit only. */
export function engineCarries(extras: BuildExtras, { builder }: Pick<ContainerEngine, 'builder'>): boolean {
  return switchBeyond(extras, { builder }) === undefined;
}

/** The switch that no API carries; BuildKit's carries secrets. */
function switchBeyond(extras: BuildExtras, { builder }: Pick<ContainerEngine, 'builder'>): string | undefined {
  return switchForCommand(builder === 'BuildKit' ? { ...extras, secrets: [] } : extras);
}

/**
 * The command to build with, or undefined for the engine's API: that carries ordinary builds, and what it cannot carry goes through the
 * engine's own command. Throws UserError USAGE when the API is insisted on and cannot do it.
 */
export function chooseCommand(
  wish: BuilderWish | undefined,
  extras: BuildExtras,
  engine: Engine,
): { readonly command: BuilderCommand; readonly reason: string } | undefined {
  const needed = switchBeyond(extras, engine) ?? switchForCommand(extras);
  const named = namedCommand(wish);
  if (named !== undefined) return { command: named, reason: `--builder ${named}` };
  if (wish === 'cli') return { command: commandOfEngine(engine), reason: '--builder cli' };
  if (needed === undefined) return undefined;
  if (wish !== 'engine') return { command: commandOfEngine(engine), reason: needed };
  if (engineCarries(extras, engine)) return undefined;
  throw new UserError('USAGE', `--builder engine cannot build with ${needed}: the API of the engine does not carry it.`, {
    hint: `Leave --builder out, so that ${COMMAND_NAMES[commandOfEngine(engine)]} is used.`,
  });
}

export interface CommandRequest {
  /** Absolute paths. */
  readonly context: string;
  readonly dockerfile: string;
  readonly platform: Platform;
  readonly settings: BuildSettings;
  readonly tag: string;
  /** Where the command writes the id of the image. */
  readonly idFile: string;
  /** The engine that the command is to speak to, where that is the one in use. */
  readonly engine: Pick<ContainerEngine, 'address'> | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Paths of files that hold secrets, by id, for commands that take them from files only. */
  readonly secretFiles: ReadonlyMap<string, string>;
}

/**
 * The arguments of a build: one platform, one manifest, no attestations. Secrets are in it by place only, and build arguments that come
 * from the environment by name only. https://docs.docker.com/reference/cli/docker/buildx/build/
 */
export function builderArguments(command: BuilderCommand, request: CommandRequest): string[] {
  const { settings, context } = request;
  const { extras } = settings;
  return [
    ...beginning(command, request),
    `--platform=${request.platform}`,
    // Podman makes none, and knows neither of the switches.
    ...(command === 'podman' ? [] : ['--provenance=false', '--sbom=false', '--progress=plain']),
    ...(command === 'docker' ? ['--load'] : []),
    `--file=${request.dockerfile}`,
    `--tag=${request.tag}`,
    `--iidfile=${request.idFile}`,
    ...Object.entries(settings.buildArgs).flatMap(([name, value]) => [
      '--build-arg',
      request.env[name] === value && command !== 'finch' ? name : `${name}=${value}`,
    ]),
    ...(settings.target === undefined ? [] : [`--target=${settings.target}`]),
    ...(settings.noCache ? ['--no-cache'] : []),
    ...(settings.pull ? ['--pull'] : []),
    ...extras.secrets.map((secret) => `--secret=${secretArgument(secret, request)}`),
    ...extras.ssh.map((value) => `--ssh=${value}`),
    ...extras.contexts.map(([name, value]) => `--build-context=${name}=${value}`),
    ...extras.cacheFrom.map((value) => `--cache-from=${value}`),
    ...extras.cacheTo.map((value) => `--cache-to=${value}`),
    ...extras.further,
    context,
  ];
}

function beginning(command: BuilderCommand, { engine }: CommandRequest): string[] {
  if (command === 'docker') return ['buildx', 'build'];
  return command === 'podman' && engine !== undefined ? ['--url', engine.address, 'build'] : ['build'];
}

/** Whether a command gets secrets of the environment as files: it, or what it speaks to, has another environment. */
export function needsSecretFiles(command: BuilderCommand): boolean {
  return command === 'podman' || command === 'finch';
}

function secretArgument(secret: BuildSecret, { context, secretFiles }: CommandRequest): string {
  const { id, from } = secret;
  const file = secretFiles.get(id) ?? ('file' in from ? resolve(context, from.file) : undefined);
  const place = file === undefined && 'variable' in from ? `env=${from.variable}` : `src=${file ?? ''}`;
  // The value is read as a line of CSV.
  return [`id=${id}`, /[",]/.test(place) ? `"${place.replaceAll('"', '""')}"` : place].join(',');
}
