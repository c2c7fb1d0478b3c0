import { parse, stringify } from 'yaml';

/**
 * YAML as plain data, for files that are not templates: every scalar stays the text it is, so that `08` and `yes` are not
 * taken for something else. JSON is YAML. Throws the library's error.
 */
export function parseYamlText(text: string): unknown {
  return parse(text, { schema: 'failsafe' });
}

/** Data as YAML for readers of version 1.1, which need quotes around text like `yes` and `08`. */
export function formatYaml(value: unknown): string {
  return stringify(value, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 });
}
