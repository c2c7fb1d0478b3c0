import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../src/artifacts/program.ts';
import { splitArguments } from '../../src/artifacts/split-arguments.ts';

const common = { cwd: process.cwd(), env: process.env, missingHint: 'install it' };

describe('runProgram', () => {
  it('hands out lines of both outputs and the exit code', async () => {
    const lines: string[] = [];
    const end = await runProgram({
      ...common,
      command: 'sh',
      args: ['-c', 'echo one; echo two >&2; exit 3'],
      onLine: (line) => lines.push(line),
    });
    expect([end.exitCode, lines.toSorted(), end.lastLines.length]).toEqual([3, ['one', 'two'], 2]);
  });

  it('ends the program and its children when it is interrupted', async () => {
    const mark = `75${Math.floor(Math.random() * 1e6)}`;
    const controller = new AbortController();
    const running = runProgram({
      ...common,
      command: 'sh',
      args: ['-c', `trap '' TERM; sleep ${mark} & echo begun; wait; wait`],
      signal: controller.signal,
      onLine: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(spawnSync('pgrep', ['-fx', `sleep ${mark}`]).status).toBe(1);
  });

  it('does not wait for a helper that holds the outputs open', async () => {
    let helper = 0;
    const args = ['-c', 'sleep 600 & echo $!; exit 0'];
    await runProgram({ ...common, command: 'sh', args, onLine: (line) => (helper = Number(line)) });
    expect(process.kill(helper, 'SIGKILL')).toBe(true);
  });

  it('says what to do when a program is missing', async () => {
    await expect(runProgram({ ...common, command: 'no-such-program', args: [] })).rejects.toMatchObject({
      code: 'BUILD_TOOL_NOT_FOUND',
      hint: 'install it',
    });
  });
});

describe('splitArguments', () => {
  it.each([
    ['', []],
    ['  /p:A=1   --x ', ['/p:A=1', '--x']],
    ['"/p:Path=C:\\Program Files\\x" y', ['/p:Path=C:\\Program Files\\x', 'y']],
    [`/p:A="b c" 'd "e"' "say \\"hi\\""`, ['/p:A=b c', 'd "e"', 'say "hi"']],
    ['""', ['']],
    [`it"'"s $HOME`, [`it's`, '$HOME']],
  ])('splits %s', (text, words) => expect(splitArguments(text)).toEqual(words));
});
