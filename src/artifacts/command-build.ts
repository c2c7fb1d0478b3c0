import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerEngine } from '../clients/docker.ts';
import { buildFailed } from '../clients/docker-build-failure.ts';
import { UserError } from '../errors.ts';
import { ensureSecrets, readSecret } from './build-extras.ts';
import { builderArguments, COMMAND_NAMES, needsSecretFiles, type BuilderCommand, type CommandRequest } from './builder-command.ts';
import { endContainersBelow } from './container-processes.ts';
import { runProgram, type ProgramEnd } from './program.ts';

export interface CommandBuild extends Omit<CommandRequest, 'idFile' | 'secretFiles'> {
  readonly engine: ContainerEngine | undefined;
  /** What made this command necessary: `--secret`, `--builder cli`. */
  readonly reason: string;
  /** A folder of our own, which goes when the build is over. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  /** The command line that shows a failure by itself. */
  readonly byHand: string;
}

/** Says so when a command is not there. Throws UserError BUILD_TOOL_NOT_FOUND. */
export async function ensureCommand(
  command: BuilderCommand,
  reason: string,
  { env, signal }: Pick<CommandBuild, 'env' | 'signal'>,
): Promise<void> {
  const name = COMMAND_NAMES[command];
  const missingHint = `${reason} needs ${name}. Install ${command === 'docker' ? "Docker's buildx plugin (https://docs.docker.com/go/buildx/)" : command}, or ${reason.startsWith('--builder') ? 'choose another --builder' : 'choose a builder that is there with --builder podman, finch or nerdctl'}.`;
  const args = command === 'docker' ? ['buildx', 'version'] : ['--version'];
  const end = await runProgram({ command, args, cwd: process.cwd(), env, signal, missingHint });
  if (end.exitCode !== 0)
    throw new UserError('BUILD_TOOL_NOT_FOUND', `${name} does not run.`, { hint: missingHint, details: end.lastLines });
}

/**
 * Builds an image with an engine's own command and answers the id that it has there. Throws UserError BUILD_FAILED with the last lines,
 * USAGE for a secret that is missing; the signal's reason when interrupted: the whole process group is gone then.
 */
export async function buildWithCommand(command: BuilderCommand, build: CommandBuild): Promise<string> {
  const { settings, context, env, folder } = build;
  await ensureSecrets(settings.extras.secrets, context, env);
  const idFile = join(folder, 'image-id');
  const args = builderArguments(command, { ...build, idFile, secretFiles: await writeSecrets(command, build) });
  const end = await runProgram({
    command,
    args,
    cwd: context,
    env: environmentFor(command, build),
    signal: build.signal,
    onLine: build.onLine,
    missingHint: `${build.reason} needs ${COMMAND_NAMES[command]}.`,
    // Podman has no service that would clear up; the other commands only speak to one.
    beforeStop: command === 'podman' ? endContainersBelow : undefined,
  });
  if (end.exitCode !== 0) throw buildFailed({ ...build, reason: reasonOf(end), lastLines: end.lastLines });
  const id = (await readFile(idFile, 'utf8').catch(() => '')).trim();
  return id === '' || id.startsWith('sha256:') ? id : `sha256:${id}`;
}

/** The command speaks to the engine that was found, also when nothing but a known socket led to it. */
function environmentFor(command: BuilderCommand, { engine, env }: CommandBuild): Readonly<Record<string, string | undefined>> {
  const own = { ...env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
  const isFoundByUs = engine !== undefined && engine.source !== 'DOCKER_HOST' && !engine.source.startsWith('docker context');
  return command === 'docker' && isFoundByUs ? { ...own, DOCKER_HOST: engine.address } : own;
}

async function writeSecrets(command: BuilderCommand, { settings, context, env, folder }: CommandBuild): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  if (!needsSecretFiles(command)) return files;
  for (const [index, secret] of settings.extras.secrets.entries()) {
    if (!('variable' in secret.from)) continue;
    const file = join(folder, `secret-${index}`);
    await writeFile(file, await readSecret(secret, context, env), { mode: 0o600 });
    files.set(secret.id, file);
  }
  return files;
}

/** Writes an image that a command has built to an archive. */
export async function saveWithCommand(
  command: BuilderCommand,
  tag: string,
  file: string,
  { env, signal }: Pick<CommandBuild, 'env' | 'signal'>,
): Promise<void> {
  const end = await runProgram({
    command,
    args: ['save', '-o', file, tag],
    cwd: process.cwd(),
    env,
    signal,
    missingHint: `${command} is needed.`,
  });
  if (end.exitCode === 0) return;
  throw new UserError('BUILD_FAILED', `${command} has built ${tag} but cannot save it (exit code ${end.exitCode}).`, {
    details: end.lastLines,
  });
}

/** The last line that calls itself an error. */
function reasonOf({ lastLines, exitCode }: ProgramEnd): string {
  const said = lastLines.findLast((line) => /^error\b/i.test(line.trim()))?.trim();
  return said?.replace(/^error:\s*/i, '') ?? `exit code ${exitCode}`;
}
