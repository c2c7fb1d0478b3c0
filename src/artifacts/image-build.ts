import { join } from 'node:path';
import type { ContainerEngine, EngineImage } from '../clients/docker.ts';
import { placeOfRepository } from '../clients/ecr-place.ts';
import type { Platform } from '../clients/docker-build.ts';
import { UserError } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import { readArchivedImage } from './archived-image.ts';
import { formatBytes } from './bytes.ts';
import { ensureSecrets, readSecret } from './build-extras.ts';
import { packBuildContext, sizeOfContext } from './build-context.ts';
import { chooseCommand, commandOfEngine, COMMAND_NAMES, engineCarries, namedCommand, type BuilderCommand } from './builder-command.ts';
import { buildWithCommand, ensureCommand, saveWithCommand } from './command-build.ts';
import type { PlannedImage } from './image.ts';
import { checkImage, ensureRunnable, type ImageLocation } from './image-check.ts';
import { withImageFiles } from './image-files.ts';
import { pushFromArchive, pushFromEngine, type PushGoal } from './image-push.ts';
import { shortName, type Publishing, type PublishOptions } from './publishing.ts';
import { baseHostsOf, loginsFor } from './registry-logins.ts';
import { quoted } from './split-arguments.ts';
import { withTempFolder } from './temp-folder.ts';
import type { Architecture, ImageArtifact } from './types.ts';

export const PLATFORMS: Readonly<Record<Architecture, Platform>> = { x86_64: 'linux/amd64', arm64: 'linux/arm64' };

/** An image as it comes out of a build, wherever that has put it. */
export interface BuiltImage {
  readonly image: EngineImage;
  /** What has built it, for people: `Docker 28.2.2`, `podman build`. */
  readonly builder: string;
  /** Who has it: the engine, or the command. */
  readonly holder: string;
  push(goal: PushGoal): Promise<ImageLocation>;
}

type Request = Pick<Publishing, 'options' | 'engine' | 'signal' | 'env' | 'reporter'>;
type Work<T> = (built: BuiltImage) => Promise<T>;

/**
 * Builds an image, through the API of the engine, or through a command where the build needs what that API does not carry, and hands it
 * to `work`. Throws UserError BUILD_FAILED, BUILD_TOOL_NOT_FOUND, ENGINE_NOT_FOUND, IMAGE_INVALID.
 */
export async function withBuiltImage<T>(
  artifact: ImageArtifact,
  plan: PlannedImage,
  publishing: Publishing,
  step: Step,
  work: Work<T>,
): Promise<T> {
  publishing.signal.throwIfAborted();
  const { engine, command } = await chooseBuilder(plan, publishing);
  if (plan.mustBuild !== undefined && publishing.options.forceBuild !== true) step.note(`built in any case: ${plan.mustBuild}`);
  if (command !== undefined) return withCommand(command, engine, artifact, plan, publishing, step, work);
  if (engine === undefined) throw new UserError('INTERNAL', 'There is neither an engine nor a command to build with');
  return withEngine(engine, artifact, plan, publishing, step, work);
}

interface Chosen {
  readonly engine: ContainerEngine | undefined;
  readonly command: { readonly command: BuilderCommand; readonly reason: string } | undefined;
}

/** The engine and the command of a build; a command that has been asked for by name does without an engine. */
export async function chooseBuilder({ settings }: Pick<PlannedImage, 'settings'>, publishing: Request): Promise<Chosen> {
  const { builder } = publishing.options;
  const named = namedCommand(builder);
  const engine = await findEngine(named, publishing);
  const command =
    engine === undefined && named !== undefined
      ? { command: named, reason: `--builder ${named}` }
      : engine === undefined
        ? undefined
        : chooseCommand(builder, settings.extras, engine);
  if (command !== undefined) {
    try {
      await ensureCommand(command.command, command.reason, publishing);
    } catch (error) {
      const isMissing = error instanceof UserError && error.code === 'BUILD_TOOL_NOT_FOUND';
      // Docker without its buildx plugin: BuildKit inside of the engine takes secrets from here as well.
      if (!isMissing || engine === undefined || builder !== undefined || !engineCarries(settings.extras, engine)) throw error;
      return { engine, command: undefined };
    }
  }
  return {
    engine: engine !== undefined && (command === undefined || commandOfEngine(engine) === command.command) ? engine : undefined,
    command,
  };
}

