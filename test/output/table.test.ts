import { describe, expect, it } from 'vitest';

import { createStyle } from '../../src/output/style.ts';
import { renderTable } from '../../src/output/table.ts';
import { cutColumns, displayWidth, padColumns, wrapColumns } from '../../src/output/width.ts';

const plain = createStyle(false);

describe('the width of a text', () => {
  it.each([
    ['plain', 5],
    ['', 0],
    ['Größe', 5],
    ['e\u0301a\u0300', 2],
    ['日本語', 6],
    ['한국', 4],
    ['ﾊﾝｶｸ', 4],
    ['🚀', 2],
    ['🫠', 2],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['1️⃣', 2],
    ['❤️', 2],
    ['a\u200Bb', 2],
    ['\u001B[31mred\u001B[39m', 3],
    ['█…', 2],
    ['नि', 1],
  ])('%s takes as many columns as a terminal gives it', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('pads, cuts and wraps by columns, never through a character', () => {
    expect(padColumns('日本', 6)).toBe('日本  ');
    expect(cutColumns('日本語', 4)).toBe('日…');
    expect(cutColumns('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 5)).toBe('👩‍👩‍👧👩‍👩‍👧…');
    expect(cutColumns('short', 5)).toBe('short');
    expect(wrapColumns('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapColumns('arn:aws:lambda:eu-west-1', 12)).toEqual(['arn:aws:', 'lambda:eu-', 'west-1']);
    expect(wrapColumns('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrapColumns('a\nb', 4)).toEqual(['a', 'b']);
    expect(wrapColumns('  └ Functions', 8)).toEqual(['  └ Func', '    tion', '    s']);
  });
});

describe('a table', () => {
  const url = 'https://abc123.execute-api.eu-west-1.amazonaws.com/Prod/a/long/path';
  const columnsOf = (text: string): number => Math.max(...text.split('\n').map(displayWidth));

  it('lines its columns up whatever is in them', () => {
    const text = renderTable(
      {
        columns: ['Name', 'Value'],
        rows: [
          ['日本語', 'one'],
          ['🚀', 'two'],
          ['plain', 'three'],
        ],
      },
      plain,
    );
    expect(text.split('\n')).toEqual(['Name    Value', '──────  ─────', '日本語  one', '🚀      two', 'plain   three']);
  });

  it('wraps nothing in a pipe', () => {
    const long = 'word '.repeat(60).trim();
    expect(renderTable({ columns: ['Output', 'Value'], rows: [['A', long]] }, plain)).toContain(long);
  });

  it('wraps long cells on a narrow terminal', () => {
    const row = ['ANameThatIsRatherLongForThis', 'a description of several words that goes on', 'x'];
    const text = renderTable({ columns: ['Output', 'Text', 'Z'], rows: [row] }, plain, 40);
    expect(columnsOf(text)).toBeLessThanOrEqual(40);
    expect(text.replaceAll(/\s/g, '')).toContain('ANameThat');
    for (const word of row[1]!.split(' ')) expect(text).toContain(word);
  });

  it('keeps URLs whole wherever they stand, and ARNs in the last column', () => {
    const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:Shop-ApiFunction-Q1W2E3';
    const table = {
      columns: ['Url', 'Output', 'Value'],
      rows: [
        [url, 'A name of several words', arn],
        ['', 'B', url],
      ],
    };
    const text = renderTable(table, plain, 60);
    expect(text).toContain(arn);
    expect(text.split(url)).toHaveLength(3);
  });

  it('stays as it is where the terminal is wide enough, and where it does not know its width', () => {
    const table = { columns: ['Output', 'Value'], rows: [['ApiURL', url]] };
    const wide = renderTable(table, plain);
    expect(renderTable(table, plain, 200)).toBe(wide);
    expect(renderTable(table, plain, 0)).toBe(wide);
  });

  it('keeps lines of a cell as lines', () => {
    expect(renderTable({ columns: ['A', 'B'], rows: [['1', 'x\ny']] }, plain)).toBe('A  B\n─  ─\n1  x\n   y');
  });
});
