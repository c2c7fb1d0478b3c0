import { UserError } from '../errors.ts';
import { hintForBroken, hintForRoom, isBroken } from './docker-failure.ts';

/** What is known of a build that failed. */
export interface FailedBuild {
  readonly tag: string;
  readonly platform: string;
  /** In the engine's words. */
  readonly reason: string;
  /** As the Dockerfile has it; undefined when nobody told. */
  readonly step?: string | undefined;
  readonly lastLines: readonly string[];
  /** The command that shows the same failure. */
  readonly byHand: string;
  readonly cause?: unknown;
}

/** What builders put before the reason, outermost first; and what they say of a program whose words are above anyway. */
const NOISE: readonly (readonly [RegExp, string])[] = [
  [/^\(HTTP code \d+\) [^-]*- /, ''],
  [/^failed to solve with frontend \S+: /, ''],
  [/^failed to (?:solve|build LLB|build): /, ''],
  [/^rpc error: code = \w+ desc = /, ''],
  [/^failed to create LLB definition: /, ''],
  [/^failed to process [^:]*: /, ''],
  [/^executor failed running \[.*\]: /s, ''],
  [/^process ".*" did not complete successfully: /s, ''],
  [/^The command '.*' returned a non-zero code: /s, 'exit code: '],
  [/^failed to compute cache key: (?:failed to calculate checksum of ref \S+: )?/, ''],
  [/: not found: not found$/, ': not found'],
  [/" not found: not found$/, '" not found'],
];

interface Advice {
  /** What the step has to be, where that matters. */
  readonly step?: RegExp;
  readonly reason: RegExp;
  readonly hint: string;
}

/** Reasons that are met again and again, with the next thing to do. The first that fits counts. */
const ADVICE: readonly Advice[] = [
  {
    step: /^(?:COPY|ADD)\b/i,
    reason: /not found|no such file|does not exist|COPY failed|ADD failed|no source files|copier: stat/i,
    hint: 'Paths of COPY and ADD count from the build context, and what .dockerignore leaves out is not there.',
  },
  {
    reason: /target stage .* not be found|target stage .* not found|failed to reach build target|invalid stage|no such stage/i,
    hint: 'Name a stage that the Dockerfile has (FROM … AS NAME) with --target, or with DockerBuildTarget in the template.',
  },
  {
    reason: /parse error|unknown instruction|cannot be empty|no instructions|unknown flag|syntax error/i,
    hint: 'Correct the Dockerfile; its syntax: https://docs.docker.com/reference/dockerfile/',
  },
  {
    reason: /\b401\b|unauthorized|no basic auth|authorization failed|\bdenied\b|authentication required/i,
    hint: 'The registry of the base image has no such image, or wants a login: what "docker login" stores is used here.',
  },
  {
    reason: /manifest.*(?:unknown|not found)|repository .*not (?:found|exist)|name unknown|: not found$/i,
    hint: 'Correct the name or the tag of the base image in FROM.',
  },
  {
    reason: /toomanyrequests|rate limit/i,
    hint: 'The registry allows no more pulls for now: sign in with "docker login", or name a copy of the base image elsewhere.',
  },
  {
    reason: /no such host|server misbehaving|i\/o timeout|no route to host|network is unreachable|TLS handshake|x509|failed to do request/i,
    hint: 'The engine cannot reach the registry of the base image: check its network, its proxy and its certificates.',
  },
];

/** The error of a build that failed: the step, the reason, the last lines, and what to do next. */
export function buildFailed(build: FailedBuild): UserError {
  const reason = cleanReason(build.reason);
  const said = isBroken(reason) ? `the engine broke the connection off (${reason})` : reason;
  const step = build.step === undefined || said.includes(build.step) ? '' : `, at "${build.step}"`;
  return new UserError('BUILD_FAILED', `The image ${build.tag} could not be built${step}: ${said}`, {
    hint: hintFor(build, reason),
    details: build.lastLines,
    cause: build.cause,
  });
}

function cleanReason(text: string): string {
  return NOISE.reduce((reason, [noise, instead]) => reason.replace(noise, instead), text.trim()).trim();
}

function hintFor(build: FailedBuild, reason: string): string {
  const { step = '', lastLines, platform } = build;
  const said = [reason, ...lastLines.slice(-3)].join('\n');
  if (/exec format error/i.test(said)) return emulatorHint(platform);
  const engine = hintForBroken(reason) ?? hintForRoom(said);
  if (engine !== undefined) return engine;
  // What the program of a step has said is its own business.
  const isProgram = /\bexit (?:code|status):? \d+$/.test(reason);
  const advice = isProgram ? undefined : ADVICE.find((one) => one.reason.test(reason) && one.step?.test(step) !== false);
  return advice?.hint ?? `${lastLines.length === 0 ? '' : 'The last lines of the build are above. '}By itself: ${build.byHand}`;
}

/** https://docs.docker.com/build/building/multi-platform/#qemu */
function emulatorHint(platform: string): string {
  return `Programs for ${platform} need an emulator on this engine: docker run --privileged --rm tonistiigi/binfmt --install ${platform.replace('linux/', '')}`;
}
