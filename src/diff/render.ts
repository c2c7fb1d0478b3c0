import { plural } from '../output/format.ts';
import type { Style } from '../output/style.ts';
import type { JsonValue } from '../template/types.ts';
import { cut, cutPair } from './cut-text.ts';
import { longText, shortForm } from './short-form.ts';
import { textDiff } from './text-diff.ts';
import type { Action, Changes, EntryChange, ParameterChange, PropertyChange, ResourceChange, TagChange, Undecided } from './types.ts';

export interface ShownDiff {
  readonly stackName: string;
  readonly exists: boolean;
  /** Of a stack that is there; without `exists` it never came up. */
  readonly status?: string | undefined;
  readonly changes: Changes;
  readonly undecided: readonly Undecided[];
}

const SIGNS = { added: '+', changed: '~', removed: '-' } as const;
const COLORS = { added: 'green', changed: 'yellow', removed: 'red' } as const;
/** Content digests in keys, tags and references to images: twelve digits tell them apart. */
const DIGEST = /\b([0-9a-f]{12})[0-9a-f]{52}\b/g;
/** Lines of one text that are shown. */
const MOST_LINES = 30;

/** The comparison for people: a headline, then a block for every section that differs. */
export function renderDiff(diff: ShownDiff, style: Style): string {
  const { changes, undecided } = diff;
  const blocks = [
    block('Resources', resourceLines(changes.resources, style), style),
    block(
      'Parameters',
      changes.parameters.flatMap((change) => parameterLines(change, style)),
      style,
    ),
    block(
      'Tags',
      changes.tags.map((change) => valueLine(change, style)),
      style,
    ),
    block(
      'Stack',
      changes.stack.map((change) => valueLine(change, style)),
      style,
    ),
    block('Outputs', entryLines(changes.outputs, style), style),
    block('Conditions', entryLines(changes.conditions, style), style),
    block('Mappings', entryLines(changes.mappings, style), style),
    block('Rules', entryLines(changes.rules, style), style),
    block('Metadata', entryLines(changes.metadata, style), style),
    block('Globals', entryLines(changes.globals, style), style),
    block('Hooks', entryLines(changes.hooks, style), style),
    // What a new stack's template says about itself is no news.
    block(
      'Template',
      (diff.exists ? changes.template : []).flatMap((change) => propertyLines(change, '  ', style)),
      style,
    ),
    block(
      'Not compared',
      undecided.map(({ subject, reason }) => `  ${style('yellow', '?')}  ${subject}: ${reason}`),
      style,
    ),
  ].filter((text) => text !== '');
  return [style('bold', headline(diff)), ...blocks].join('\n\n');
}

/** Whether nothing differs, as far as things could be compared. */
export function hasNoChanges(changes: Changes): boolean {
  return Object.values(changes).every((section: readonly unknown[]) => section.length === 0);
}

function headline({ stackName, exists, status, changes, undecided }: ShownDiff): string {
  if (hasNoChanges(changes))
    return undecided.length === 0
      ? `No differences: stack ${stackName} is what the template says.`
      : `No differences found in stack ${stackName}, but not everything could be compared.`;
  const count = (action: Action): number => changes.resources.filter((change) => change.action === action).length;
  const counts = [
    [count('added'), 'to add'],
    [count('changed'), 'to change'],
    [count('removed'), 'to remove'],
  ] as const;
  const parts = counts
    .filter(([number]) => number > 0)
    .map(([number, words], index) => `${index === 0 ? plural(number, 'resource') : number} ${words}`);
  const words = parts.length === 0 ? 'no resource differs' : parts.join(', ');
  if (exists) return `Stack ${stackName}: ${words}`;
  return status === undefined ? `Stack ${stackName} does not exist yet: ${words}` : `Stack ${stackName} is created anew: ${words}`;
}

function block(title: string, lines: readonly string[], style: Style): string {
  return lines.length === 0 ? '' : [style('bold', title), ...lines].join('\n');
}

function sign(action: Action, style: Style): string {
  return style(COLORS[action], SIGNS[action]);
}

function resourceLines(resources: readonly ResourceChange[], style: Style): string[] {
  const width = Math.max(0, ...resources.map((change) => change.logicalId.length));
  return resources.flatMap((change) => [
    `  ${sign(change.action, style)}  ${change.logicalId.padEnd(width)}  ${style('dim', change.type)}`.trimEnd(),
    ...change.properties.flatMap((property) => propertyLines(property, '       ', style)),
  ]);
}

function entryLines(entries: readonly EntryChange[], style: Style): string[] {
  return entries.flatMap((change) => [
    `  ${sign(change.action, style)}  ${change.name}`,
    ...change.properties.flatMap((property) => propertyLines(property, '       ', style)),
  ]);
}

function parameterLines(change: ParameterChange, style: Style): string[] {
  const isValue = change.action !== 'changed' || change.before !== change.after;
  const line = isValue ? valueLine(change, style) : `  ${sign(change.action, style)}  ${change.name}`;
  return [line, ...change.properties.flatMap((property) => propertyLines(property, '       ', style))];
}

function valueLine(change: TagChange, style: Style): string {
  const { action, name, before, after } = change;
  const head = `  ${sign(action, style)}  ${name}`;
  if (action === 'changed') return `${head}  ${arrow(before, after, style)}`;
  const value = before ?? after;
  return value === undefined ? head : `${head}  ${style(COLORS[action], cut(value))}`;
}

function propertyLines(change: PropertyChange, indent: string, style: Style): string[] {
  const { before, after, note } = change;
  // Properties are what most differences are about; what stands beside them keeps its own name.
  const path = change.path.replace(/^Properties(?:\.|(?=\[))/, '');
  const remark = note === undefined ? '' : style('dim', `  (${note})`);
  const texts = [longText(before), longText(after)];
  if (texts.some((text) => text !== undefined)) {
    return [
      `${indent}${path}${remark}`,
      ...textLines(texts[0] ?? shown(before) ?? '', texts[1] ?? shown(after) ?? '', `${indent}  `, style),
    ];
  }
  // What looks the same as short text (a text with a line end, null and "null") is shown as JSON.
  const isAlike = shown(before)?.trim() === shown(after)?.trim() && before !== after;
  const values = isAlike ? arrow(JSON.stringify(before), JSON.stringify(after), style) : arrow(shown(before), shown(after), style);
  return [`${indent}${path === '' ? '' : `${path}  `}${values}${remark}`];
}

function shown(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  return shortForm(value)
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(DIGEST, '$1…');
}

function arrow(before: string | undefined, after: string | undefined, style: Style): string {
  if (before === undefined) return after === undefined ? '' : style('green', `+ ${cut(after)}`);
  if (after === undefined) return style('red', `- ${cut(before)}`);
  const [old, own] = cutPair(before, after);
  return `${style('red', old)} → ${style('green', own)}`;
}

function textLines(before: string, after: string, indent: string, style: Style): string[] {
  const lines = textDiff(before, after);
  if (lines.length === 0) return [`${indent}${style('dim', 'only line ends differ')}`];
  const shownLines = lines.slice(0, MOST_LINES).map(({ kind, text }) => {
    if (kind === 'removed') return `${indent}${style('red', `- ${cut(text)}`)}`;
    if (kind === 'added') return `${indent}${style('green', `+ ${cut(text)}`)}`;
    return `${indent}${style('dim', `  ${cut(text)}`.trimEnd())}`;
  });
  const more = lines.length - shownLines.length;
  return more === 0 ? shownLines : [...shownLines, `${indent}${style('dim', `  … ${plural(more, 'more line')}`)}`];
}
