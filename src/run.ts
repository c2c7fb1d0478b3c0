import { resolve } from 'node:path';

import { optionsOf } from './cli/switches.ts';
import { commandNameOf, parseCommandLine } from './cli/parse.ts';
import type { Clients } from './clients/index.ts';
import { createClients } from './clients/index.ts';
import type { Sourced } from './clients/aws-edge.ts';
import type { Command } from './commands/define.ts';
import { COMMANDS } from './commands/index.ts';
import type { OptionName } from './commands/options.ts';
import type { Clock, Context } from './context.ts';
import { UserError, isAbort, messageOf } from './errors.ts';
import { targetSwitches } from './deployment/target-switches.ts';
import { EXIT } from './exit-codes.ts';
import type { Interrupts } from './interrupts.ts';
import type { Installation } from './local-edge.ts';
import { createOutput, type Output, type OutputFormat } from './output/index.ts';
import { noPrompts, createTerminalPrompts } from './output/terminal-prompts.ts';
import type { Prompts } from './output/prompts.ts';
import type { ShownError } from './output/render.ts';
import type { Reporter } from './output/reporter.ts';
import type { Streams } from './output/streams.ts';
import { openDeliveries, type Deliveries } from './report/deliveries.ts';
import { readDefaultsFile } from './settings/defaults-file.ts';
import { explainSettings } from './settings/explain.ts';
import { persistSettings } from './settings/persist.ts';
import type { IsShowable } from './settings/secret-parameters.ts';
import { resolveSettings, type Settings } from './settings/resolve.ts';

/** The world around one run of the program. */
export interface RunRequest {
  /** Arguments after the program's name. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly streams: Streams;
  /** Whether a person is at the terminal: stdin and stderr are terminals and this is not CI. */
  readonly interactive: boolean;
  readonly interrupts: Interrupts;
  readonly clock: Clock;
  readonly installation: Installation;
}

const USAGE_CODES = new Set(['USAGE', 'MISSING_OPTION']);

/** One run, from arguments to an exit code. Throws nothing. */
export async function run(request: RunRequest): Promise<number> {
  let parsed;
  try {
    parsed = await parseCommandLine(request.args, COMMANDS);
  } catch (error) {
    return fail(error, request, await outputFor(request, undefined), commandNameOf(request.args, COMMANDS));
  }
  if (parsed.kind === 'version') {
    request.streams.stdout.write(`${request.installation.version}\n`);
    return EXIT.done;
  }
  if (parsed.kind === 'help') {
    const machine = formatFromArguments(request) !== 'table';
    if (!parsed.asked && machine) return fail(noCommand(parsed.family), request, await outputFor(request, undefined), '');
    const help = await import('./cli/help.ts');
    const { stdout, stderr } = request.streams;
    const stream = parsed.asked ? stdout : stderr;
    const columns = stream.isTTY === true ? stream.columns || undefined : undefined;
    const text =
      parsed.command === undefined
        ? help.renderOverview(COMMANDS, parsed.family, columns)
        : help.renderCommandHelp(parsed.command, columns);
    stream.write(`${text}\n`);
    return parsed.asked ? EXIT.done : EXIT.usage;
  }
  return runCommand(parsed.command, parsed.flags, parsed.positionals, request);
}

async function runCommand(
  command: Command,
  flags: ReadonlyMap<OptionName, string>,
  positionals: readonly string[],
  request: RunRequest,
): Promise<number> {
  let output: Output | undefined;
  const deliveries = deliveriesOf(request);
  try {
    const projectDirectory = resolve(request.cwd, flags.get('project-location') ?? '.');
    const configFile = flags.get('config-file') ?? request.env['LAMBDA_TOOL_CONFIG_FILE'];
    const environment = flags.get('environment') ?? request.env['LAMBDA_TOOL_ENVIRONMENT'];
    const file = await readDefaultsFile({ projectDirectory, configFile, environment });
    const settings = resolveSettings({ names: optionsOf(command), flags, env: request.env, file });
    output = await outputFor(request, settings);
    const context = createContext(request, settings, output);
    if (settings.values['explainSettings'] === true) {
      output.reporter.result(explainSettings(settings, await whatMayBeShown(context)));
      output.finish(command.name, undefined, undefined);
      return EXIT.done;
    }
    await deliveries.prepare(settings);
    request.interrupts.signal.throwIfAborted();
    const code = (await command.run({ ...settings.values, positionals }, context)) ?? EXIT.done;
    await persistSettings(command, settings, context);
    output.finish(command.name, undefined, undefined, await deliveries.hand(command.name, undefined, undefined, output));
    return code;
  } catch (error) {
    return fail(error, request, output ?? (await outputFor(request, undefined, flags)), command.name, deliveries);
  }
}

async function whatMayBeShown(context: Context): Promise<IsShowable> {
  if (context.settings.get('template-parameters').value === undefined) return () => false;
  return (await import('./settings/secret-parameters.ts')).showableParameters(context);
}

function createContext(request: RunRequest, settings: Settings, output: Output): Context {
  const interactive = request.interactive && settings.values['disableInteractive'] !== true;
  const prompts: Prompts = interactive ? createTerminalPrompts() : noPrompts;
  const projectDirectory = resolve(request.cwd, (settings.values['projectLocation'] as string | undefined) ?? '.');
  return {
    cwd: request.cwd,
    projectDirectory,
    env: request.env,
    installation: request.installation,
    reporter: output.reporter,
    prompts,
    signal: request.interrupts.signal,
    interrupts: request.interrupts,
    clock: request.clock,
    settings,
    clients: connect(request, settings, prompts, output.reporter),
  };
}

