import { describe, expect, it } from 'vitest';

import { renderCommandHelp, renderOverview } from '../../src/cli/help.ts';
import { COMMANDS } from '../../src/commands/index.ts';

const helpOf = (name: string, columns?: number): string => {
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) throw new Error(`There is no ${name}`);
  return renderCommandHelp(command, columns);
};

describe('help', () => {
  it.each([60, 80, 100, 200])('fits a terminal of %d columns, but for commands to be copied and long switches', (columns) => {
    const pages = [renderOverview(COMMANDS, undefined, columns), ...COMMANDS.map((command) => renderCommandHelp(command, columns))];
    const tooWide = pages.flatMap((page) => page.split('\n').filter((line) => line.length > columns));
    expect(tooWide.filter((line) => !/^ *lambda-tool |^ {2}(?:-\w+, *| {8})--\S+ \S+$/.test(line))).toEqual([]);
  });

  it('says the same in a pipe, however wide, and on a narrow terminal', () => {
    for (const { name } of COMMANDS) expect(helpOf(name, 60).replaceAll(/\s+/g, ' ')).toBe(helpOf(name).replaceAll(/\s+/g, ' '));
  });

  it('keeps what a switch does under each other', () => {
    const lines = helpOf('watch', 100).split('\n');
    const at = lines.findIndex((line) => line.includes('--max-wait DURATION '));
    expect(lines[at + 1]?.search(/\S/)).toBe(lines[at]?.indexOf('Longest time'));
  });

  it('lists the exit codes that the command may end with', () => {
    const codesOf = (name: string): string[] =>
      [...(helpOf(name, 60).split('Exit codes\n')[1] ?? '').matchAll(/^ {2}(\d+) /gm)].map(([, code = '']) => code);
    expect(codesOf('deploy-serverless')).toEqual(['0', '1', '2', '3', '130']);
    expect(codesOf('diff')).toContain('3');
    expect(codesOf('watch')).toEqual(['0', '1', '2', '130']);
    expect(renderOverview(COMMANDS, undefined)).toContain('4 the function answered with an error');
  });
});
