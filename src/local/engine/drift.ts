/** How the resources of a stack differ from what the stack says of them. Only what the template sets is compared, as on AWS. */
import { randomUUID } from 'node:crypto';
import { type EngineParts, stackOf } from './parts.ts';
import type { DriftDifference, ResourceDriftRecord, ResourceRecord, StackRecord } from './records.ts';
import { isThere } from './rollback.ts';
import { type Dict, isDict, sameValue, scalarText, stableJson } from './values.ts';

/** Looks at every resource that can be looked at, and keeps what it finds with the stack. Answers the id of the detection. */
export function detectDrift(parts: EngineParts, uid: string, logicalIds: readonly string[]): string {
  const { region } = stackOf(parts, uid);
  const timestamp = new Date().toISOString();
  const statuses: ResourceDriftRecord['status'][] = [];
  for (const record of parts.store.resources(uid).values()) {
    const wanted = logicalIds.length === 0 || logicalIds.includes(record.logicalId);
    const drift = wanted && isThere(record) ? driftOf(parts, record, region, timestamp) : record.drift;
    if (drift === undefined) continue;
    statuses.push(drift.status);
    parts.recorder.keepResource(uid, { ...record, drift });
  }
  const drifted = statuses.filter((status) => status !== 'IN_SYNC').length;
  const drift: StackRecord['drift'] = { id: randomUUID(), status: drifted === 0 ? 'IN_SYNC' : 'DRIFTED', drifted, timestamp };
  parts.recorder.change(uid, { drift });
  return drift.id;
}

function driftOf(parts: EngineParts, record: ResourceRecord, region: string, timestamp: string): ResourceDriftRecord | undefined {
  const { physicalId, properties, type } = record;
  const { live } = parts.providerFor(type);
  if (live === undefined || physicalId === undefined) return undefined;
  const found = live.read(physicalId, region);
  if (found === undefined) return { status: 'DELETED', timestamp, differences: [] };
  const compared = Object.keys(properties).filter((name) => Object.hasOwn(found.properties, name));
  const differences = compared.flatMap((name) => differencesOf(properties[name], found.properties[name], `/${name}`));
  const actual = Object.fromEntries(compared.map((name) => [name, found.properties[name]]));
  return { status: differences.length === 0 ? 'IN_SYNC' : 'MODIFIED', timestamp, differences, actual };
}

function differencesOf(expected: unknown, actual: unknown, path: string): readonly DriftDifference[] {
  if (actual === undefined || actual === null) return [{ path, kind: 'REMOVE', expected: shown(expected), actual: 'null' }];
  if (isDict(expected) && isDict(actual)) return membersOf(expected, actual, path);
  if (Array.isArray(expected) && Array.isArray(actual)) return itemsOf(expected, actual, path);
  const same = scalarText(expected) === undefined ? sameValue(expected, actual) : scalarText(expected) === scalarText(actual);
  return same ? [] : [{ path, kind: 'NOT_EQUAL', expected: shown(expected), actual: shown(actual) }];
}

function membersOf(expected: Dict, actual: Dict, path: string): readonly DriftDifference[] {
  const added = Object.keys(actual).filter((name) => actual[name] !== undefined && !Object.hasOwn(expected, name));
  return [
    ...Object.entries(expected).flatMap(([name, value]) => differencesOf(value, actual[name], `${path}/${name}`)),
    ...added.map((name) => addition(actual[name], `${path}/${name}`)),
  ];
}

/** The order of a list does not matter; of what is not in both, the places count. */
function itemsOf(expected: readonly unknown[], actual: readonly unknown[], path: string): readonly DriftDifference[] {
  const texts = (list: readonly unknown[]) => new Set(list.map(stableJson));
  const [wanted, there] = [texts(expected), texts(actual)];
  return [
    ...expected.flatMap((item, index): DriftDifference[] =>
      there.has(stableJson(item)) ? [] : [{ path: `${path}/${index}`, kind: 'REMOVE', expected: shown(item), actual: 'null' }],
    ),
    ...actual.flatMap((item, index) => (wanted.has(stableJson(item)) ? [] : [addition(item, `${path}/${index}`)])),
  ];
}

function addition(value: unknown, path: string): DriftDifference {
  return { path, kind: 'ADD', expected: 'null', actual: shown(value) };
}

function shown(value: unknown): string {
  return scalarText(value) ?? stableJson(value);
}
