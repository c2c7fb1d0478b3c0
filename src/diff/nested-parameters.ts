import { scalarText, templateParameters } from '../template/read.ts';
import type { JsonValue, Template } from '../template/types.ts';
import { isMap, member, textMember, valueAt } from '../template/value.ts';
import type { Level } from './compare-level.ts';

/**
 * The values that a stack gives the parameters of one nested in it, as far as they can be known: plain ones, and `Ref` to a parameter of
 * its own. One that only a deployment knows stays as it is; one that is not given any more gets its default.
 */
export function nestedParameters(level: Level, logicalId: string, nested: Template): Record<string, string> {
  const properties = valueAt(level.template.value, ['Resources', logicalId, 'Properties', 'Parameters']);
  const values: Record<string, string> = {};
  for (const declared of templateParameters(nested)) {
    // Nobody tells the deployed value; that it is given in another way shows in the properties of the stack.
    if (declared.noEcho) continue;
    const value = member(properties, declared.name);
    const text = value === undefined ? declared.default : plainText(level, value);
    if (text !== undefined) values[declared.name] = text;
  }
  return values;
}

function plainText(level: Level, value: JsonValue): string | undefined {
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).map((item) => plainText(level, item));
    return items.includes(undefined) ? undefined : items.join(',');
  }
  if (!isMap(value)) return scalarText(value);
  const name = textMember(value, 'Ref');
  return name === undefined ? undefined : parameterValue(level, name);
}

function parameterValue({ template, given, deployed }: Level, name: string): string | undefined {
  const declared = declaredOf(template, name);
  // What is looked up elsewhere (SSM) is not the text that is given.
  if (declared === undefined || declared.noEcho || declared.type.startsWith('AWS::SSM::')) return undefined;
  const known = deployed?.stack.parameters.find((parameter) => parameter.name === name)?.value;
  return (Object.hasOwn(given, name) ? given[name] : undefined) ?? known ?? declared.default;
}

function declaredOf(template: Template, name: string): ReturnType<typeof templateParameters>[number] | undefined {
  return templateParameters(template).find((parameter) => parameter.name === name);
}
