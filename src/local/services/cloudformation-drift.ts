/** CloudFormation operations on drift. A detection is over when the call returns. */
import { detectDrift } from '../engine/drift.ts';
import type { Engine } from '../engine/engine.ts';
import { maskSecrets } from '../engine/parameters.ts';
import { validationError } from '../engine/parse-template.ts';
import type { ResourceDriftRecord, ResourceRecord, StackRecord } from '../engine/records.ts';
import { stableJson } from '../engine/values.ts';
import { paramText, paramTexts, type QueryOperation, type QueryParams, requiredText } from '../protocol/query-xml.ts';
import { doesNotExist, type OperationContext, pageOf, requireStack } from './cloudformation-input.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html */
const DETECTABLE = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_FAILED']);

export function driftOperations({ engine }: OperationContext): Readonly<Record<string, QueryOperation>> {
  return {
    DetectStackDrift(params, { region }) {
      const stack = detectable(engine, params, region);
      return { StackDriftDetectionId: detectDrift(engine.parts, stack.uid, paramTexts(params, 'LogicalResourceIds')) };
    },
    DetectStackResourceDrift(params, { region }) {
      const stack = detectable(engine, params, region);
      const logicalId = requiredText(params, 'LogicalResourceId');
      detectDrift(engine.parts, stack.uid, [logicalId]);
      const record = engine.parts.store.resources(stack.uid).get(logicalId);
      if (record === undefined) throw validationError(`Resource ${logicalId} does not exist for stack ${stack.name}`);
      if (record.drift === undefined) throw validationError(`Drift detection is not supported for resource type ${record.type}`);
      return { StackResourceDrift: renderDrift(stack, record, record.drift) };
    },
    DescribeStackDriftDetectionStatus: (params) => describeDetection(engine, requiredText(params, 'StackDriftDetectionId')),
    DescribeStackResourceDrifts: (params, { region }) => describeDrifts(engine, params, region),
  };
}

function detectable(engine: Engine, params: QueryParams, region: string): StackRecord {
  const stack = requireStack(engine, params, region, doesNotExist);
  if (!DETECTABLE.has(stack.status))
    throw validationError(`Stack [${stack.name}] is in ${stack.status} state, which does not allow drift detection`);
  return stack;
}

function describeDetection(engine: Engine, id: string): object {
  const stack = engine.parts.store.stacks().find(({ drift }) => drift?.id === id);
  if (stack?.drift === undefined) throw validationError(`Drift Detection Id ${id} does not exist`);
  return {
    StackId: stack.stackId,
    StackDriftDetectionId: id,
    StackDriftStatus: stack.drift.status,
    DetectionStatus: 'DETECTION_COMPLETE',
    DriftedStackResourceCount: stack.drift.drifted,
    Timestamp: stack.drift.timestamp,
  };
}

/** Resources that cannot be looked at are not among them, as on AWS. */
function describeDrifts(engine: Engine, params: QueryParams, region: string): object {
  const stack = requireStack(engine, params, region, doesNotExist);
  const wanted = new Set(paramTexts(params, 'StackResourceDriftStatusFilters'));
  const drifts = [...engine.parts.store.resources(stack.uid).values()].flatMap((record) => {
    const { drift } = record;
    return drift === undefined || (wanted.size > 0 && !wanted.has(drift.status)) ? [] : [renderDrift(stack, record, drift)];
  });
  const size = Number(paramText(params, 'MaxResults') ?? 100);
  const { items, next } = pageOf(drifts, paramText(params, 'NextToken'), size);
  return { StackResourceDrifts: items, NextToken: next };
}

function renderDrift(stack: StackRecord, record: ResourceRecord, drift: ResourceDriftRecord): object {
  const shown = (text: string) => maskSecrets(text, stack.parameters);
  const { actual, differences } = drift;
  const expected = Object.fromEntries(Object.keys(actual ?? {}).map((name) => [name, record.properties[name]]));
  return {
    StackId: stack.stackId,
    LogicalResourceId: record.logicalId,
    PhysicalResourceId: record.physicalId,
    ResourceType: record.type,
    ExpectedProperties: shown(stableJson(actual === undefined ? record.properties : expected)),
    ActualProperties: actual === undefined ? undefined : shown(stableJson(actual)),
    PropertyDifferences: differences.map((difference) => ({
      PropertyPath: difference.path,
      ExpectedValue: shown(difference.expected),
      ActualValue: shown(difference.actual),
      DifferenceType: difference.kind,
    })),
    StackResourceDriftStatus: drift.status,
    Timestamp: drift.timestamp,
  };
}
