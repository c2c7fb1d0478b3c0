/** AWS::Lambda::Function. */
import { isDeepStrictEqual } from 'node:util';
import { physicalName } from '../../engine/names.ts';
import type { ResourceContext, ResourceOutcome, ResourceProvider } from '../../types.ts';
import type { Lambda } from '../lambda.ts';
import { codeOfTemplate } from '../lambda/code.ts';
import type { FunctionRecord } from '../lambda/records.ts';
import { specOf } from '../lambda/spec.ts';
import { members, type Properties, tagsOf, text } from './shared.ts';

export function functionProvider(lambda: Lambda): ResourceProvider {
  const { functions, runner, store } = lambda;

  async function outcomeOf(record: FunctionRecord): Promise<ResourceOutcome> {
    const reason = await runner.whyNot(specOf(record, '$LATEST', record.latest, { code: runner.code, store }));
    const attributes = functionAttributes(record);
    const remarks = reason === undefined ? {} : { remarks: [`${record.name} cannot be run here: ${reason}`] };
    return { physicalId: record.name, attributes, ...remarks };
  }

  const source = (properties: Properties) => codeOfTemplate(members(properties, 'Code'), text(properties, 'Runtime') ?? '');

  return {
    type: 'AWS::Lambda::Function',
    createOnlyProperties: ['FunctionName', 'PackageType'],
    async create(properties, context) {
      const name = text(properties, 'FunctionName') ?? physicalName(context.stackName, context.logicalId);
      const record = await functions.create({
        name,
        region: context.region,
        settings: properties,
        source: await source(properties),
        tags: tagsOf(properties, context),
      });
      return await outcomeOf(withConcurrency(lambda, record, properties));
    },
    async update(current, properties, context) {
      const record = functions.get(context.region, current.physicalId);
      const sameCode = isDeepStrictEqual(current.properties['Code'], properties['Code']);
      const changed = await functions.replace(record, properties, sameCode ? undefined : await source(properties));
      return await outcomeOf(withConcurrency(lambda, { ...changed, tags: tagsOf(properties, context) }, properties));
    },
    async delete(current, context: ResourceContext) {
      const record = store.find(context.region, current.physicalId);
      if (record !== undefined) await functions.remove(record);
    },
  };
}

export function functionAttributes({ arn }: FunctionRecord): Readonly<Record<string, string>> {
  return { Arn: arn, 'SnapStartResponse.ApplyOn': 'None', 'SnapStartResponse.OptimizationStatus': 'Off' };
}

function withConcurrency(lambda: Lambda, record: FunctionRecord, properties: Properties): FunctionRecord {
  const reserved = text(properties, 'ReservedConcurrentExecutions');
  return lambda.functions.save({ ...record, reservedConcurrency: reserved === undefined ? undefined : Number(reserved) });
}
