import type { JsonValue, Path, Template } from '../template/types.ts';
import { isMap, member } from '../template/value.ts';
import { isDynamic, isLoopKey, loopVariables, type Entry } from './names.ts';

export type ReferenceKind = 'Ref' | 'Fn::GetAtt' | 'Fn::Sub' | 'DependsOn' | 'Condition' | 'Fn::FindInMap';

/** A place that names something else in the template. */
export interface Reference {
  readonly kind: ReferenceKind;
  /** `Table`, `Table.Arn`, a condition or a map. */
  readonly name: string;
  readonly at: Path;
  /** Whether it stands in a branch of an `Fn::If`, which may never be taken. */
  readonly conditional: boolean;
  /** `Fn::FindInMap`: what comes after the name of the map. */
  readonly rest?: readonly JsonValue[];
}

/** Sections in which functions are resolved. */
const SECTIONS = ['Globals', 'Conditions', 'Rules', 'Resources', 'Hooks', 'Outputs'] as const;

interface Link {
  readonly parent: Link | undefined;
  readonly step: string | number;
}

interface Frame {
  readonly value: JsonValue;
  readonly link: Link;
  readonly loops: readonly string[];
  readonly conditional: boolean;
  /** In `Conditions` and `Rules`, `{ Condition: X }` is a function. */
  readonly logical: boolean;
}

/** Everything in a template that names a parameter, resource, condition or map. Names made of loop variables are left out. */
export function findReferences(template: Template, resources: readonly Entry[], outputs: readonly Entry[]): Reference[] {
  const found: Reference[] = [];
  for (const section of SECTIONS) {
    const value = member(template.value, section);
    const logical = section === 'Conditions' || section === 'Rules';
    if (value !== undefined) walk({ value, link: { parent: undefined, step: section }, loops: [], conditional: false, logical }, found);
  }
  for (const entry of resources) found.push(...attributesOf(entry, true));
  for (const entry of outputs) found.push(...attributesOf(entry, false));
  return found;
}

/** `DependsOn` and `Condition` of a resource, `Condition` of an output: plain names. */
function attributesOf({ body, path, loops }: Entry, isResource: boolean): Reference[] {
  const condition = member(body, 'Condition');
  const dependsOn = isResource ? member(body, 'DependsOn') : undefined;
  const names: readonly (readonly [ReferenceKind, JsonValue | undefined, Path])[] = [
    ['Condition', condition, [...path, 'Condition']],
    ...(Array.isArray(dependsOn)
      ? (dependsOn as readonly JsonValue[]).map((name, index) => ['DependsOn', name, [...path, 'DependsOn', index]] as const)
      : [['DependsOn', dependsOn, [...path, 'DependsOn']] as const]),
  ];
  return names.flatMap(([kind, name, at]) =>
    typeof name === 'string' && !isDynamic(name) && !loops.includes(name) ? [{ kind, name, at, conditional: false }] : [],
  );
}

/** Depth first with a stack of its own: a template may be nested deeper than the engine's stack. */
function walk(start: Frame, found: Reference[]): void {
  const stack = [start];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    const { value } = frame;
    if (Array.isArray(value)) {
      for (const [step, item] of (value as readonly JsonValue[]).entries()) push(stack, frame, step, item);
    } else if (isMap(value)) {
      const keys = Object.keys(value);
      if (keys.length === 1) record(frame, keys[0] ?? '', found);
      for (const key of keys) pushMember(stack, frame, key, value[key] ?? null);
    }
  }
}

function push(stack: Frame[], frame: Frame, step: string | number, value: JsonValue): void {
  if (typeof value === 'object' && value !== null) stack.push({ ...frame, value, link: { parent: frame.link, step } });
}

function pushMember(stack: Frame[], frame: Frame, key: string, value: JsonValue): void {
  // What a transform is given, and what it makes of it, is known to it alone.
  if (key === 'Fn::Transform') return;
  if (isLoopKey(key)) return push(stack, { ...frame, loops: [...frame.loops, ...loopVariables(value)] }, key, value);
  return push(stack, key === 'Fn::If' ? { ...frame, conditional: true } : frame, key, value);
}

function record(frame: Frame, key: string, found: Reference[]): void {
  const value = (frame.value as Readonly<Record<string, JsonValue>>)[key];
  const list = Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
  const add = (kind: ReferenceKind, name: JsonValue | undefined, rest?: readonly JsonValue[]): void => {
    if (typeof name !== 'string' || isDynamic(name) || frame.loops.includes(name.split('.')[0] ?? '')) return;
    const at = pathOf({ parent: frame.link, step: key });
    found.push({ kind, name, at, conditional: frame.conditional, ...(rest === undefined ? {} : { rest }) });
  };
  if (key === 'Ref') add('Ref', value);
  else if (key === 'Fn::GetAtt') add('Fn::GetAtt', list === undefined ? value : attributeName(list));
  else if (key === 'Fn::Sub') for (const name of subNames(list?.[0] ?? value, list?.[1])) add('Fn::Sub', name);
  else if (key === 'Fn::If') add('Condition', list?.[0]);
  else if (key === 'Condition' && frame.logical) add('Condition', value);
  else if (key === 'Fn::FindInMap') add('Fn::FindInMap', list?.[0], list?.slice(1));
}

function attributeName([name, attribute]: readonly JsonValue[]): string | undefined {
  if (typeof name !== 'string') return undefined;
  return typeof attribute === 'string' ? `${name}.${attribute}` : name;
}

/** The names in `${…}`, without those that the call brings along and without `${!literal}`. */
function subNames(text: JsonValue | undefined, own: JsonValue | undefined): string[] {
  if (typeof text !== 'string' || !text.includes('${')) return [];
  return [...text.matchAll(/\$\{([^{}]*)\}/g)]
    .map(([, inner = '']) => inner)
    .filter((inner) => !inner.startsWith('!'))
    .map((inner) => inner.trim())
    .filter((name) => member(own, name) === undefined);
}

function pathOf(link: Link): Path {
  const steps: (string | number)[] = [];
  for (let at: Link | undefined = link; at !== undefined; at = at.parent) steps.push(at.step);
  return steps.toReversed();
}
