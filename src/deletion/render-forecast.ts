import type { StyledText, Table } from '../output/reporter.ts';
import type { Style } from '../output/style.ts';
import { wrapLines } from '../output/wrap.ts';
import { plural } from '../output/format.ts';
import { typeName } from '../inventory/type-name.ts';
import { describeContent, describeStart, type DeletionForecast, type MeasuredBucket, type Obstacle } from './forecast.ts';
import type { FatedResource } from './retention.ts';

/** For people: for each stack what stands in the way, and what would become of every resource. */
export function renderForecasts(forecasts: readonly DeletionForecast[]): (string | StyledText | Table)[] {
  return forecasts.flatMap((forecast, index) => [
    ...(index === 0 ? [] : ['']),
    (style: Style, columns?: number) => wrapLines(headLines(forecast, style), columns),
    ...(forecast.resources.length === 0 ? [] : ['', resourceTable(forecast)]),
  ]);
}

function headLines(forecast: DeletionForecast, style: Style): string {
  const { obstacles, remarks, resources } = forecast;
  const kept = resources.filter(({ fate }) => fate === 'retain').length;
  const keeps = kept === 0 ? '' : `, ${kept} of them would stay`;
  const would = obstacles.length === 0 ? style('green', 'It would be deleted') : style('red', 'It would not be deleted');
  return [
    `${style('bold', describeStart(forecast))}. ${would}: ${plural(resources.length, 'resource')}${keeps}.`,
    ...obstacles.flatMap((obstacle) => obstacleLines(style('red', '✖'), obstacle)),
    ...remarks.flatMap((remark) => obstacleLines(style('yellow', '?'), remark)),
  ].join('\n');
}

function obstacleLines(mark: string, { hint, message }: Obstacle): string[] {
  return [`  ${mark} ${message}`, ...(hint === undefined ? [] : [`    ${hint}`])];
}

function resourceTable({ buckets, resources }: DeletionForecast): Table {
  const byPath = new Map(buckets.map((bucket) => [bucket.node.path, bucket]));
  return {
    columns: ['Resource', 'Type', 'Physical ID', 'What happens'],
    rows: resources.map((resource) => [
      resource.node.path,
      typeName(resource.node.resourceType),
      resource.node.isStack ? (resource.node.physicalId.split('/')[1] ?? '') : resource.node.physicalId,
      whatHappens(resource, byPath.get(resource.node.path)),
    ]),
  };
}

function whatHappens({ fate, node }: FatedResource, bucket: MeasuredBucket | undefined): string {
  const holds = bucket?.content === undefined || bucket.content.versions === 0 ? '' : describeContent(bucket.content);
  const emptied = bucket?.emptied === true && holds !== '' ? `emptied of ${holds}, then ` : '';
  if (fate === 'retain') return `${emptied}stays (DeletionPolicy)`;
  if (node.physicalId === '') return 'never came to be';
  if (fate === 'snapshot') return 'deleted after a snapshot (DeletionPolicy)';
  return emptied === '' && holds !== '' ? `in the way: ${holds}` : `${emptied}deleted`;
}

/** The entry of `stacks` in the JSON document; docs/commands/delete-serverless.md has the table. */
export function forecastForMachines({ after, buckets, obstacles, remarks, resources, stack }: DeletionForecast): object {
  return {
    stackName: stack.name,
    stackId: stack.id,
    status: stack.status,
    wouldBeDeleted: obstacles.length === 0,
    after,
    obstacles,
    remarks,
    resources: resources.map(({ fate, node }) => ({
      path: node.path,
      resourceType: node.resourceType,
      physicalId: node.physicalId,
      fate,
    })),
    buckets: buckets.map(({ bucket, content, emptied, node }) => ({ path: node.path, bucket, emptied, ...content })),
  };
}
