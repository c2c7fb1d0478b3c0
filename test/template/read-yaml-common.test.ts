import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TemplateProblem } from '../../src/template/positions.ts';
import { readCommonYaml } from '../../src/template/read-yaml-common.ts';
import { readYaml } from '../../src/template/read-yaml.ts';
import type { SourceNode } from '../../src/template/source-node.ts';
import { choices, templateValue, writeYaml } from './generate.ts';

const runs = Number(process.env['FC_RUNS'] ?? 1000);
const folder = new URL('../fixtures/templates/', import.meta.url);

function library(text: string): SourceNode | undefined {
  try {
    return readYaml(text);
  } catch (error) {
    if (error instanceof TemplateProblem) return undefined;
    throw error;
  }
}

/** The quick reader gives up, or gives exactly what the library gives. */
function compare(text: string): boolean {
  const quick = readCommonYaml(text);
  if (quick === undefined) return false;
  expect(quick, text).toEqual(library(text));
  return true;
}

const lines = fc.constantFrom(
  'A:',
  'A: x',
  'B: 1',
  'C: "q"',
  "D: 'it''s'",
  '- x',
  '- A: y',
  '-',
  '- - z',
  'E: !Sub ${X}',
  'F: !If [a, !Ref b, {c: d}]',
  'G: {a: 1, "b":2, c: [x, y]}',
  'H: |',
  'I: >-',
  'J: |+',
  'K: &a v',
  'L: *a',
  'M: &b',
  'N: !Join',
  '<<: *b',
  '# comment',
  '',
  '  ',
  'text',
  'more: text',
  'O: x # c',
  'P: [',
  ']',
  'Q: {',
  '}',
  ', x',
  'R: a:b',
  'S: -1',
  'T: "a\\nb"',
  'U: "two',
  'lines"',
  'V: a#b',
  '...',
  '---',
  'W: ""',
  "X: ''",
  'Y: []',
  'Z: {}',
  '- !Ref x',
  '- &c {a: b}',
  '- *c',
  '&d e: f',
  '!Sub x',
  'g: "h" # i',
  'j: x: y',
  '? k',
  'l:m',
  'n : o',
  '"p": q',
  "'r' : s",
  '\tt: u',
  'v: \tw',
  'x: y\t',
  '- -1',
  '--- a',
  'é: ü',
  'a b: c d',
);
const indented = fc.tuple(fc.nat(5), lines).map(([indent, line]) => ' '.repeat(indent) + line);

describe('the quick reader of YAML agrees with the library', () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))('on %s, without giving up', (name) => {
    expect(compare(readFileSync(new URL(name, folder), 'utf8'))).toBe(true);
  });

  it('on templates in any style', () => {
    let read = 0;
    fc.assert(
      fc.property(templateValue, choices, (value, pick) => {
        if (compare(writeYaml(value, pick))) read += 1;
      }),
      { numRuns: runs },
    );
    expect(read).toBeGreaterThan(runs / 4);
  });

  it('on lines in any order and indentation, right or wrong', () => {
    fc.assert(
      fc.property(fc.array(indented, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), (parts, lineEnd) => {
        compare(parts.join(lineEnd) + lineEnd);
        compare(`R:\n${parts.map((part) => `  ${part}`).join(lineEnd)}`);
      }),
      { numRuns: runs * 5 },
    );
  });

  it('on templates with a few characters changed', () => {
    const piece = fc.constantFrom(
      ' ',
      '\n',
      ':',
      ': ',
      '-',
      '- ',
      '#',
      ' #',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ',',
      '&a ',
      '*a',
      '!',
      '!X ',
      '|',
      '>',
      '\\',
      '?',
      'x',
      '  ',
      '\n\n',
      '\n  ',
      '%',
      '@',
    );
    fc.assert(
      fc.property(
        templateValue,
        choices,
        fc.array(fc.tuple(fc.nat(300), fc.nat(2), piece), { minLength: 1, maxLength: 3 }),
        (value, pick, changes) => {
          let text = writeYaml(value, pick);
          for (const [at, remove, insert] of changes) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + insert + text.slice(place + remove);
          }
          compare(text);
        },
      ),
      { numRuns: runs * 5 },
    );
  });
});
