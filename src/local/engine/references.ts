/** Which names a value refers to. */
import { isPseudoParameter } from './pseudo.ts';
import { splitGetAtt, SUB_PATTERN } from './intrinsics.ts';
import { asDict, asList, intrinsicOf, isDict } from './values.ts';

export interface References {
  /** Names in Ref and in `${Name}`: parameters and resources. */
  readonly refs: Set<string>;
  /** Resources in Fn::GetAtt and in `${Name.Attribute}`. */
  readonly attributes: Set<string>;
}

export function referencesIn(value: unknown): References {
  const found: References = { refs: new Set(), attributes: new Set() };
  collect(value, found);
  return found;
}

function collect(value: unknown, found: References): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  if (!isDict(value)) return;
  const call = intrinsicOf(value);
  if (call !== undefined && collectCall(call[0], call[1], found)) return;
  for (const member of Object.values(value)) collect(member, found);
}

/** True when the argument holds nothing further to look at. */
function collectCall(name: string, argument: unknown, found: References): boolean {
  if (name === 'Ref' && typeof argument === 'string') {
    if (!isPseudoParameter(argument)) found.refs.add(argument);
    return true;
  }
  if (name === 'Fn::GetAtt') {
    const parts = splitGetAtt(argument);
    if (parts !== undefined) {
      found.attributes.add(parts[0]);
      collect(parts[1], found);
    }
    return parts !== undefined;
  }
  if (name === 'Fn::Sub') collectText(argument, found);
  return false;
}

function collectText(argument: unknown, found: References): void {
  const [template, variables] = Array.isArray(argument) ? asList(argument) : [argument, {}];
  if (typeof template !== 'string') return;
  for (const [, inner = ''] of template.matchAll(SUB_PATTERN)) {
    const name = inner.trim();
    if (inner.startsWith('!') || Object.hasOwn(asDict(variables), name) || isPseudoParameter(name)) continue;
    const dot = name.indexOf('.');
    if (dot > 0) found.attributes.add(name.slice(0, dot));
    else found.refs.add(name);
  }
}
