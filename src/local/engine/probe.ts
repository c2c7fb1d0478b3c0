/**
 * `LocalTarget::Test::Probe`: a resource that fails or waits on demand, so that a stack can be brought into any of its
 * states, and kept there, through the ordinary API.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ResourceContext, type ResourceProvider, ServiceError } from '../types.ts';
import { physicalName } from './names.ts';
import { asList, type Dict, scalarText } from './values.ts';

export const PROBE_TYPE = 'LocalTarget::Test::Probe';

/** How often a held step looks for its file, in milliseconds. */
const LOOK_MS = 15;

/**
 * Properties: `FailOn` (`create`, `update`, `delete`; one or a list), `HoldMs` (how long each step takes), `HoldWhile` (path of a file:
 * no step ends while it exists) with `HoldOn` (the steps that wait for it; all by default), `Name` (replaces), `Value`.
 */
export function probeProvider(): ResourceProvider {
  return {
    type: PROBE_TYPE,
    createOnlyProperties: ['Name'],
    async create(properties, context) {
      await act('create', properties, context);
      return { physicalId: physicalName(context.stackName, context.logicalId), attributes: { Value: properties['Value'] ?? '' } };
    },
    async update(current, properties, context) {
      await act('update', properties, context);
      return { physicalId: current.physicalId, attributes: { Value: properties['Value'] ?? '' } };
    },
    delete: (current, context) => act('delete', current.properties, context),
  };
}

async function act(step: string, properties: Dict, context: ResourceContext): Promise<void> {
  const hold = Number(scalarText(properties['HoldMs']) ?? 0);
  if (hold > 0) await sleep(hold, undefined, { signal: context.signal });
  const file = scalarText(properties['HoldWhile']);
  if (file !== undefined && isNamed(step, properties['HoldOn'] ?? step)) {
    while (existsSync(file)) await sleep(LOOK_MS, undefined, { signal: context.signal });
  }
  if (isNamed(step, properties['FailOn'])) throw new ServiceError('InvalidRequest', `The probe was told to fail on ${step}`);
}

function isNamed(step: string, property: unknown): boolean {
  const steps = typeof property === 'string' ? property.split(',') : asList(property).map(String);
  return steps.some((one) => one.trim().toLowerCase() === step);
}
