import { COMMAND_GROUPS, type Command, type PositionalSpec } from '../commands/define.ts';
import { OPTION_GROUPS, type OptionSpec } from '../commands/option-spec.ts';
import { optionSpec, type OptionName } from '../commands/options.ts';
import { optionsOf } from './switches.ts';

const EXIT_CODES = `Exit codes
  0 done, or nothing to do    1 failed    2 wrong usage    3 there are changes    4 the function answered with an error    130 interrupted`;

/** The page of `lambda-tool --help`, or of one family (`lambda-tool bucket --help`). */
export function renderOverview(commands: readonly Command[], family: string | undefined): string {
  const shown = family === undefined ? commands : commands.filter((command) => command.name.startsWith(`${family} `));
  const width = Math.max(...shown.map((command) => command.name.length));
  const groups = COMMAND_GROUPS.flatMap((group) => {
    const members = shown.filter((command) => command.group === group);
    return members.length === 0
      ? []
      : [[group, ...members.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)].join('\n')];
  });
  const examples = `Examples
  lambda-tool new node --name Hello -o hello        make a project
  lambda-tool deploy-serverless --local             deploy it on this machine, no account needed
  lambda-tool deploy-serverless -sn Hello -sb my-bucket --region eu-west-1`;
  return [
    `lambda-tool ${family === undefined ? '' : `${family} `}COMMAND [switches]`,
    'Deploys Lambda applications from a serverless.template.',
    '',
    ...(family === undefined ? [examples, ''] : []),
    groups.join('\n\n'),
    '',
    EXIT_CODES,
    '',
    'lambda-tool COMMAND --help tells more about a command; lambda-tool --version prints the version.',
  ].join('\n');
}

/** The page of one command: what it does, examples, then its switches by group. */
export function renderCommandHelp(command: Command): string {
  const names = optionsOf(command);
  const sections = OPTION_GROUPS.flatMap((group) => {
    const members = names.filter((name) => optionSpec(name).group === group);
    return members.length === 0 ? [] : [`${group}\n${members.map(renderOption).join('\n')}`];
  });
  const width = Math.max(0, ...command.examples.map((example) => example.command.length));
  const examples = command.examples.map((example) => `  ${example.command.padEnd(width)}  ${example.describe}`.trimEnd());
  const words = command.positionals.map((positional) => `  ${positional.name.padEnd(20)}${positional.describe}`);
  return [
    usageLine(command),
    `${command.summary}.`,
    '',
    ...(examples.length === 0 ? [] : ['Examples', ...examples, '']),
    ...(words.length === 0 ? [] : ['Arguments', ...words, '']),
    sections.join('\n\n'),
    '',
    EXIT_CODES,
  ].join('\n');
}

export function usageLine(command: Command): string {
  const words = command.positionals.map(renderPositional);
  return ['lambda-tool', command.name, ...words, '[switches]'].join(' ');
}

function renderPositional(positional: PositionalSpec): string {
  const name = `${positional.name}${positional.variadic === true ? ' …' : ''}`;
  return positional.required === true ? name : `[${name}]`;
}

function renderOption(name: OptionName): string {
  const spec = optionSpec(name);
  const short = spec.short === undefined ? '' : `-${spec.short},`;
  const long = `--${spec.type === 'boolean' && spec.default === true ? '[no-]' : ''}${name}${spec.value === undefined ? '' : ` ${spec.value}`}`;
  const head = `  ${short.padEnd(8)}${long}`;
  const text = describeOption(spec);
  return head.length < 42 ? `${head.padEnd(42)}${text}` : `${head}\n${' '.repeat(42)}${text}`;
}

/** The sentence about an option with its choices and default. */
export function describeOption(spec: OptionSpec): string {
  return spec.default === undefined ? spec.describe : `${spec.describe} (default: ${String(spec.default)})`;
}
