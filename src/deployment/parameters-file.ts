import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { UserError, messageOf } from '../errors.ts';

/**
 * Reads parameter values from a JSON or YAML file: a map of names to values (also below a key `Parameters`), or the list
 * of `{ ParameterKey, ParameterValue }` that `aws cloudformation` takes. Throws UserError PARAMETERS_FILE_INVALID.
 */
export async function readParametersFile(file: string, directory: string): Promise<Record<string, string>> {
  const invalid = (why: string, cause?: unknown) =>
    new UserError('PARAMETERS_FILE_INVALID', `The parameters file ${file} ${why}`, {
      hint: 'It holds names and values, as JSON or YAML: { "Name": "value" }',
      cause,
    });
  let value: unknown;
  try {
    const { parseYamlText } = await import('../template/yaml-text.ts');
    value = parseYamlText(readFileSync(resolve(directory, file), 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(`cannot be read: ${messageOf(error).split('\n')[0]}`, error);
  }
  const entries = Array.isArray(value) ? listEntries(value, invalid) : mapEntries(value, invalid);
  return Object.fromEntries(entries.map(([name, item]) => [name, text(item, name, invalid)]));
}

type Invalid = (why: string) => UserError;

function mapEntries(value: unknown, invalid: Invalid): [string, unknown][] {
  if (typeof value !== 'object' || value === null) throw invalid('holds neither a map nor a list');
  const { Parameters: inner } = value as { Parameters?: unknown };
  return Object.entries(typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : value);
}

function listEntries(list: readonly unknown[], invalid: Invalid): [string, unknown][] {
  return list.map((item) => {
    const entry = item as { ParameterKey?: unknown; ParameterValue?: unknown } | null;
    if (typeof entry?.ParameterKey !== 'string') throw invalid('has an item without ParameterKey');
    return [entry.ParameterKey, entry.ParameterValue ?? ''];
  });
}

/** Lists become comma-separated text, as CloudFormation's list parameters want them. */
function text(value: unknown, name: string, invalid: Invalid): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',');
  throw invalid(`gives ${name} a value that is no text`);
}
