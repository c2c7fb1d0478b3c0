import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { stepOutputs } from '../../src/report/github-outputs.ts';
import { checkOutputsFile, writeOutputsFile } from '../../src/report/outputs-file.ts';
import { checkWritable, writeAtomically } from '../../src/report/safe-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lambda-tool-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');

describe.skipIf(process.platform === 'win32')('a file that is written at one stroke', () => {
  it('is for its owner only, and keeps the mode it had, but for writing by others', () => {
    writeAtomically(at('new'), 'x', 'It');
    expect(statSync(at('new')).mode & 0o777).toBe(0o600);
    chmodSync(at('new'), 0o646);
    writeAtomically(at('new'), 'y', 'It');
    expect(statSync(at('new')).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['new']);
  });

  it('is where a link leads, and the link stays', () => {
    writeFileSync(at('real'), 'old');
    symlinkSync('real', at('link'));
    writeAtomically(at('link'), 'new', 'It');
    expect(read('real')).toBe('new');
  });

  it('is never put in place of a device', () => {
    checkWritable('/dev/null', 'It');
    writeAtomically('/dev/null', 'x', 'It');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('leaves nothing behind from looking whether it can be written', () => {
    checkWritable(at('deep/er/file'), 'It');
    expect(readdirSync(at('deep/er'))).toEqual([]);
    expect(() => checkWritable(folder, 'It')).toThrow(/It cannot be written to .*directory/);
    writeFileSync(at('file'), '');
    expect(() => checkWritable(at('file/below'), 'It')).toThrow(/cannot be written/);
  });
});

describe('an outputs file', () => {
  it.each(['.env', '.env.local', 'shop.env'])('%s is one of lines', (name) => {
    writeOutputsFile(at(name), 'Shop', { ApiURL: 'https://example.com/', '1st': 'x' });
    expect(read(name)).toBe('ApiURL=https://example.com/\n_1st=x\n');
  });

  it('gives a shell the values as they are', () => {
    const values = { Plain: 'a', Spaces: 'a b', Quote: `it's "so" $HOME \`x\` \\n`, Lines: 'one\ntwo', Empty: '', Hash: 'a#b' };
    writeOutputsFile(at('.env'), 'Shop', values);
    const script = `. ./.env; for name in ${Object.keys(values).join(' ')}; do eval "printf '%s\\0' \\"\\$$name\\""; done`;
    const seen = execFileSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8', env: { HOME: '/nowhere' } });
    expect(seen.split('\0').slice(0, -1)).toEqual(Object.values(values));
  });

  it('replaces values of several lines as one, and keeps comments and exports of others', () => {
    writeFileSync(at('.env'), `# A=1\nexport A='one\ntwo'\nB="x\\"y"\nC=3 # three`);
    writeOutputsFile(at('.env'), 'Shop', { A: 'new', B: 'b', D: 'd' });
    expect(read('.env')).toBe('# A=1\nA=new\nB=b\nC=3 # three\nD=d\n');
  });

  it('is refused beforehand when it holds something else, and then stays as it is', () => {
    for (const text of ['[]', '"x"', 'not json', 'null']) {
      writeFileSync(at('o.json'), text);
      expect(() => checkOutputsFile(at('o.json')), text).toThrow(/cannot be added/);
      expect(read('o.json')).toBe(text);
    }
    writeFileSync(at('o.json'), '');
    checkOutputsFile(at('o.json'));
    checkOutputsFile(at('missing.json'));
    expect(existsSync(at('missing.json'))).toBe(false);
  });
});

describe('step outputs', () => {
  it('cannot be broken out of by a value', () => {
    const text = stepOutputs({ stackId: 'arn', action: 'created', outputs: { A: 'x\nEOF\nevil=1', 'b c': 'y', action: 'mine' } });
    const [, delimiter] = /^A<<(.+)$/m.exec(text) ?? [];
    expect(text).toBe(`stack-id=arn\naction=created\nA<<${delimiter}\nx\nEOF\nevil=1\n${delimiter}\nb_c=y\naction=mine\n`);
    expect(delimiter?.length).toBeGreaterThan(30);
  });

  it('are none for an answer that has none', () => {
    expect(stepOutputs(null)).toBe('');
    expect(stepOutputs({ action: 'updated', finished: false, outputs: { Old: 'x' } })).toBe('action=updated\n');
    expect(stepOutputs([{ name: 'x' }])).toBe('');
  });
});
