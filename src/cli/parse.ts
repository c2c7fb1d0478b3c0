import type { Command } from '../commands/define.ts';
import { optionSpec, type OptionName } from '../commands/options.ts';
import { UserError } from '../errors.ts';
import { isSwitch, normaliseArguments, notBoolean, splitSwitch } from './normalise.ts';
import { everySwitch, optionsOf, switchTable, type SwitchTable } from './switches.ts';
import { suggest } from './suggest.ts';

/** What a command line asks for. */
export type Request =
  | { readonly kind: 'version' }
  | {
      readonly kind: 'help';
      readonly command: Command | undefined;
      /** First words of commands, e.g. `bucket`. */ readonly family: string | undefined;
      /** False: there was no command to run, which is a wrong usage. */
      readonly asked: boolean;
    }
  | {
      readonly kind: 'run';
      readonly command: Command;
      /** The text of every switch that was given, by long name. */
      readonly flags: ReadonlyMap<OptionName, string>;
      readonly positionals: readonly string[];
    };

/** Put before every value, because yargs takes quotes off values that begin and end with one. No argument of a process can hold it. */
const GUARD = '\0';

const HELP = /^(--help|--h|-h|-\?)$/i;
const VERSION = /^--version$/i;

/** Reads the arguments after the program's name. Throws UserError USAGE. */
export async function parseCommandLine(args: readonly string[], commands: readonly Command[]): Promise<Request> {
  const all = everySwitch();
  const end = args.indexOf('--');
  const isHelp = (end < 0 ? args : args.slice(0, end)).some((arg) => HELP.test(arg)) || args[0]?.toLowerCase() === 'help';
  const rest = args[0]?.toLowerCase() === 'help' ? args.slice(1) : args;
  const found = findCommand(rest, commands, all);
  if (found.command === undefined) {
    if (found.unknown !== undefined) throw unknownCommand(found.unknown, found.family, commands);
    if (!isHelp && rest.some((arg) => VERSION.test(arg))) return { kind: 'version' };
    const stray = isHelp ? undefined : rest.find((arg) => isSwitch(arg) && !all.has(splitSwitch(arg).spelling));
    if (stray !== undefined) throw unknownGeneralSwitch(stray, all);
    return { kind: 'help', command: undefined, family: found.family, asked: isHelp };
  }
  if (isHelp) return { kind: 'help', command: found.command, family: undefined, asked: true };
  return parseArguments(found.command, found.rest, commands);
}

/** The name of the command that a command line runs, also when the rest of it is wrong; empty when it names none. */
export function commandNameOf(args: readonly string[], commands: readonly Command[]): string {
  return findCommand(args, commands, everySwitch()).command?.name ?? '';
}

interface FoundCommand {
  readonly command: Command | undefined;
  readonly rest: readonly string[];
  readonly family: string | undefined;
  readonly unknown: string | undefined;
}

/** The command is the first word (or two) that is no switch and no value of one. */
function findCommand(args: readonly string[], commands: readonly Command[], all: SwitchTable): FoundCommand {
  const at = nextWord(args, 0, all);
  const first = args[at]?.toLowerCase();
  if (first === undefined) return { command: undefined, rest: args, family: undefined, unknown: undefined };
  const without = (...indexes: number[]): string[] => args.filter((_, index) => !indexes.includes(index));
  const single = commands.find((command) => command.name === first);
  if (single !== undefined) return { command: single, rest: without(at), family: undefined, unknown: undefined };
  const family = commands.some((command) => command.name.startsWith(`${first} `)) ? first : undefined;
  if (family === undefined) return { command: undefined, rest: args, family: undefined, unknown: args[at] };
  const next = nextWord(args, at + 1, all);
  const second = args[next];
  if (second === undefined) return { command: undefined, rest: args, family, unknown: undefined };
  const name = `${first} ${second.toLowerCase()}`;
  const double = commands.find((command) => command.name === name);
  return { command: double, rest: without(at, next), family, unknown: double === undefined ? name : undefined };
}

function nextWord(args: readonly string[], from: number, all: SwitchTable): number {
  for (let index = from; index < args.length; index += 1) {
    const token = args[index] ?? '';
    if (!isSwitch(token)) return index;
    const { spelling, value } = splitSwitch(token);
    const meaning = all.get(spelling);
    const takesNext = meaning !== undefined && value === undefined && !isBooleanAlone(meaning.name, args[index + 1]);
    if (takesNext) index += 1;
  }
  return args.length;
}

