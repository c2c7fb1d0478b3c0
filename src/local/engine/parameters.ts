/** Values of a template's parameters: given, kept from before, or default; checked against their constraints. */
import { validationError } from './parse-template.ts';
import { asDict, asList, type Dict, isDict, isTrue, scalarText } from './values.ts';

/** A parameter as a request gives it. */
export interface GivenParameter {
  readonly key: string;
  readonly value?: string | undefined;
  readonly usePrevious?: boolean | undefined;
}

/** A parameter as a stack keeps it. */
export interface ParameterRecord {
  readonly key: string;
  readonly value: string;
  readonly type: string;
  readonly noEcho: boolean;
  /** What an `AWS::SSM::Parameter::Value<…>` stands for. */
  readonly resolvedValue?: string | undefined;
}

/** Throws ServiceError `ValidationError` for missing, unknown and unfit values, in CloudFormation's words. */
export function resolveParameters(
  document: Dict,
  given: readonly GivenParameter[],
  previous: readonly ParameterRecord[],
): readonly ParameterRecord[] {
  const declared = Object.entries(asDict(document['Parameters'])).map(([key, definition]) => [key, asDict(definition)] as const);
  const names = new Set(declared.map(([key]) => key));
  const unknown = given.filter(({ key }) => !names.has(key)).map(({ key }) => key);
  if (unknown.length > 0) throw validationError(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  const missing: string[] = [];
  const records: ParameterRecord[] = [];
  for (const [key, definition] of declared) {
    const value = chooseValue(key, definition, given, previous);
    if (value === undefined) missing.push(key);
    else records.push(makeRecord(key, value, definition));
  }
  if (missing.length > 0) throw validationError(`Parameters: [${missing.join(', ')}] must have values`);
  return records;
}

function chooseValue(
  key: string,
  definition: Dict,
  given: readonly GivenParameter[],
  previous: readonly ParameterRecord[],
): string | undefined {
  const own = given.findLast((parameter) => parameter.key === key);
  if (own?.usePrevious === true) {
    const before = previous.find((parameter) => parameter.key === key);
    if (before === undefined)
      throw validationError(
        `Invalid input for parameter key ${key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template`,
      );
    return before.value;
  }
  if (own?.value !== undefined) return own.value;
  const fallback = definition['Default'];
  return Array.isArray(fallback) ? fallback.join(',') : scalarText(fallback);
}

function makeRecord(key: string, value: string, definition: Dict): ParameterRecord {
  const type = scalarText(definition['Type']) ?? 'String';
  checkConstraints(key, value, type, definition);
  const noEcho = isTrue(definition['NoEcho']);
  const resolvedValue = type.startsWith('AWS::SSM::Parameter::Value<') ? plausibleStoredValue(value, type) : undefined;
  return { key, value, type, noEcho, ...(resolvedValue === undefined ? {} : { resolvedValue }) };
}

function checkConstraints(key: string, value: string, type: string, definition: Dict): void {
  const fail = (message: string): never => {
    const description = scalarText(definition['ConstraintDescription']);
    throw validationError(description === undefined ? message : `Parameter '${key}' failed to satisfy constraint: ${description}`);
  };
  const limit = (name: string) => (definition[name] === undefined ? undefined : Number(definition[name]));
  const items = type === 'CommaDelimitedList' || type.startsWith('List<') ? splitList(value) : [value];
  const allowed = definition['AllowedValues'];
  if (isNumberType(type) && items.some((item) => item.trim() === '' || Number.isNaN(Number(item))))
    fail(`Parameter '${key}' must be a number.`);
  if (Array.isArray(allowed) && items.some((item) => !allowed.some((one) => sameScalar(one, item, type)))) {
    fail(`Parameter '${key}' must be one of AllowedValues`);
  }
  const pattern = scalarText(definition['AllowedPattern']);
  if (pattern !== undefined && items.some((item) => !new RegExp(`^(?:${pattern})$`).test(item))) {
    fail(`Parameter '${key}' must match pattern ${pattern}`);
  }
  const [minLength, maxLength] = [limit('MinLength'), limit('MaxLength')];
  if (minLength !== undefined && value.length < minLength) fail(`Parameter '${key}' must contain at least ${minLength} characters`);
  if (maxLength !== undefined && value.length > maxLength) fail(`Parameter '${key}' must contain at most ${maxLength} characters`);
  const [minValue, maxValue] = [limit('MinValue'), limit('MaxValue')];
  if (minValue !== undefined && items.some((item) => Number(item) < minValue))
    fail(`Parameter '${key}' must be a number not less than ${minValue}`);
  if (maxValue !== undefined && items.some((item) => Number(item) > maxValue))
    fail(`Parameter '${key}' must be a number not greater than ${maxValue}`);
}

function isNumberType(type: string): boolean {
  return type === 'Number' || type === 'List<Number>';
}

function sameScalar(allowed: unknown, value: string, type: string): boolean {
  const text = scalarText(allowed);
  return text === value || (isNumberType(type) && Number(text) === Number(value));
}

function splitList(value: string): readonly string[] {
  return value.split(',').map((item) => item.trim());
}

/** There is no parameter store here: a value of the wished type made from the name. */
function plausibleStoredValue(name: string, type: string): string {
  if (type.includes('AWS::EC2::Image::Id') || /ami/i.test(name)) return 'ami-0123456789abcdef0';
  return name.split('/').findLast((part) => part !== '') ?? name;
}

/** What Ref answers for a parameter: text, or a list for the list types. */
export function parameterValue(parameter: ParameterRecord): string | readonly string[] {
  const value = parameter.resolvedValue ?? parameter.value;
  const isList = /^(?:CommaDelimitedList|List<.*>|AWS::SSM::Parameter::Value<(?:List<.*>|CommaDelimitedList)>)$/.test(parameter.type);
  if (!isList) return value;
  return value === '' ? [] : splitList(value);
}

/** The name under which a parameter's value may be shown. */
export function shownValue(parameter: ParameterRecord): string {
  return parameter.noEcho ? '****' : parameter.value;
}

/** The text with the values of NoEcho parameters replaced by asterisks, as it stands and as it stands inside JSON. */
export function maskSecrets(text: string, parameters: readonly ParameterRecord[]): string {
  let masked = text;
  for (const { noEcho, value } of parameters) {
    if (noEcho && value !== '') masked = masked.replaceAll(JSON.stringify(value).slice(1, -1), '****').replaceAll(value, '****');
  }
  return masked;
}

/** Checks the declarations themselves, as ValidateTemplate does. Throws ServiceError `ValidationError`. */
export function checkDeclarations(document: Dict): void {
  for (const [key, definition] of Object.entries(asDict(document['Parameters']))) {
    if (!isDict(definition)) throw validationError(`Template format error: Every Parameters object must contain a Type member.`);
    if (scalarText(definition['Type']) === undefined) {
      throw validationError('Template format error: Every Parameters object must contain a Type member.');
    }
    if (definition['AllowedValues'] !== undefined && asList(definition['AllowedValues']).length === 0) {
      throw validationError(`Template format error: Parameter '${key}' must have a list of AllowedValues`);
    }
  }
}
