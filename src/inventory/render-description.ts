import { cutPair } from '../diff/cut-text.ts';
import type { StackParameter } from '../clients/cloudformation.ts';
import { formatAge, plural } from '../output/format.ts';
import type { StyledText, Table } from '../output/reporter.ts';
import type { Style } from '../output/style.ts';
import { cleanReason } from '../stack/failure-reason.ts';
import { lastOperation, meaningOf, outputsTelling, type Description } from './description.ts';
import type { DriftReport, DriftedResource } from './drift.ts';
import type { Endpoint } from './endpoints.ts';
import type { InventoryNode } from './read-inventory.ts';
import { typeName } from './type-name.ts';
import { wrapLines } from '../output/wrap.ts';

/** A description for people: a line on how the stack is, then a table for each kind of thing that there is. */
export function renderDescription(description: Description, now: number): (string | StyledText | Table)[] {
  const { stack } = description;
  const parts: (StyledText | Table)[][] = [
    [(style, columns) => wrapLines(headLines(description, now, style), columns, 2)],
    tableOf(
      ['Output', 'Value'],
      stack.outputs.map(({ name, value }) => [name, value]),
    ),
    tableOf(['Endpoint', 'Address'], endpointRows(description)),
    resourceTable(description.inventory.roots),
    tableOf(
      ['Parameter', 'Value'],
      stack.parameters.map((parameter) => [parameter.name, parameterText(parameter)]),
    ),
    tableOf(['Setting', 'Value'], settingRows(description, now)),
    description.drift === undefined ? [] : [driftText(description.drift)],
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : ['', ...part]));
}

function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): Table[] {
  return rows.length === 0 ? [] : [{ columns, rows }];
}

function headLines({ stack, region, deployment }: Description, now: number, style: Style): string {
  const changed = stack.updatedAt ?? stack.createdAt;
  const age = changed === undefined ? undefined : `${stack.updatedAt === undefined ? 'created' : 'changed'} ${formatAge(changed, now)}`;
  const by = deployment === undefined ? '' : ` by ${shortName(deployment.by)}${commitText(deployment.commit)}`;
  const facts = [stack.status, age === undefined ? undefined : `${age}${by}`, region].filter((fact) => fact !== undefined);
  const lines = [`${style(['bold', colorOf(stack.status)], `${stack.name} ${meaningOf(stack)}`)} · ${facts.join(' · ')}`];
  if (stack.description !== undefined && stack.description !== '') lines.push(stack.description);
  if (/ROLLBACK|FAILED/.test(stack.status) && stack.statusReason !== undefined) lines.push(`Reason: ${stack.statusReason.trim()}`);
  return lines.join('\n');
}

/** `arn:aws:sts::123456789012:assumed-role/ci/run` → "ci@123456789012". */
function shortName(arn: string): string {
  const [, , , , account = '', ...rest] = arn.split(':');
  const parts = rest.join(':').split('/');
  const name = parts[0] === 'assumed-role' ? parts[1] : parts.at(-1);
  return name === undefined || account === '' ? arn : `${name}@${account}`;
}

function commitText(commit: string | undefined): string {
  return commit === undefined ? '' : ` (commit ${commit.slice(0, 7)})`;
}

function colorOf(status: string): 'green' | 'red' | 'yellow' {
  if (status.endsWith('_IN_PROGRESS')) return 'yellow';
  return /ROLLBACK|FAILED/.test(status) ? 'red' : 'green';
}

const KINDS: Readonly<Record<Endpoint['kind'], string>> = {
  'function-url': 'function URL',
  'rest-api': 'REST API',
  'http-api': 'HTTP API',
  'websocket-api': 'WebSocket API',
  website: 'website',
};

/** Addresses that no output tells. */
function endpointRows({ endpoints, stack }: Description): string[][] {
  return endpoints
    .filter((endpoint) => outputsTelling(endpoint, stack).length === 0)
    .map(({ resource, kind, url, authType }) => [
      `${resource} (${KINDS[kind]}${authType === 'AWS_IAM' ? ', signed' : ''})`,
      url ?? 'could not be found out',
    ]);
}

/** Statuses that need no mention. */
const FINE = /^(CREATE|UPDATE|IMPORT)_COMPLETE$/;