async function findEngine(named: BuilderCommand | undefined, publishing: Request): Promise<ContainerEngine | undefined> {
  if (named === 'finch' || named === 'nerdctl') return undefined;
  try {
    return await publishing.engine();
  } catch (error) {
    // Podman needs no service; docker without a daemon says so itself.
    if (named !== undefined && error instanceof UserError && error.code === 'ENGINE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function withEngine<T>(
  engine: ContainerEngine,
  artifact: ImageArtifact,
  plan: PlannedImage,
  publishing: Publishing,
  step: Step,
  work: Work<T>,
): Promise<T> {
  const platform = PLATFORMS[artifact.architecture];
  const started = `build started (${platform}, ${engine.builder}, ${engine.name}${emulation(platform, engine)})`;
  step.note(started);
  warnOfEmulation(platform, engine, artifact, publishing);
  const { extras, ...settings } = plan.settings;
  const total = sizeOfContext(plan.context);
  const { env, signal } = publishing;
  await ensureSecrets(extras.secrets, artifact.context, env);
  const secrets = new Map(extras.secrets.map((secret) => [secret.id, () => readSecret(secret, artifact.context, env)]));
  const id = await engine.build({
    context: () =>
      packBuildContext(plan.context, (sent) =>
        step.progress(sent < total ? `sent ${formatBytes(sent)} of ${formatBytes(total)} to the engine` : started),
      ),
    dockerfile: plan.context.dockerfile,
    platform,
    ...settings,
    secrets,
    tag: tagOf(plan),
    byHand: byHand(commandOfEngine(engine), artifact, plan, publishing.options),
    findLogin: loginsFor(publishing),
    baseHosts: await baseHostsOf(artifact.dockerfile, settings.buildArgs),
    signal,
    onLine: (line) => step.output(line),
  });
  return work(await engineImage(engine, id, engine.builder, artifact, plan, publishing, step));
}

function withCommand<T>(
  { command, reason }: { readonly command: BuilderCommand; readonly reason: string },
  engine: ContainerEngine | undefined,
  artifact: ImageArtifact,
  plan: PlannedImage,
  publishing: Publishing,
  step: Step,
  work: Work<T>,
): Promise<T> {
  const { signal, env } = publishing;
  const platform = PLATFORMS[artifact.architecture];
  const where = engine === undefined ? '' : `, ${engine.name}${emulation(platform, engine)}`;
  step.note(`build started (${platform}, ${COMMAND_NAMES[command]} for ${reason}${where})`);
  if (engine !== undefined) warnOfEmulation(platform, engine, artifact, publishing);
  const tag = tagOf(plan);
  return withTempFolder(async (folder) => {
    const { context, dockerfile } = artifact;
    const onLine = (line: string): void => step.output(line);
    const id = await buildWithCommand(command, {
      context,
      dockerfile,
      platform,
      settings: plan.settings,
      tag,
      engine,
      env,
      signal,
      reason,
      folder,
      onLine,
      byHand: byHand(command, artifact, plan, publishing.options),
    });
    if (engine !== undefined) {
      const known = id !== '' && (await engine.inspect(id)) !== undefined ? id : tag;
      return work(await engineImage(engine, known, COMMAND_NAMES[command], artifact, plan, publishing, step));
    }
    const file = join(folder, 'built.tar');
    await saveWithCommand(command, tag, file, publishing);
    return withImageFiles(file, signal, async (files) => {
      const archived = await readArchivedImage(files, artifact.architecture);
      checkImage(archived.image, plan.name.repository, artifact.architecture);
      ensureRunnable(archived.image, plan.name.repository, artifact, publishing.reporter);
      const push = (goal: PushGoal): Promise<ImageLocation> => pushFromArchive(archived, files, goal, publishing, step);
      return work({ image: archived.image, builder: COMMAND_NAMES[command], holder: command, push });
    });
  });
}

async function engineImage(
  engine: ContainerEngine,
  id: string,
  builder: string,
  artifact: ImageArtifact,
  plan: PlannedImage,
  publishing: Publishing,
  step: Step,
): Promise<BuiltImage> {
  const image = await engine.inspect(id);
  const { repository } = plan.name;
  checkImage(image, repository, artifact.architecture);
  ensureRunnable(image, repository, artifact, publishing.reporter);
  return { image, builder, holder: engine.name, push: (goal) => pushFromEngine(engine, image, goal, publishing, step) };
}

function emulation(platform: Platform, engine: ContainerEngine): string {
  return isEmulated(platform, engine) ? `, emulated on ${engine.architecture}` : '';
}

function isEmulated(platform: Platform, { architecture }: Pick<ContainerEngine, 'architecture'>): boolean {
  return !platform.endsWith(architecture);
}

/** Said where CI keeps it: such a build takes several times as long, or fails at its first RUN. */
function warnOfEmulation(
  platform: Platform,
  engine: ContainerEngine,
  { dockerfile }: Pick<ImageArtifact, 'dockerfile'>,
  { options, reporter }: Pick<Publishing, 'options' | 'reporter'>,
): void {
  if (!isEmulated(platform, engine)) return;
  const name = shortName(dockerfile, options);
  reporter.warn(`The image of ${name} is for ${platform}, and ${engine.name} runs ${engine.architecture}: its RUN steps are emulated`);
}

/** The command line that builds the same, for messages; without build arguments, which may be nobody's business. */
function byHand(
  command: BuilderCommand,
  { context, dockerfile, architecture }: ImageArtifact,
  plan: PlannedImage,
  options: PublishOptions,
): string {
  const target = plan.settings.target === undefined ? [] : ['--target', plan.settings.target];
  const words = [
    'build',
    `--platform=${PLATFORMS[architecture]}`,
    '-f',
    shortName(dockerfile, options),
    ...target,
    shortName(context, options),
  ];
  return [command, ...words.map(quoted)].join(' ');
}

/** What the image is called in the engine. */
export function tagOf({ name }: Pick<PlannedImage, 'name'>): string {
  return `${placeOfRepository(name.repository).name}:${name.tag}`;
}
