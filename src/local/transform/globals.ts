/** The Globals section: what resources of a type have in common. */
import { asDict, asList, type Dict, intrinsicOf, isDict } from '../engine/values.ts';

const SECTIONS: Readonly<Record<string, string>> = {
  'AWS::Serverless::Api': 'Api',
  'AWS::Serverless::Function': 'Function',
  'AWS::Serverless::HttpApi': 'HttpApi',
  'AWS::Serverless::LayerVersion': 'LayerVersion',
  'AWS::Serverless::SimpleTable': 'SimpleTable',
  'AWS::Serverless::StateMachine': 'StateMachine',
};

/** Properties of a resource over the global ones of its type; `IgnoreGlobals` leaves out all (`*`) or some of them. */
export function withGlobals(globals: unknown, type: string, properties: unknown, ignored: unknown): Dict {
  const section = SECTIONS[type];
  const own = asDict(properties);
  if (section === undefined || ignored === '*') return own;
  const left = new Set(asList(ignored));
  const common = Object.entries(asDict(asDict(globals)[section])).filter(([name]) => !left.has(name));
  return asDict(merge(Object.fromEntries(common), own));
}

/** Maps are merged, lists joined (global first), everything else is overridden. Intrinsic functions are values, not maps. */
function merge(common: unknown, own: unknown): unknown {
  if (Array.isArray(common) && Array.isArray(own)) return [...common, ...own];
  if (!isDict(common) || !isDict(own) || intrinsicOf(common) !== undefined || intrinsicOf(own) !== undefined) return own;
  const merged: Record<string, unknown> = { ...common };
  for (const [key, value] of Object.entries(own)) merged[key] = Object.hasOwn(common, key) ? merge(common[key], value) : value;
  return merged;
}
