import { referenceError, type Reference } from './collect.ts';
import type { JsonValue } from './types.ts';
import { isMap } from './value.ts';

/**
 * `Metadata.DockerBuildArgs`: a map, or text (`A=b;C=d`, or `--build-arg A=b --build-arg C` as on Docker's command line).
 * A name without a value is null: the value comes from the environment. Throws UserError TEMPLATE_INVALID.
 */
export function parseBuildArgs(value: JsonValue | undefined, reference: Reference): Readonly<Record<string, string | null>> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'string') return fromText(value, reference);
  if (!isMap(value)) throw referenceError('TEMPLATE_INVALID', reference, 'must be a map of names and values, or text like "A=b;C=d"');
  const pairs = Object.entries(value).map(([name, item]) => {
    if (item === null) return [name, null] as const;
    if (typeof item === 'object')
      throw referenceError('TEMPLATE_INVALID', reference, `has no plain text for ${name}: it is needed before the deployment`);
    return [name, String(item)] as const;
  });
  return Object.fromEntries(pairs);
}

function fromText(text: string, reference: Reference): Readonly<Record<string, string | null>> {
  const isSwitches = /^\s*--[a-z]|\s--build-arg(?:\s|=)/.test(text);
  const parts = isSwitches ? switchValues(text) : text.split(';');
  const pairs = parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const name = equals === -1 ? part : part.slice(0, equals);
      if (!/^[A-Za-z_][\w.-]*$/.test(name))
        throw referenceError('TEMPLATE_INVALID', reference, `holds ${JSON.stringify(part)}, which is not NAME=VALUE`);
      return [name, equals === -1 ? null : part.slice(equals + 1)] as const;
    });
  return Object.fromEntries(pairs);
}

/** The words behind `--build-arg`; quotes hold a word together. */
function switchValues(text: string): string[] {
  const words = [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  return words.flatMap((word, index) => {
    if (word.startsWith('--build-arg=')) return [word.slice('--build-arg='.length)];
    return words[index - 1] === '--build-arg' ? [word] : [];
  });
}
