// Fills the generated parts of the docs from the tables in src/. `--check` writes nothing and fails on any difference.
import { readFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';

import { build } from 'esbuild';

import { ROOT } from './run.mjs';

const {
  COMMANDS,
  COMMAND_GROUPS,
  ERROR_CODES,
  EXIT,
  OPTIONS,
  OPTION_GROUPS,
  environmentName,
  exitNamesOf,
  optionsOf,
  stackStateRows,
  usageLine,
} = await loadTables();

/** What each exit code says. A code without a line here, or without a sentence in the docs, would be one that nobody knows. */
const EXIT_WORDS = {
  done: 'Done, or there was nothing to do.',
  failed: 'It failed; stderr says why, and so does `error.code` of the JSON document.',
  usage: 'Wrong usage: an unknown command or switch, a value that does not fit, a value that is missing and nobody to ask.',
  changes:
    'There are changes, and the switch that was given (`diff --fail`, `--fail-on-changes`) asks to be told so; or a `--confirm` was answered with no.',
  functionError: 'Reserved for "the function answered with an error". No command ends with it yet.',
  interrupted: 'Interrupted (Ctrl-C, SIGTERM, SIGHUP).',
};

const problems = [];
const pages = new Map();

for (const command of COMMANDS) {
  const file = `docs/commands/${pageName(command)}.md`;
  await fill(file, 'options', renderOptions(command, file));
  await fill(
    file,
    'exit-codes',
    renderExitCodes(([name]) => exitNamesOf(optionsOf(command)).includes(name)),
  );
}
await fill('README.md', 'commands', renderCommands());
await fill('docs/configuration.md', 'switches', renderSwitches());
await fill('docs/errors.md', 'codes', renderErrorCodes());
await fill(
  'docs/stack-states.md',
  'states',
  table(
    ['state', 'the stack', 'a deployment', 'switches of deploy-serverless', 'a deletion', 'switches of delete-serverless'],
    stackStateRows(),
  ),
);
await fill('docs/ci.md', 'exit-codes', renderExitCodes());
const SCHEMA = 'docs/output.schema.json';
const schema = await fillErrorCodes();
await fill('docs/output.md', 'document', renderMembers(schema.$defs.document));
await fill('docs/output.md', 'results', renderResults());
await fill('docs/output.md', 'parts', renderParts());
await fill('docs/output.md', 'events', renderEvents());
await finish(process.argv.includes('--check'));

/** The tables as the program itself has them: Node 20 cannot read TypeScript, so they are bundled into a module in memory. */
async function loadTables() {
  const result = await build({
    absWorkingDir: ROOT,
    stdin: {
      resolveDir: `${ROOT}src`,
      contents: `
        export { COMMANDS } from './commands/index.ts';
        export { COMMAND_GROUPS } from './commands/define.ts';
        export { OPTION_GROUPS, environmentName } from './commands/option-spec.ts';
        export { OPTIONS } from './commands/options.ts';
        export { optionsOf } from './cli/switches.ts';
        export { usageLine } from './cli/help.ts';
        export { ERROR_CODES } from './errors.ts';
        export { EXIT, exitNamesOf } from './exit-codes.ts';
        export { stackStateRows } from './stack/statuses.ts';
      `,
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'error',
    plugins: [{ name: 'own-source-only', setup: (bundler) => bundler.onResolve({ filter: /.*/ }, leaveOutside) }],
  });
  return import(`data:text/javascript;base64,${Buffer.from(result.outputFiles[0].contents).toString('base64')}`);
}

/** Packages are taken from where they are installed; what the program loads on first use is not used here at all. */
function leaveOutside({ kind, path }) {
  if (kind === 'dynamic-import') return { path: `unused:${path}`, external: true };
  if (kind === 'entry-point' || path.startsWith('.') || builtinModules.includes(path.replace(/^node:/, ''))) return undefined;
  return { path: import.meta.resolve(path), external: true };
}

function pageName(command) {
  return command.name.replaceAll(' ', '-');
}

function renderOptions(command, file) {
  const words = command.positionals.map(({ name, describe, option }) => [
    code(name),
    `${describe}${option === undefined || describe.includes(option) ? '' : ` (same as ${code(`--${option}`)})`}`,
  ]);
  const names = optionsOf(command);
  const groups = OPTION_GROUPS.flatMap((group) => {
    const members = names.filter((name) => OPTIONS[name].group === group);
    return members.length === 0 ? [] : [`**${group}**`, table(['switch', 'what it does'], members.map(optionRow))];
  });
  return [
    `\`\`\`\n${usageLine(command)}\n\`\`\``,
    ...(words.length === 0 ? [] : [table(['word', 'what it is'], words)]),
    ...groups,
    `Variables, keys of the defaults file and the syntax of values: [configuration](${link(file, 'docs/configuration.md')}).`,
  ].join('\n\n');
}

function optionRow(name) {
  return [spelling(name), sentence(name)];
}

function spelling(name) {
  const { short, type, value, default: fallback } = OPTIONS[name];
  const long = `--${type === 'boolean' && fallback === true ? '[no-]' : ''}${name}${value === undefined ? '' : ` ${value}`}`;
  return short === undefined ? code(long) : `${code(`-${short}`)}, ${code(long)}`;
}

function sentence(name) {
  const { describe, default: fallback } = OPTIONS[name];
  return fallback === undefined ? describe : `${describe} (default: ${code(String(fallback))})`;
}

function renderExitCodes(wanted = () => true) {
  const rows = Object.entries(EXIT)
    .filter(wanted)
    .map(([name, number]) => {
      if (EXIT_WORDS[name] === undefined) problems.push(`scripts/docs.mjs has no words for the exit code ${number} (${name})`);
      return [code(String(number)), EXIT_WORDS[name] ?? ''];
    });
  return table(['code', 'meaning'], rows);
}

function renderCommands() {
  return COMMAND_GROUPS.flatMap((group) => {
    const members = COMMANDS.filter((command) => command.group === group);
    if (members.length === 0) return [];
    return [
      `**${group}**`,
      table(
        ['command', 'what it does'],
        members.map((command) => [`[${command.name}](docs/commands/${pageName(command)}.md)`, command.summary]),
      ),
    ];
  }).join('\n\n');
}

function renderSwitches() {
  return OPTION_GROUPS.map((group) => {
    const names = Object.keys(OPTIONS).filter((name) => OPTIONS[name].group === group && usersOf(name).length > 0);
    return `### ${group}\n\n${table(
      ['switch', 'type', 'variable', 'key in the defaults file', 'default', 'meaning'],
      names.map((name) => {
        const { type, choices, default: fallback, describe, inFile } = OPTIONS[name];
        return [
          spelling(name),
          choices === undefined ? type : choices.map(code).join(', '),
          code(environmentName(name)),
          inFile === false ? '' : code(name),
          fallback === undefined ? '' : code(String(fallback)),
          describe,
        ];
      }),
    )}`;
  }).join('\n\n');
}

function usersOf(name) {
  return COMMANDS.filter((command) => optionsOf(command).includes(name));
}

function renderErrorCodes() {
  return table(
    ['code', 'meaning'],
    Object.entries(ERROR_CODES).map(([name, meaning]) => [`[${name}](#${name.toLowerCase()})`, meaning]),
  );
}

/** The schema, with the table of error codes in it. The rest of it is written by hand. */
async function fillErrorCodes() {
  const page = await read(SCHEMA);
  if (page === undefined) return { $defs: { document: {}, events: { oneOf: [] } } };
  const codes = Object.keys(ERROR_CODES).map((name) => `\n        ${JSON.stringify(name)}`);
  page.now = page.now.replace(
    /("errorCode": \{\s*"type": "string",\s*"enum": \[)[^\]]*\]/,
    (_, head) => `${head}${codes.join(',')}\n      ]`,
  );
  return JSON.parse(page.now);
}

/** Which part of the schema is the result of which command. */
function resultNames() {
  const conditions = schema.$defs.document.allOf.filter((condition) => condition.if.properties.command !== undefined);
  return conditions.map((condition) => [
    condition.if.properties.command.const,
    condition.then.properties.result.anyOf[0].$ref.split('/').at(-1),
  ]);
}

function renderResults() {
  const groups = new Map();
  for (const [command, name] of resultNames()) groups.set(name, [...(groups.get(name) ?? []), command]);
  return [...groups].map(([name, commands]) => renderPart(commands.map(code).join(', '), schema.$defs[name])).join('\n\n');
}

/** What several results are made of, below its own heading. */
function renderParts() {
  const names = [
    'failedResult',
    'cause',
    'artifact',
    'plannedChange',
    'propertyChange',
    'finding',
    'timeline',
    'bar',
    'diffEntry',
    'operation',
    'recordedDeployment',
    'settings',
  ];
  return names.map((name) => renderPart(name, schema.$defs[name])).join('\n\n');
}

function renderPart(title, part) {
  const text = part.description === undefined ? [] : [`${part.description}.`];
  return [`### ${title}`, ...text, ...(part.anyOf ?? [part]).map(renderForm)].join('\n\n');
}

function renderForm(part) {
  const owner = resultNames().find(([, name]) => part.$ref === `#/$defs/${name}`)?.[0];
  if (owner !== undefined) return `The keys of ${code(owner)}, or:`;
  if (part.type === 'array') return `A list of:\n\n${renderForm(target(part.items))}`;
  return part.properties === undefined ? 'A map of texts.' : renderMembers(part);
}

function renderMembers({ properties = {}, required = [] }, prefix = '') {
  return table(['key', 'type', 'what'], memberRows(properties, required, prefix));
}

/** Members of members are told with their path; what has a heading of its own is only named. */
function memberRows(properties, required, prefix) {
  return Object.entries(properties).flatMap(([name, member]) => {
    const key = `${prefix}${name}`;
    const inner = member.type === 'array' && member.items.properties !== undefined ? member.items : member;
    const nested =
      inner.properties === undefined ? [] : memberRows(inner.properties, inner.required ?? [], `${key}${inner === member ? '.' : '[].'}`);
    return [[`${code(key)}${required.includes(name) ? '' : ' ?'}`, typeWords(member), member.description ?? ''], ...nested];
  });
}

function typeWords(member) {
  if (member.$ref !== undefined) return member.$ref.split('/').at(-1) === 'errorCode' ? 'text' : member.$ref.split('/').at(-1);
  if (member.const !== undefined) return 'text';
  if (member.type === 'array') return `list of ${typeWords(member.items)}`;
  if (member.type === 'object') return member.additionalProperties?.type === 'string' ? 'map of texts' : 'object';
  return { string: 'text', boolean: 'true or false', number: 'number', integer: 'whole number' }[member.type] ?? 'anything';
}

function renderEvents() {
  return schema.$defs.events.oneOf
    .map((reference) => target(reference))
    .map(({ properties, required, description, allOf }) => {
      const rest = allOf === undefined ? '' : ` Besides: the keys of ${typeWords(allOf[0])}.`;
      return `### ${code(properties.type.const)}\n\n${description}.${rest}\n\n${renderMembers({ properties, required })}`;
    })
    .join('\n\n');
}

function target(part) {
  return part.$ref === undefined ? part : schema.$defs[part.$ref.split('/').at(-1)];
}

function table(columns, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text) {
  return `\`${text}\``;
}

function link(from, to) {
  return posix.relative(posix.dirname(from), to);
}

/** Puts a generated part between its markers. */
async function fill(file, part, text) {
  const page = pages.get(file) ?? (await read(file));
  if (page === undefined) return;
  const [begin, end] = [`<!-- ${part}:begin -->`, `<!-- ${part}:end -->`];
  const from = page.now.indexOf(begin);
  const to = page.now.indexOf(end);
  if (from < 0 || to < from) {
    problems.push(`${file} lacks ${begin} … ${end}`);
    return;
  }
  page.now = `${page.now.slice(0, from + begin.length)}\n${text}\n${page.now.slice(to)}`;
}

async function read(file) {
  try {
    const text = await readFile(`${ROOT}${file}`, 'utf8');
    const page = { before: text, now: text };
    pages.set(file, page);
    return page;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    if (!problems.includes(`${file} is missing`)) problems.push(`${file} is missing`);
    return undefined;
  }
}

async function finish(checkOnly) {
  const changed = [...pages].filter(([, page]) => page.now !== page.before);
  if (!checkOnly) for (const [file, page] of changed) await writeFile(`${ROOT}${file}`, page.now);
  for (const problem of problems) console.error(problem);
  for (const [file] of changed) console.error(checkOnly ? `${file} is not what the tables in src/ say` : `${file} written`);
  if (checkOnly && changed.length > 0) console.error('Run: npm run docs');
  if (problems.length > 0 || (checkOnly && changed.length > 0)) process.exitCode = 1;
}
