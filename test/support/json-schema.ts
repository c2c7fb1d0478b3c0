/** The keywords of JSON Schema that docs/output.schema.json uses. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
}

const KNOWN = new Set(['$schema', '$id', 'title', 'description', '$ref', '$defs', 'type', 'const', 'enum', 'required', 'properties']);
for (const more of ['additionalProperties', 'items', 'allOf', 'anyOf', 'oneOf', 'if', 'then', 'else']) KNOWN.add(more);

/**
 * What is wrong with a value, one line each. Beyond the standard, members that no schema names count as wrong: a document must not
 * hold what the schema does not tell. An object whose schema names no members at all may hold anything.
 */
export function schemaProblems(root: object, value: unknown, start: object = root): string[] {
  const evaluated = new Map<object, Set<string>>();
  const problems = check(start, value, '');
  return problems.length > 0 ? problems : undocumented(value, '');

  function check(schema: Schema, at: unknown, path: string): string[] {
    for (const keyword of Object.keys(schema)) if (!KNOWN.has(keyword)) throw new Error(`The schema has an unknown keyword: ${keyword}`);
    const fail = (why: string): string[] => [`${path || '/'}: ${why}`];
    const found: string[] = [];
    if (schema.$ref !== undefined) found.push(...check(resolve(schema.$ref), at, path));
    if (schema.type !== undefined && !isType(schema.type, at)) return fail(`is no ${schema.type}: ${JSON.stringify(at)}`);
    if (schema.const !== undefined && at !== schema.const) return fail(`is not ${JSON.stringify(schema.const)}`);
    if (schema.enum !== undefined && !schema.enum.includes(at)) return fail(`${JSON.stringify(at)} is none of ${schema.enum.join(', ')}`);
    if (isObject(at)) found.push(...checkMembers(schema, at, path));
    if (Array.isArray(at) && schema.items !== undefined) {
      for (const [index, item] of at.entries()) found.push(...check(schema.items, item, `${path}/${index}`));
    }
    for (const part of schema.allOf ?? []) found.push(...check(part, at, path));
    for (const choice of [schema.anyOf, schema.oneOf]) {
      if (choice === undefined) continue;
      const tries = choice.map((part) => check(part, at, path));
      const good = tries.filter((problems) => problems.length === 0).length;
      if (good === 0 || (choice === schema.oneOf && good > 1)) found.push(...fail(`fits ${good} of its forms`), ...tries.flat());
    }
    if (schema.if !== undefined) {
      const then = check(schema.if, at, path).length === 0 ? schema.then : schema.else;
      if (then !== undefined) found.push(...check(then, at, path));
    }
    return found;
  }

  function checkMembers(schema: Schema, at: Readonly<Record<string, unknown>>, path: string): string[] {
    const found = (schema.required ?? []).filter((name) => !Object.hasOwn(at, name)).map((name) => `${path || '/'}: lacks ${name}`);
    const seen = evaluated.get(at) ?? new Set();
    evaluated.set(at, seen);
    if (schema.type === 'object' && schema.properties === undefined && schema.additionalProperties === undefined && !schema.allOf) {
      for (const name of Object.keys(at)) seen.add(name);
    }
    for (const [name, member] of Object.entries(at)) {
      const known = schema.properties?.[name];
      if (known !== undefined) {
        seen.add(name);
        found.push(...check(known, member, `${path}/${name}`));
      } else if (schema.additionalProperties === true) {
        seen.add(name);
      } else if (typeof schema.additionalProperties === 'object') {
        seen.add(name);
        found.push(...check(schema.additionalProperties, member, `${path}/${name}`));
      }
    }
    return found;
  }

  function undocumented(at: unknown, path: string): string[] {
    if (Array.isArray(at)) return at.flatMap((item, index) => undocumented(item, `${path}/${index}`));
    const seen = isObject(at) ? evaluated.get(at) : undefined;
    if (!isObject(at) || seen === undefined) return [];
    return Object.entries(at).flatMap(([name, member]) =>
      seen.has(name) ? undocumented(member, `${path}/${name}`) : [`${path}/${name}: is not in the schema`],
    );
  }

  function resolve(reference: string): Schema {
    const found = reference
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((schema, step) => (isObject(schema) ? schema[step] : undefined), root);
    if (!isObject(found)) throw new Error(`The schema has no ${reference}`);
    return found;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isType(type: string, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}