function connect(request: RunRequest, settings: Settings, prompts: Prompts, reporter: Reporter): Clients {
  const text = (name: string): string | undefined => settings.values[name] as string | undefined;
  const path = (name: string): string | undefined => {
    const named = text(name);
    return named === undefined ? undefined : resolve(request.cwd, named);
  };
  const log = settings.values['verbose'] === true ? (line: string) => reporter.debug(line) : undefined;
  const createEdge = async () => {
    if (settings.values['local'] === true) {
      const { createLocalEdge } = await import('./local-edge.ts');
      const region = text('region') ?? nonEmpty(request.env['AWS_REGION']) ?? nonEmpty(request.env['AWS_DEFAULT_REGION']);
      return createLocalEdge({
        env: request.env,
        installation: request.installation,
        region,
        port: settings.values['port'] as number | undefined,
        log,
      });
    }
    const { createAwsEdge } = await import('./clients/aws-edge.ts');
    return createAwsEdge({
      env: request.env,
      region: sourced(settings, 'region'),
      profile: sourced(settings, 'profile'),
      credentialsFile: path('profileLocation'),
      accessKeyId: text('awsAccessKeyId'),
      secretAccessKey: text('awsSecretKey'),
      sessionToken: text('awsSessionToken'),
      endpointUrl: text('endpointUrl'),
      caBundle: path('caBundle'),
      version: request.installation.version,
      log,
      ...(prompts.available
        ? {
            askRegion: async () => {
              const region = await prompts.text({ message: 'AWS region', placeholder: 'eu-west-1' });
              settings.remember('region', region);
              return region;
            },
            askMfaCode: (serial: string) => prompts.secret(`MFA code of ${serial}`),
          }
        : {}),
    });
  };
  return createClients({ createEdge, env: request.env, signal: request.interrupts.signal });
}

function sourced(settings: Settings, name: OptionName): Sourced {
  const { value, source, origin } = settings.get(name);
  return { value: value as string | undefined, explicit: source === 'command line' || source === 'environment', origin: origin ?? '' };
}

/** The reporter; before the settings are known (a usage error) the arguments are looked through for the format. */
async function outputFor(request: RunRequest, settings: Settings | undefined, flags?: ReadonlyMap<OptionName, string>): Promise<Output> {
  const format = (settings?.values['output'] as OutputFormat | undefined) ?? formatFromArguments(request, flags);
  return createOutput(request.streams, {
    format,
    color:
      settings === undefined
        ? request.args.includes('--no-color')
          ? false
          : undefined
        : (settings.values['color'] as boolean | undefined),
    quiet: settings?.values['quiet'] === true,
    verbose: settings?.values['verbose'] === true,
    cwd: request.cwd,
    target: settings === undefined ? '' : targetSwitches(settings),
    timeline: settings?.values['timeline'] as boolean | undefined,
    env: request.env,
    now: () => request.clock.now(),
  });
}

/** The format as far as it can be seen before the settings are known. */
function formatFromArguments({ args, env }: RunRequest, flags?: ReadonlyMap<OptionName, string>): OutputFormat {
  const at = args.findLastIndex((arg) => /^--output(=|$)/i.test(arg));
  const written = at < 0 ? undefined : (/=(.*)$/.exec(args[at] ?? '')?.[1] ?? args[at + 1]);
  const format = (flags?.get('output') ?? written ?? env['LAMBDA_TOOL_OUTPUT'])?.toLowerCase();
  return format === 'json' || format === 'ndjson' ? format : 'table';
}

function deliveriesOf({ cwd, env, clock, installation }: RunRequest): Deliveries {
  return openDeliveries({ cwd, env, clock, version: installation.version });
}

function noCommand(family: string | undefined): UserError {
  return new UserError('USAGE', family === undefined ? 'There is no command' : `${family} needs a second word`, {
    hint: `lambda-tool ${family === undefined ? '' : `${family} `}--help lists the commands`,
  });
}

async function fail(
  error: unknown,
  request: RunRequest,
  output: Output,
  command: string,
  deliveries: Deliveries = deliveriesOf(request),
): Promise<number> {
  const interrupted = isAbort(error) || (request.interrupts.signal.aborted && !(error instanceof UserError));
  const shown = interrupted && !(error instanceof UserError) ? describeInterrupt() : describe(error, request.env);
  const known = error instanceof UserError ? error.result : undefined;
  output.finish(command, shown, known, await deliveries.hand(command, shown, known, output));
  if (interrupted || shown.code === 'INTERRUPTED') return EXIT.interrupted;
  return USAGE_CODES.has(shown.code) ? EXIT.usage : EXIT.failed;
}

function describeInterrupt(): ShownError {
  return { code: 'INTERRUPTED', message: 'Interrupted; nothing was left half done', hint: undefined, details: [], cause: undefined };
}

function describe(error: unknown, env: RunRequest['env']): ShownError {
  if (error instanceof UserError) {
    const cause = error.cause === undefined ? undefined : messageOf(error.cause);
    return { code: error.code, message: error.message, hint: error.hint, details: error.details, cause };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'INTERNAL',
    message: messageOf(error),
    hint: 'This is a defect of lambda-tool. Please report it with the lines above',
    details: env['LAMBDA_TOOL_DEBUG'] === undefined ? stack.split('\n').slice(0, 6) : stack.split('\n'),
    cause: undefined,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
