import { scalarText } from '../template/read.ts';
import type { JsonValue } from '../template/types.ts';
import { isMap, member, textMember } from '../template/value.ts';
import type { TemplateFacts } from './facts.ts';
import type { Entry } from './names.ts';
import type { Problem } from './types.ts';

/** Bytes of a value (CloudFormation quotas). */
const VALUE_BYTES = 4096;

export function* parametersWithoutType({ parameters }: TemplateFacts): Iterable<Problem> {
  for (const { name, body, path } of parameters) {
    if (isMap(body) && textMember(body, 'Type') === undefined) yield { at: path, message: `the parameter ${name} has no Type` };
  }
}

/** Defaults and given values against what the declaration allows. */
export function* parameterValues({ parameters, options }: TemplateFacts): Iterable<Problem> {
  for (const entry of parameters) {
    const given =
      options.parameters !== undefined && Object.hasOwn(options.parameters, entry.name) ? options.parameters[entry.name] : undefined;
    yield* given === undefined
      ? defaultProblems(entry)
      : problemsOf(entry, given).map((reason) => ({ at: entry.path, message: `the value given for ${entry.name} ${reason}` }));
  }
}

function defaultProblems(entry: Entry): Problem[] {
  const value = member(entry.body, 'Default');
  if (value === undefined || value === null) return [];
  const text = scalarText(value);
  const reasons = text === undefined ? ['must be plain text'] : problemsOf(entry, text);
  return reasons.map((reason) => ({ at: [...entry.path, 'Default'], message: `the default of ${entry.name} ${reason}` }));
}

/** Why a value does not fit its declaration. The rules of the parameter store apply to the names of its parameters, so they are left to AWS. */
function problemsOf({ body }: Entry, value: string): string[] {
  const type = textMember(body, 'Type') ?? 'String';
  if (type.startsWith('AWS::SSM::')) return [];
  if (Buffer.byteLength(value) > VALUE_BYTES) return [`has ${Buffer.byteLength(value)} bytes, and CloudFormation takes ${VALUE_BYTES}`];
  const isList = type === 'CommaDelimitedList' || type.startsWith('List<');
  const items = isList ? (value === '' ? [] : value.split(',').map((item) => item.trim())) : [value];
  const isNumber = type === 'Number' || type === 'List<Number>';
  const secret = scalarText(member(body, 'NoEcho'))?.toLowerCase() === 'true';
  return items.flatMap((item) => {
    const shown = secret ? '****' : JSON.stringify(item);
    return [
      ...(isNumber && !isNumeric(item) ? [`must be a number, not ${shown}`] : []),
      ...outsideAllowed(body, item, isNumber).map((reason) => `is ${shown}, ${reason}`),
      ...outsidePattern(body, item).map((reason) => `is ${shown}, ${reason}`),
      ...(isNumber ? outsideRange(body, Number(item)).map((reason) => `is ${shown}, ${reason}`) : []),
      ...(type === 'String' ? outsideLength(body, item) : []),
    ];
  });
}

function isNumeric(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function outsideAllowed(body: JsonValue, item: string, isNumber: boolean): string[] {
  const allowed = member(body, 'AllowedValues');
  if (!Array.isArray(allowed)) return [];
  const texts = (allowed as readonly JsonValue[]).map(scalarText);
  // A value that is a function cannot be compared.
  if (texts.includes(undefined) || texts.includes(item) || (isNumber && texts.some((text) => Number(text) === Number(item)))) return [];
  return [`which is not one of AllowedValues: ${texts.join(', ')}`];
}

function outsidePattern(body: JsonValue, item: string): string[] {
  const pattern = textMember(body, 'AllowedPattern');
  const expression = pattern === undefined ? undefined : compiled(pattern);
  return expression === undefined || expression.test(item) ? [] : [`which AllowedPattern ${pattern} does not match`];
}

/** AWS reads patterns as Java does; what JavaScript cannot read is left to AWS. */
function compiled(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function outsideRange(body: JsonValue, value: number): string[] {
  const [least, most] = [numberMember(body, 'MinValue'), numberMember(body, 'MaxValue')];
  if (least !== undefined && value < least) return [`and MinValue is ${least}`];
  return most !== undefined && value > most ? [`and MaxValue is ${most}`] : [];
}

function outsideLength(body: JsonValue, value: string): string[] {
  const [least, most] = [numberMember(body, 'MinLength'), numberMember(body, 'MaxLength')];
  if (least !== undefined && value.length < least) return [`has ${value.length} characters, and MinLength is ${least}`];
  return most !== undefined && value.length > most ? [`has ${value.length} characters, and MaxLength is ${most}`] : [];
}

function numberMember(body: JsonValue, name: string): number | undefined {
  const text = scalarText(member(body, name));
  return text !== undefined && isNumeric(text) ? Number(text) : undefined;
}