function isBooleanAlone(name: OptionName, next: string | undefined): boolean {
  return optionSpec(name).type === 'boolean' && !/^(true|false)$/i.test(next ?? '');
}

async function parseArguments(command: Command, args: readonly string[], commands: readonly Command[]): Promise<Request> {
  const names = optionsOf(command);
  const { switches, words, doubtful } = normaliseArguments(args, {
    table: switchTable(names),
    commandName: command.name,
    othersWith: (spelling) =>
      commands.filter((other) => other !== command && switchTable(optionsOf(other)).has(spelling)).map((other) => other.name),
  });
  const misplaced = doubtful.find(({ word }) => hasNoPlace(word, command, words, switches));
  if (misplaced !== undefined) throw notBoolean(misplaced.token, misplaced.word);
  checkWords(command, words);
  // yargs' own parser, without its help, completion and commands: those take as long to load as Node itself takes to start.
  const { Parser } = await import('./yargs-parser.ts');
  const parsed = Parser(
    switches.map((item) => item.replace('=', `=${GUARD}`)),
    {
      string: [...names],
      configuration: {
        'parse-numbers': false,
        'dot-notation': false,
        'camel-case-expansion': false,
        'duplicate-arguments-array': false,
        'boolean-negation': false,
      },
    },
  );
  const flags = new Map<OptionName, string>();
  for (const name of names) {
    const value: unknown = parsed[name];
    if (typeof value === 'string') flags.set(name, value.slice(GUARD.length));
  }
  applyPositional(command, words, flags);
  return { kind: 'run', command, flags, positionals: words };
}

/** A switch beats the word that stands for it, as in the reference tool. */
function applyPositional(command: Command, words: readonly string[], flags: Map<OptionName, string>): void {
  command.positionals.forEach((positional, index) => {
    const word = words[index];
    if (positional.option !== undefined && word !== undefined && !flags.has(positional.option)) flags.set(positional.option, word);
  });
}

/** Whether a word is one too many, or stands for a switch that is given as well. */
function hasNoPlace(word: string, command: Command, words: readonly string[], switches: readonly string[]): boolean {
  const positional = command.positionals[words.indexOf(word)] ?? command.positionals.at(-1);
  if (positional === undefined) return true;
  if (positional.variadic === true) return false;
  const { option } = positional;
  return (
    words.indexOf(word) >= command.positionals.length || (option !== undefined && switches.some((item) => item.startsWith(`--${option}=`)))
  );
}

function checkWords(command: Command, words: readonly string[]): void {
  const { positionals } = command;
  const required = positionals.filter((positional) => positional.required === true);
  const missing = required[words.length];
  if (words.length < required.length && missing !== undefined) {
    throw new UserError('USAGE', `${command.name} needs ${missing.name}: ${missing.describe.toLowerCase()}`, {
      hint: `lambda-tool ${command.name} --help`,
    });
  }
  const open = positionals.at(-1)?.variadic === true;
  const extra = words[positionals.length];
  if (!open && extra !== undefined) {
    throw new UserError('USAGE', `${command.name} does not know what to do with "${extra}"`, {
      hint: hintForWord(extra, command),
    });
  }
}

function hintForWord(word: string, { name, options }: Command): string {
  if (/^(true|false)$/i.test(word)) return 'Is a switch missing before it?';
  if (options.includes('template') && /\.(?:template|ya?ml|json)$/i.test(word)) return `Did you mean --template ${word}?`;
  return `lambda-tool ${name} --help`;
}

function unknownGeneralSwitch(token: string, all: SwitchTable): UserError {
  const near = suggest(splitSwitch(token).spelling, ['--version', '--help', ...all.keys()]);
  return new UserError('USAGE', `Unknown switch ${token}`, {
    hint: near === undefined ? 'lambda-tool --help lists the commands' : `Did you mean ${near}?`,
  });
}

function unknownCommand(word: string, family: string | undefined, commands: readonly Command[]): UserError {
  const near = suggest(
    word,
    commands.map((command) => command.name),
  );
  const members = commands
    .filter((command) => family !== undefined && command.name.startsWith(`${family} `))
    .map((command) => command.name);
  const hint =
    near !== undefined
      ? `Did you mean lambda-tool ${near}?`
      : members.length > 0
        ? `There is: ${members.join(', ')}`
        : 'lambda-tool --help lists the commands';
  return new UserError('USAGE', `Unknown command "${word}"`, { hint });
}
