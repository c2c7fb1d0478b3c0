/**
 * The `AWS::LanguageExtensions` transform: Fn::ForEach is unrolled here; Fn::Length, Fn::ToJsonString and the wider arguments of the
 * other functions are evaluated with them.
 */
import { resolveValue, type Scope } from '../engine/intrinsics.ts';
import { validationError } from '../engine/parse-template.ts';
import { asDict, asList, type Dict, isDict } from '../engine/values.ts';

/** Unrolls every Fn::ForEach of the template. Throws ServiceError `ValidationError`. */
export function expandLanguageExtensions(document: Dict, scope: Scope): Dict {
  return asDict(unroll(document, {}, scope));
}

type Loop = Readonly<Record<string, string>>;

function unroll(value: unknown, loop: Loop, scope: Scope): unknown {
  if (Array.isArray(value)) return value.map((item) => unroll(item, loop, scope));
  if (typeof value === 'string') return replaceNames(value, loop);
  if (!isDict(value)) return value;
  const reference = value['Ref'];
  if (typeof reference === 'string' && Object.hasOwn(loop, reference)) return loop[reference];
  const object: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (key.startsWith('Fn::ForEach::')) Object.assign(object, unrollLoop(key, member, loop, scope));
    else object[replaceNames(key, loop)] = placeOf(key, unroll(member, loop, scope), scope);
  }
  return object;
}

/** Where the serverless transform wants the place of code, and takes no function for it. */
const CODE_PLACES: ReadonlySet<string> = new Set(['CodeUri', 'ContentUri', 'DefinitionUri', 'ImageUri']);

function placeOf(key: string, value: unknown, scope: Scope): unknown {
  return CODE_PLACES.has(key) && isDict(value) && isFixedLookup(value) ? resolveValue(value, scope) : value;
}

/** A look-up whose keys are all written down. */
function isFixedLookup(object: Dict): boolean {
  const keys = object['Fn::FindInMap'];
  return Object.keys(object).length === 1 && Array.isArray(keys) && keys.length === 3 && keys.every(isFixedText);
}

function isFixedText(value: unknown): boolean {
  if (typeof value === 'string') return true;
  const joined = isDict(value) && Object.keys(value).length === 1 ? value['Fn::Join'] : undefined;
  return (
    Array.isArray(joined) && Array.isArray(joined[1]) && [joined[0], ...(joined[1] as unknown[])].every((part) => typeof part === 'string')
  );
}

/** `${Name}` and, for names that must be alphanumeric, `&{Name}`. */
function replaceNames(text: string, loop: Loop): string {
  return text.replace(/\$\{([A-Za-z0-9]+)\}|&\{([A-Za-z0-9]+)\}/g, (whole, plain?: string, stripped?: string) => {
    const found = loop[plain ?? stripped ?? ''];
    if (found === undefined) return whole;
    return plain === undefined ? found.replace(/[^A-Za-z0-9]/g, '') : found;
  });
}

function unrollLoop(key: string, argument: unknown, loop: Loop, scope: Scope): Dict {
  const [name, collection, body] = asList(argument);
  if (typeof name !== 'string' || !isDict(body))
    throw validationError(`Template error: ${key} needs an identifier, a collection and a body`);
  const items = resolveValue(unroll(collection, loop, scope), scope);
  const values = typeof items === 'string' ? items.split(',') : asList(items);
  const result: Record<string, unknown> = {};
  for (const item of values) Object.assign(result, unroll(body, { ...loop, [name]: String(item) }, scope));
  return result;
}
