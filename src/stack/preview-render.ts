import type { Style } from '../output/style.ts';
import type { Preview, PreviewChange } from './preview.ts';
import type { PropertyChange } from './preview-properties.ts';

/** What CloudFormation writes for a value that only the operation will tell. */
const KNOWN_LATER = '{{changeSet:KNOWN_AFTER_APPLY}}';
const LONGEST_VALUE = 80;

/** A preview for people: a line per resource with + - ~ ±, below it its properties, before → after. */
export function renderPreview(preview: Preview, style: Style): string {
  const { changes } = preview;
  const widths = {
    id: Math.max(0, ...changes.map(({ logicalId }) => logicalId.length)),
    type: Math.max(0, ...changes.map(({ resourceType }) => resourceType.length)),
  };
  const heading = `Changes of ${preview.stackName}: ${changes.length === 0 ? 'outputs, tags or settings only' : countChanges(changes)}`;
  return [style('bold', heading), '', ...changes.flatMap((change) => renderChange(change, widths, style))].join('\n').trimEnd();
}

/** "1 to add, 2 to change, 1 to replace". */
export function countChanges(changes: readonly PreviewChange[]): string {
  const counts = new Map<string, number>();
  for (const change of changes) counts.set(kindOf(change).counted, (counts.get(kindOf(change).counted) ?? 0) + 1);
  return Object.values(KINDS)
    .flatMap(({ counted }) => (counts.has(counted) ? [`${counts.get(counted)} ${counted}`] : []))
    .join(', ');
}

interface Kind {
  readonly mark: string;
  readonly color: 'green' | 'red' | 'yellow' | 'cyan' | 'magenta';
  readonly counted: string;
}

const KINDS = {
  add: { mark: '+', color: 'green', counted: 'to add' },
  modify: { mark: '~', color: 'yellow', counted: 'to change' },
  replace: { mark: '±', color: 'red', counted: 'to replace' },
  remove: { mark: '-', color: 'red', counted: 'to remove' },
  import: { mark: '+', color: 'cyan', counted: 'to import' },
  dynamic: { mark: '?', color: 'magenta', counted: 'that only the operation can tell' },
} as const satisfies Record<string, Kind>;

function kindOf(change: PreviewChange): Kind {
  if (change.action === 'Add') return KINDS.add;
  if (change.action === 'Remove') return KINDS.remove;
  if (change.action === 'Import') return KINDS.import;
  if (change.action !== 'Modify') return KINDS.dynamic;
  return change.replacement === 'True' ? KINDS.replace : KINDS.modify;
}

function renderChange(change: PreviewChange, widths: { readonly id: number; readonly type: number }, style: Style): string[] {
  const { mark, color } = kindOf(change);
  const consequence = consequenceOf(change);
  const head = `  ${style(color, mark)}  ${change.logicalId.padEnd(widths.id)}  ${change.resourceType.padEnd(widths.type)}`;
  const pathWidth = Math.max(0, ...change.properties.map(({ path }) => path.length));
  return [
    (consequence === '' ? head : `${head}  ${style(change.retained ? 'yellow' : 'red', consequence)}`).trimEnd(),
    ...change.properties.map((property) => renderProperty(property, pathWidth, style)),
    ...change.widerRights.map((clause) => style('red', `       ! wider rights: ${clause}`)),
    ...change.denied.map((action) => style('red', `       ! the stack policy does not allow ${action}`)),
  ];
}

function consequenceOf({ action, replacement, retained }: PreviewChange): string {
  if (action === 'Remove') return retained ? 'leaves the stack, stays on AWS' : '';
  if (action !== 'Modify' || replacement === 'False') return '';
  const what = replacement === 'True' ? 'replaced' : 'may be replaced';
  return retained ? `${what}: the old one stays on AWS` : `${what}: what the old one holds is lost`;
}

function renderProperty({ path, before, after, requiresRecreation }: PropertyChange, width: number, style: Style): string {
  const recreation = requiresRecreation === 'Always' ? style('red', '  (replaces)') : '';
  const values = before === undefined && after === undefined ? '' : `${show(before)} ${style('dim', '→')} ${show(after)}`;
  return `       ${path.padEnd(width)}  ${values}${recreation}`.trimEnd();
}

function show(value: unknown): string {
  if (value === undefined) return '(none)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === KNOWN_LATER) return '(known later)';
  const line = text.replaceAll(KNOWN_LATER, '(known later)').replaceAll(/\s*\n\s*/g, ' ');
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE - 1)}…` : line;
}