function resourceTable(roots: readonly InventoryNode[]): Table[] {
  const rows = treeRows(roots, '');
  if (rows.length === 0) return [];
  const withStatus = rows.some(({ status }) => status !== '');
  const columns = ['Resource', 'Type', 'Physical ID', ...(withStatus ? ['Status'] : [])];
  return [{ columns, rows: rows.map(({ cells, status }) => (withStatus ? [...cells, status] : cells)) }];
}

interface Row {
  readonly cells: readonly string[];
  readonly status: string;
}

/** `lead` is what stands before the branches of this level; at the top there are none. */
function treeRows(nodes: readonly InventoryNode[], lead: string, depth = 0): Row[] {
  return nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1;
    const branch = depth === 0 ? '' : isLast ? '└ ' : '├ ';
    const below = depth === 0 ? '' : `${lead}${isLast ? '  ' : '│ '}`;
    const cells = [`${lead}${branch}${node.path}`, typeName(node.resourceType), shortPhysicalId(node)];
    return [{ cells, status: statusText(node) }, ...treeRows(node.children, below, depth + 1)];
  });
}

/** The name of a nested stack, not its long ARN; other ids as they are. */
function shortPhysicalId({ isStack, physicalId }: InventoryNode): string {
  return isStack ? (physicalId.split('/')[1] ?? physicalId) : physicalId;
}

function statusText({ status, reason }: InventoryNode): string {
  if (FINE.test(status)) return '';
  return reason === undefined || reason === '' ? status : `${status}: ${cleanReason(reason)}`;
}

function parameterText({ value, resolvedValue }: StackParameter): string {
  return resolvedValue === undefined || resolvedValue === value ? value : `${value} → ${resolvedValue}`;
}

function settingRows({ stack, drift, inventory }: Description, now: number): string[][] {
  const operation = lastOperation(stack);
  const rows: [string, string | undefined][] = [
    ['Last operation', operation === undefined ? undefined : `${operation.type}, ${operation.outcome}${when(operation.startedAt, now)}`],
    ['Created', stack.createdAt === undefined ? undefined : clockTime(stack.createdAt)],
    ['Part of', stack.parentId?.split('/')[1]],
    ['Tags', list(Object.entries(stack.tags).map(([name, value]) => `${name}=${value}`))],
    ['Role', stack.roleArn],
    ['Termination protection', stack.terminationProtection ? 'on' : 'off'],
    ['Capabilities', list(stack.capabilities ?? [])],
    ['Notifications', list(stack.notificationArns ?? [])],
    ['Exports', list(stack.outputs.flatMap(({ exportName }) => exportName ?? []))],
    ['Drift', drift === undefined && inventory.roots.length > 0 ? driftSummary(stack.driftStatus) : undefined],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

function when(date: Date | undefined, now: number): string {
  return date === undefined ? '' : `, begun ${clockTime(date)} (${formatAge(date, now)})`;
}

/** "2026-11-23 14:21:18 UTC". */
function clockTime(date: Date): string {
  return date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

function list(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(', ');
}

function driftSummary(status: string | undefined): string | undefined {
  if (status === 'DRIFTED') return 'found when it was last looked for; --drift looks again';
  return status === 'IN_SYNC' ? 'none when it was last looked for' : undefined;
}

function driftText(drift: DriftReport): StyledText {
  return (style) => {
    const { length } = drift.resources;
    const checked = drift.notChecked.length === 0 ? '' : ' in what can be checked';
    const head =
      length === 0
        ? style('green', `No drift${checked}.`)
        : style('red', `${plural(length, 'resource')} ${length === 1 ? 'differs' : 'differ'} from the template:`);
    const unchecked = drift.notChecked.length === 0 ? [] : [`Not checked, CloudFormation cannot tell: ${drift.notChecked.join(', ')}`];
    return [head, ...drift.resources.flatMap((resource) => driftLines(resource, style)), ...unchecked].join('\n');
  };
}

function driftLines({ differences, physicalId, resource, resourceType, status }: DriftedResource, style: Style): string[] {
  const deleted = status === 'DELETED';
  const mark = deleted ? style('red', '-') : style('yellow', '~');
  const width = Math.max(0, ...differences.map(({ path }) => path.length));
  return [
    `  ${mark}  ${resource}  ${typeName(resourceType)}  ${deleted ? style('red', `deleted: ${physicalId}`) : physicalId}`.trimEnd(),
    ...differences.map(({ actual, expected, path }) => {
      const [before, after] = cutPair(expected ?? '(none)', actual ?? '(none)');
      return `       ${path.padEnd(width)}  ${before} → ${after}`;
    }),
  ];
}
