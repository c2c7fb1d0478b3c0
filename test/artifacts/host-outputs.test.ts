import { setImmediate as soon } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { startHostOutputs } from '../../src/artifacts/host-outputs.ts';
import type { Architecture } from '../../src/artifacts/types.ts';

let directories = 0;
const newDirectory = (): string => `/app/${(directories += 1)}/out`;

describe('turns in a directory that images are made of', () => {
  it('come one after the other, those who need what is there first, each in the order of asking', async () => {
    const { turns } = startHostOutputs()(newDirectory());
    const order: string[] = [];
    let running = 0;
    const asked: (readonly [string, Architecture])[] = [
      ['one', 'x86_64'],
      ['arm', 'arm64'],
      ['two', 'x86_64'],
      ['other', 'arm64'],
      ['three', 'x86_64'],
    ];
    const work = async (name: string): Promise<string> => {
      running += 1;
      expect(running).toBe(1);
      await soon();
      running -= 1;
      order.push(name);
      return name;
    };
    const done = await Promise.all(asked.map(([name, need]) => turns.take(need, () => work(name))));
    expect(order).toEqual(['one', 'two', 'three', 'arm', 'other']);
    expect(done).toEqual(asked.map(([name]) => name));
  });

  it('go on after one that failed, and begin at once when nobody has one', async () => {
    const { turns } = startHostOutputs()(newDirectory());
    const failed = turns.take('x86_64', () => Promise.reject(new Error('broken')));
    const next = turns.take('arm64', () => Promise.resolve('fine'));
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('fine');
    let hasBegun = false;
    const last = turns.take('x86_64', () => {
      hasBegun = true;
      return Promise.resolve();
    });
    expect(hasBegun).toBe(true);
    await last;
  });

  it('are those of the directory, also for another run, and not those of another directory', () => {
    const directory = newDirectory();
    const [mine, other] = [startHostOutputs(), startHostOutputs()];
    expect(mine(directory).turns).toBe(other(directory).turns);
    expect(mine(directory)).not.toBe(other(directory));
    expect(mine(directory)).toBe(mine(directory));
    expect(mine(newDirectory()).turns).not.toBe(mine(directory).turns);
  });
});
