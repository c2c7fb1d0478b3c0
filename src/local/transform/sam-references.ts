/** References to what the transform makes: `MyApi.Stage`, `MyFunction.Alias`, and layers whose id has changed. */
import { SUB_PATTERN } from '../engine/intrinsics.ts';
import { asDict, isDict } from '../engine/values.ts';

/** The value with every reference to a name in the map replaced by the logical id that it stands for. */
export function rewriteReferences(value: unknown, references: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteReferences(item, references));
  if (!isDict(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rewriteMember(key, member, references)]));
}

function rewriteMember(key: string, member: unknown, references: ReadonlyMap<string, string>): unknown {
  if (key === 'Ref' && typeof member === 'string') return references.get(member) ?? member;
  if (key === 'Fn::GetAtt') return rewriteGetAtt(member, references);
  if (key === 'Fn::Sub') return rewriteSub(member, references);
  if (key === 'DependsOn') return rewriteDependsOn(member, references);
  return rewriteReferences(member, references);
}

function rewriteGetAtt(member: unknown, references: ReadonlyMap<string, string>): unknown {
  const parts = typeof member === 'string' ? member.split('.') : Array.isArray(member) ? member : [];
  if (!parts.every((part): part is string => typeof part === 'string')) return member;
  const replaced = replacePrefix(parts.join('.'), references);
  if (replaced === undefined) return member;
  const [id = '', ...attribute] = replaced.split('.');
  return attribute.length === 0 ? member : [id, attribute.join('.')];
}

/** The longest beginning of a dotted name that stands for something else. */
function replacePrefix(name: string, references: ReadonlyMap<string, string>): string | undefined {
  const parts = name.split('.');
  for (let length = parts.length; length > 0; length--) {
    const found = references.get(parts.slice(0, length).join('.'));
    if (found !== undefined) return [found, ...parts.slice(length)].join('.');
  }
  return undefined;
}

function rewriteSub(member: unknown, references: ReadonlyMap<string, string>): unknown {
  const [text, variables] = Array.isArray(member) ? member : [member, undefined];
  if (typeof text !== 'string') return rewriteReferences(member, references);
  const own = asDict(variables);
  const rewritten = text.replace(SUB_PATTERN, (whole, inner: string) => {
    const name = inner.trim();
    if (inner.startsWith('!') || Object.hasOwn(own, name)) return whole;
    return `\${${replacePrefix(name, references) ?? inner}}`;
  });
  return variables === undefined ? rewritten : [rewritten, rewriteReferences(variables, references)];
}

function rewriteDependsOn(member: unknown, references: ReadonlyMap<string, string>): unknown {
  if (typeof member === 'string') return references.get(member) ?? member;
  return Array.isArray(member) ? member.map((name) => references.get(String(name)) ?? name) : member;
}
