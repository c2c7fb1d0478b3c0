import * as fc from 'fast-check';
import type { JsonValue, Path } from '../../src/template/types.ts';

/** Texts that readers of YAML and JSON are known to trip over. */
const trickyTexts = [
  '',
  ' ',
  'a',
  './src',
  's3://bucket/key',
  '08',
  '010',
  '1.10',
  '1e3',
  '12345678901234567890',
  'yes',
  'no',
  'on',
  '~',
  'null',
  'true',
  '2012-10-17',
  '1:30',
  'a: b',
  '- a',
  '# no comment',
  'a #b',
  "it's",
  '"q"',
  '${A}',
  '*',
  '&x',
  '!Ref',
  '|',
  '>',
  '%',
  '@',
  '`',
  '{',
  '}',
  '[',
  ']',
  ',',
  '?',
  ':',
  '-',
  'a:',
  ' lead',
  'trail ',
  'two\nlines',
  'tab\there',
  'é',
  '日本',
  '\u{1F600}',
  '\u2028',
  '\u0085',
  '\uFEFF',
  '__proto__',
  'constructor',
  '<<',
  'line\r\nend',
  '...',
  '---',
  '.inf',
  '0x1F',
  '+1',
  '\u0007',
];

const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('A', 'B', 'Code', 'CodeUri', 'S3Key', 'Properties', 'Fn::Sub', 'Ref', 'x-y', '200') },
  { weight: 1, arbitrary: fc.constantFrom(...trickyTexts.filter((text) => text.length > 0)) },
);

const scalar = fc.oneof(
  fc.constantFrom(...trickyTexts),
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(0.5, -1.25, 1e21, 3e-7, 9007199254740991),
);

/** Values as templates hold them, with members called `__proto__` and the like. */
export const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.uniqueArray(fc.tuple(key, tie('value')), { maxLength: 4, selector: ([name]) => name }).map((members) => objectOf(members)),
  ),
})).value;

export function objectOf(members: readonly (readonly [string, JsonValue])[]): JsonValue {
  const result = {};
  for (const [name, value] of members) Object.defineProperty(result, name, { value, enumerable: true, configurable: true, writable: true });
  return result;
}

/** Whole templates, as values. */
export const templateValue = fc
  .uniqueArray(fc.tuple(key, jsonValue), { minLength: 1, maxLength: 4, selector: ([name]) => name })
  .map((resources) =>
    objectOf([
      ['Description', 'x'],
      ['Resources', objectOf(resources)],
    ]),
  );

/** Choices are drawn from a list of numbers, so that a failing case shrinks. */
export class Choices {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(limit: number): number {
    const number = this.#numbers[this.#next % Math.max(this.#numbers.length, 1)] ?? 0;
    this.#next += 1;
    return number % limit;
  }
}

export const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 60 }).map((numbers) => new Choices(numbers));

/** Every path of a value that an edit may replace. */
export function pathsOf(value: JsonValue, path: Path = []): Path[] {
  const below = Array.isArray(value)
    ? value.flatMap((item, index) => pathsOf(item as JsonValue, [...path, index]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name]))
      : [];
  return path.length === 0 ? below : [path, ...below];
}

/** Writes a value as YAML in a style of its own for every node: block or flow, any quotes, comments, odd indentation. */
export function writeYaml(value: JsonValue, pick: Choices): string {
  const lines = blockLines(value, 0, pick);
  return `${pick.below(4) === 0 ? '# a comment on top\n' : ''}${lines.join('\n')}${pick.below(5) === 0 ? '' : '\n'}`;
}

function blockLines(value: JsonValue, indent: number, pick: Choices): string[] {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) return value.flatMap((item) => prefixed(`${pad}-`, item as JsonValue, indent, pick, true));
  return Object.entries(value as object).flatMap(([name, item]) =>
    prefixed(`${pad}${quote(name, pick)}:`, item as JsonValue, indent, pick, false),
  );
}

function prefixed(prefix: string, value: JsonValue, indent: number, pick: Choices, inList: boolean): string[] {
  const comment = pick.below(5) === 0 ? '  # note: x' : '';
  const isCollection = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isCollection || pick.below(5) === 0) return scalarLines(prefix, value, indent, comment, pick);
  const step = Array.isArray(value) && !inList && pick.below(3) === 0 ? 0 : 1 + pick.below(4);
  const inner = blockLines(value, indent + step, pick);
  if (inList && comment === '' && step >= 2 && pick.below(2) === 0) {
    const [first = '', ...rest] = inner;
    return [prefix + first.slice(prefix.length), ...rest];
  }
  return [prefix + comment, ...(pick.below(8) === 0 ? [`${' '.repeat(indent + step)}# inside`] : []), ...inner];
}

function scalarLines(prefix: string, value: JsonValue, indent: number, comment: string, pick: Choices): string[] {
  if (typeof value === 'string' && /^[A-Za-z][A-Za-z ]*$/.test(value) && !value.endsWith(' ') && pick.below(3) === 0) {
    const header = ['|-', '>-', '|2-'][pick.below(3)] ?? '|-';
    const pad = ' '.repeat(indent + 2);
    return [`${prefix} ${header}${comment}`, pad + value, ...(pick.below(3) === 0 ? [''] : [])];
  }
  if (value === null && pick.below(2) === 0) return [prefix + comment];
  return [`${prefix} ${flowText(value, pick)}${comment}`];
}

function flowText(value: JsonValue, pick: Choices): string {
  if (Array.isArray(value))
    return `[${value.map((item) => flowText(item as JsonValue, pick)).join(pick.below(2) === 0 ? ', ' : ' , ')}${value.length > 0 && pick.below(4) === 0 ? ',' : ''}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, item]) => `${quote(name, pick)}: ${flowText(item, pick)}`);
    return `{${pick.below(2) === 0 ? ' ' : ''}${members.join(', ')}${members.length > 0 && pick.below(4) === 0 ? ' ,' : ''}}`;
  }
  return typeof value === 'string' ? quote(value, pick) : String(value);
}

function quote(text: string, pick: Choices): string {
  if (
    /^[A-Za-z][A-Za-z0-9/:.]*$/.test(text) &&
    !text.endsWith(':') &&
    !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) &&
    pick.below(2) === 0
  )
    return text;
  if (/^[\x20-\x7e]*$/.test(text) && pick.below(2) === 0) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
