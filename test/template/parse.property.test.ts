import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { applyEdits } from '../../src/template/edit.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import { choices, templateValue, writeYaml } from './generate.ts';

const runs = Number(process.env['FC_RUNS'] ?? 500);

/** Pieces that mean something to a reader of YAML or JSON, put together at random. */
const pieces = fc.constantFrom(
  'Resources:',
  '\n',
  '\r\n',
  ' ',
  '  ',
  '\t',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  ': ',
  '- ',
  '-',
  '? ',
  '|',
  '|+',
  '>-',
  '&a ',
  '*a',
  '&a',
  '<<: *a',
  '<<:',
  '!Ref ',
  '!Sub',
  '!GetAtt a.b',
  '!<x>',
  '!!str ',
  '!e!x ',
  '"',
  "'",
  '# c',
  '%YAML 1.1\n',
  '%TAG !e! x\n',
  '---',
  '---\n',
  '...\n',
  'a',
  'b: c',
  '08',
  '\\u12',
  '\uFEFF',
  '\0',
  '\uD800',
  '\uDFFF',
  '\u2028',
  '\u0085',
  '__proto__',
  'constructor',
  '/*',
  '*/',
  '//',
  'null',
  '~',
);

async function outcome(text: string): Promise<void> {
  try {
    const template = await parseTemplate(text, 'dir/t.yaml');
    expect(applyEdits(template, [])).toBe(text);
    expect(template.positionOf(['Resources', 'x', 0]).line).toBeGreaterThan(0);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(['TEMPLATE_SYNTAX', 'TEMPLATE_INVALID']).toContain(error.code);
    expect(error.message).toMatch(/^dir\/t\.yaml:[1-9]\d*:[1-9]\d*: \S/);
    expect(error.cause).toHaveProperty('offset');
  }
}

describe('whatever the text is, reading it ends in a template or in an error with code, line and column', () => {
  it('for pieces of YAML and JSON in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 25 }), fc.boolean(), (parts, withResources) =>
        outcome((withResources ? 'Resources:\n  ' : '') + parts.join('')),
      ),
      { numRuns: runs * 4 },
    );
  });

  it('for any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), (text) => outcome(text)),
      { numRuns: runs },
    );
  });

  it('for templates with a few characters changed', async () => {
    const change = fc.record({ at: fc.nat(400), remove: fc.nat(3), insert: pieces });
    await fc.assert(
      fc.asyncProperty(
        templateValue,
        choices,
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (value, pick, changes, json) => {
          let text = json ? JSON.stringify(value, null, 1) : writeYaml(value, pick);
          for (const { at, remove, insert } of changes) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + insert + text.slice(place + remove);
          }
          await outcome(text);
        },
      ),
      { numRuns: runs * 2 },
    );
  });
});
