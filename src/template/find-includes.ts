import { missingPath, useOf, type Search } from './collect.ts';
import { referenceKind } from './paths.ts';
import { INCLUDE_FORM } from './resource-types.ts';
import type { JsonValue, Path } from './types.ts';
import { isMap, member, textMember } from './value.ts';

/** Files that `AWS::Include` brings in: `Fn::Transform` anywhere, and the template's own `Transform`. */
export async function findIncludes(search: Search): Promise<void> {
  const transform = member(search.template.value, 'Transform');
  const own = Array.isArray(transform)
    ? (transform as readonly JsonValue[]).map((value, index): Place => ({ value, path: ['Transform', index] }))
    : [{ value: transform, path: ['Transform'] }];
  for (const place of [...own, ...transformsIn(search.template.value, [])]) await findInclude(search, place);
}

interface Place {
  readonly value: JsonValue | undefined;
  readonly path: Path;
}

function transformsIn(value: JsonValue, path: Path): Place[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => transformsIn(item as JsonValue, [...path, index]));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const place = [...path, key];
    if (key !== 'Fn::Transform') return transformsIn(item, place);
    const list = Array.isArray(item)
      ? (item as readonly JsonValue[]).map((one, index): Place => ({ value: one, path: [...place, index] }))
      : [{ value: item, path: place }];
    return list;
  });
}

async function findInclude(search: Search, place: Place): Promise<void> {
  if (textMember(place.value, 'Name') !== 'AWS::Include') return;
  const text = textMember(member(place.value, 'Parameters'), 'Location');
  if (text === undefined || text === '' || referenceKind(text) === 'remote') return;
  const path = [...place.path, 'Parameters', 'Location'];
  const logicalId = path[0] === 'Resources' && path.length > 4 ? String(path[1]) : 'AWS::Include';
  const reference = { template: search.template, logicalId, resourceType: 'AWS::Include', path, textPath: path, loopVariables: [] };
  const found = await search.lookup.find(text);
  if (found.type === 'missing') throw missingPath(reference, text, found.path, found.what);
  if (found.type === 'directory') throw missingPath(reference, text, found.path, 'which is a directory; a file is needed');
  search.found.add([found.path], { kind: 'file', path: found.path }, useOf(reference, INCLUDE_FORM));
}
