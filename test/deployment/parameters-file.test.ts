import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readParametersFile } from '../../src/deployment/parameters-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lambda-tool-parameters-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (text: string) => {
  writeFileSync(join(folder, 'p'), text);
  return readParametersFile('p', folder);
};

describe('a parameters file', () => {
  it.each([
    ['a map in JSON', '{"A": "1", "B": 2, "C": true}', { A: '1', B: '2', C: 'true' }],
    ['a map in YAML', 'A: 08\nB: yes\nC: [x, y]\n', { A: '08', B: 'yes', C: 'x,y' }],
    ['a map below Parameters', 'Parameters:\n  A: 1\n', { A: '1' }],
    ['the list of the AWS CLI', '[{"ParameterKey": "A", "ParameterValue": "1"}]', { A: '1' }],
    ['a byte order mark', '\uFEFF{"A": "1"}', { A: '1' }],
  ])('may be %s', async (_, text, values) => {
    expect(await read(text)).toEqual(values);
  });

  it.each([
    ['text', 'just text'],
    ['broken', '{"A": '],
    ['nested', 'A: { B: 1 }'],
    ['without a key', '[{"ParameterValue": "1"}]'],
  ])('that is %s is refused by name', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'PARAMETERS_FILE_INVALID',
      message: expect.stringContaining('The parameters file p'),
    });
  });

  it('that is missing is refused by name', async () => {
    await expect(readParametersFile('nope', folder)).rejects.toMatchObject({ code: 'PARAMETERS_FILE_INVALID' });
  });
});
