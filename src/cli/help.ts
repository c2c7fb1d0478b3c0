import { COMMAND_GROUPS, type Command, type PositionalSpec } from '../commands/define.ts';
import { OPTION_GROUPS, type OptionSpec } from '../commands/option-spec.ts';
import { optionSpec, type OptionName } from '../commands/options.ts';
import { EXIT, exitNamesOf, type ExitName } from '../exit-codes.ts';
import { wrapLines } from '../output/wrap.ts';
import { optionsOf } from './switches.ts';

const EXIT_WORDS: Readonly<Record<ExitName, string>> = {
  done: 'done, or nothing to do',
  failed: 'failed',
  usage: 'wrong usage',
  changes: 'there are changes',
  functionError: 'the function answered with an error',
  interrupted: 'interrupted',
};
/** Where switches are described, and where on a narrow terminal. */
const COLUMN = 42;
const NARROW_COLUMN = 12;
const NARROW = 80;

/** The page of `lambda-tool --help`, or of one family (`lambda-tool bucket --help`). `columns`: of the terminal, where it is one. */
export function renderOverview(commands: readonly Command[], family: string | undefined, columns?: number): string {
  const shown = family === undefined ? commands : commands.filter((command) => command.name.startsWith(`${family} `));
  const width = Math.max(...shown.map((command) => command.name.length));
  const groups = COMMAND_GROUPS.flatMap((group) => {
    const members = shown.filter((command) => command.group === group);
    const lines = members.map((command) => wrapLines(`  ${command.name.padEnd(width)}  ${command.summary}`, columns, width + 2));
    return members.length === 0 ? [] : [[group, ...lines].join('\n')];
  });
  return [
    `lambda-tool ${family === undefined ? '' : `${family} `}COMMAND [switches]`,
    'Deploys Lambda applications from a serverless.template.',
    '',
    ...(family === undefined ? ['Examples', ...renderExamples(EXAMPLES, columns), ''] : []),
    groups.join('\n\n'),
    '',
    ...renderExitCodes(Object.keys(EXIT) as ExitName[], columns),
    '',
    wrapLines('lambda-tool COMMAND --help tells more about a command; lambda-tool --version prints the version.', columns),
  ].join('\n');
}

const EXAMPLES = [
  { command: 'lambda-tool new node --name Hello -o hello', describe: 'make a project' },
  { command: 'lambda-tool deploy-serverless --local', describe: 'deploy it on this machine, no account needed' },
  { command: 'lambda-tool deploy-serverless -sn Hello -sb my-bucket --region eu-west-1', describe: '' },
];

/** The page of one command: what it does, examples, then its switches by group. `columns`: of the terminal, where it is one. */
export function renderCommandHelp(command: Command, columns?: number): string {
  const names = optionsOf(command);
  const sections = OPTION_GROUPS.flatMap((group) => {
    const members = names.filter((name) => optionSpec(name).group === group);
    return members.length === 0 ? [] : [`${group}\n${members.map((name) => renderOption(name, columns)).join('\n')}`];
  });
  const words = command.positionals.map((positional) => wrapLines(`  ${positional.name.padEnd(20)}${positional.describe}`, columns, 20));
  return [
    usageLine(command),
    wrapLines(`${command.summary}.`, columns),
    '',
    ...(command.examples.length === 0 ? [] : ['Examples', ...renderExamples(command.examples, columns), '']),
    ...(words.length === 0 ? [] : ['Arguments', ...words, '']),
    sections.join('\n\n'),
    '',
    ...renderExitCodes(exitNamesOf(names), columns),
  ].join('\n');
}

/** Side by side, but for those that the terminal is too narrow for: commands are to be copied. */
function renderExamples(examples: Command['examples'], columns = Infinity): string[] {
  const width = Math.max(0, ...examples.filter(({ describe }) => describe !== '').map(({ command }) => command.length));
  return examples.map(({ command, describe }) => {
    const line = `  ${command.padEnd(width)}  ${describe}`.trimEnd();
    return line.length <= columns || describe === '' ? line : `  ${command}\n${wrapLines(`      ${describe}`, columns)}`;
  });
}

function renderExitCodes(names: readonly ExitName[], columns = Infinity): string[] {
  const codes = names.map((name) => `${EXIT[name]} ${EXIT_WORDS[name]}`);
  const line = `  ${codes.join('    ')}`;
  return ['Exit codes', ...(line.length <= columns ? [line] : codes.map((code) => `  ${code}`))];
}

export function usageLine(command: Command): string {
  const words = command.positionals.map(renderPositional);
  return ['lambda-tool', command.name, ...words, '[switches]'].join(' ');
}

function renderPositional(positional: PositionalSpec): string {
  const name = `${positional.name}${positional.variadic === true ? ' …' : ''}`;
  return positional.required === true ? name : `[${name}]`;
}

function renderOption(name: OptionName, columns: number | undefined): string {
  const spec = optionSpec(name);
  const short = spec.short === undefined ? '' : `-${spec.short},`;
  const long = `--${spec.type === 'boolean' && spec.default === true ? '[no-]' : ''}${name}${spec.value === undefined ? '' : ` ${spec.value}`}`;
  const head = `  ${short.padEnd(8)}${long}`;
  const column = columns === undefined || columns >= NARROW ? COLUMN : NARROW_COLUMN;
  const text = wrapLines(`${' '.repeat(column)}${describeOption(spec)}`, columns);
  return head.length < column ? `${head.padEnd(column)}${text.slice(column)}` : `${head}\n${text}`;
}

/** The sentence about an option with its choices and default. */
export function describeOption(spec: OptionSpec): string {
  return spec.default === undefined ? spec.describe : `${spec.describe} (default: ${String(spec.default)})`;
}
