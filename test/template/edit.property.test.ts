import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../src/template/edit.ts';
import { editedValue, trieOf } from '../../src/template/edit-trie.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import type { JsonValue, TemplateEdit } from '../../src/template/types.ts';
import { choices, jsonValue, pathsOf, templateValue, writeYaml, type Choices } from './generate.ts';

const runs = Number(process.env['FC_RUNS'] ?? 300);

/** Replacements anywhere, and new members in any map. */
function someEdits(value: JsonValue, values: readonly JsonValue[], pick: Choices): TemplateEdit[] {
  const paths = pathsOf(value).filter((path) => path.length > 1);
  if (paths.length === 0) return [];
  return values.map((newValue, index) => {
    const path = paths[pick.below(paths.length)] ?? [];
    const target = path.reduce<JsonValue>((at, step) => (at as Record<string, JsonValue>)[step] as JsonValue, value);
    const addable = typeof target === 'object' && target !== null && !Array.isArray(target);
    return { path: addable && pick.below(2) === 0 ? [...path, `New${index}`] : path, value: newValue };
  });
}

/** Edits that fit together: none inside a place that another one replaces by something without such a place. */
function fits(value: JsonValue, edits: readonly TemplateEdit[]): boolean {
  try {
    editedValue(value, trieOf(edits));
    return true;
  } catch {
    return false;
  }
}

describe('properties of reading and editing templates', () => {
  it('JSON text gives the value that JSON.parse gives', async () => {
    await fc.assert(
      fc.asyncProperty(templateValue, fc.constantFrom(0, 1, 2, 4, '\t'), async (value, indent) => {
        const template = await parseTemplate(JSON.stringify(value, null, indent), 't.json');
        expect(template.value).toEqual(value);
        expect(template.format).toBe('json');
      }),
      { numRuns: runs },
    );
  });

  it('YAML text in any style gives the value it was written from', async () => {
    await fc.assert(
      fc.asyncProperty(templateValue, choices, async (value, pick) => {
        const text = writeYaml(value, pick);
        const template = await parseTemplate(text, 't.yaml');
        expect(template.value).toEqual(value);
        expect(applyEdits(template, [])).toBe(text);
      }),
      { numRuns: runs },
    );
  });

  it.each(['json', 'yaml'] as const)('edits of %s give exactly the value wanted', async (format) => {
    await fc.assert(
      fc.asyncProperty(templateValue, fc.array(jsonValue, { minLength: 1, maxLength: 4 }), choices, async (value, values, pick) => {
        const text = format === 'json' ? JSON.stringify(value, null, pick.below(3)) : writeYaml(value, pick);
        const edits = someEdits(value, values, pick);
        fc.pre(fits(value, edits));
        const template = await parseTemplate(text, 't');
        const result = await parseTemplate(applyEdits(template, edits), 't');
        expect(result.value).toEqual(editedValue(value, trieOf(edits)));
      }),
      { numRuns: runs },
    );
  });
});
