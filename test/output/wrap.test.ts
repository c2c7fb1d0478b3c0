import { styleText } from 'node:util';
import { describe, expect, it } from 'vitest';

import { wrapLines } from '../../src/output/wrap.ts';

const red = (text: string): string => styleText('red', text, { validateStream: false });

describe('text that is wider than the terminal', () => {
  it('is broken between words, and what is left out of it is only spaces', () => {
    const text = 'The quick brown fox jumps over the lazy dog, and the dog did not mind at all.';
    const wrapped = wrapLines(text, 40, 2);
    expect(wrapped.split('\n')).toEqual(['The quick brown fox jumps over the lazy', '  dog, and the dog did not mind at all.']);
    expect(wrapped.replaceAll(/\s+/g, ' ')).toBe(text);
  });

  it.each([
    ['Cause   OrdersTable (AWS::DynamoDB::Table), serverless.template:41', '        '],
    ['  Cause   OrdersTable (AWS::DynamoDB::Table), serverless.template:41', '          '],
    ['Console OrdersTable (AWS::DynamoDB::Table), serverless.template:41', '        '],
    ['        OrdersTable (AWS::DynamoDB::Table), serverless.template:41', '        '],
    ['  ⚠ OrdersTable (AWS::DynamoDB::Table), serverless.template:41', '    '],
    ['OrdersTable (AWS::DynamoDB::Table), serverless.template:41', ''],
  ])('goes on under itself: %s', (text, indent) => {
    const [, second = '', ...others] = wrapLines(text, 48).split('\n');
    expect(others).toEqual([]);
    expect(/^ */.exec(second)?.[0]).toBe(indent);
  });

  it('keeps words whole that are wider themselves, so that they can be copied', () => {
    const url = `https://console.aws.amazon.com/${'x'.repeat(60)}`;
    expect(wrapLines(`See ${url} and more`, 40)).toBe(`See\n${url}\nand more`);
    expect(wrapLines(`  Hint    ${url}`, 40)).toBe(`  Hint    ${url}`);
  });

  it.each([
    [
      'See how it ends: lambda-tool watch Shop --region eu-west-1; once it has ended, run it again',
      'lambda-tool watch Shop --region eu-west-1;',
    ],
    [
      'Lift it first (lambda-tool delete-serverless Shop --no-termination-protection), then go on',
      '(lambda-tool delete-serverless Shop --no-termination-protection),',
    ],
    [
      'A permission is missing: aws sts decode-authorization-message --encoded-message …',
      'aws sts decode-authorization-message --encoded-message …',
    ],
    ['Run "dotnet publish -c Release -o out" there to see the whole build.', '"dotnet publish -c Release -o out"'],
    ['Take the file in this folder: lambda-tool package-ci -pl . -ot out.yaml', 'lambda-tool package-ci -pl . -ot out.yaml'],
  ])('keeps a command whole: %s', (text, command) => {
    const wrapped = wrapLines(text, 36, 2);
    expect(wrapped.split('\n').map((line) => line.trim())).toContainEqual(expect.stringContaining(command));
    expect(wrapped.split('\n').length).toBeGreaterThan(1);
    expect(wrapped.replaceAll(/\s+/g, ' ')).toBe(text);
  });

  it('counts no colours, and does not take docker in a sentence for a command', () => {
    expect(wrapLines(`${red('Error')} one two three four five six seven`, 40)).toBe(`${red('Error')} one two three four five six seven`);
    expect(wrapLines('The docker context desktop-linux is not there any more', 30)).toBe(
      'The docker context\ndesktop-linux is not there any\nmore',
    );
  });

  it('stays as it is in a pipe, on a terminal that says no width, and on one of a few columns', () => {
    const text = 'a '.repeat(100);
    for (const columns of [undefined, 0, 10]) expect(wrapLines(text, columns)).toBe(text);
  });
});
