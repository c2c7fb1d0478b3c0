import { describe, expect, it } from 'vitest';

import type { StackSummary, Stacks } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import { missingStack } from '../../src/stack/missing-stack.ts';

const { signal } = new AbortController();
const having = (list: Stacks['list']): Stacks => ({ list }) as unknown as Stacks;
const shop = having(() => Promise.resolve([{ name: 'Shop' } as StackSummary]));

describe('the error of a stack that is not there', () => {
  it('names the one that may have been meant', async () => {
    const error = await missingStack('Shpo', { stacks: shop, signal, target: ' --local' });
    expect(error).toMatchObject({ code: 'STACK_NOT_FOUND', message: 'There is no stack Shpo', hint: 'Did you mean Shop?' });
  });

  it('else leads to the list, at the same place', async () => {
    const error = await missingStack('Orders', { stacks: shop, signal, target: ' --profile me' }, ', and none was deleted');
    expect(error.message).toBe('There is no stack Orders, and none was deleted');
    expect(error.hint).toMatch(/: lambda-tool list-serverless --all --profile me$/);
    expect(error.result).toEqual({ stackName: 'Orders' });
  });

  it('needs no right to list stacks', async () => {
    const denied = having(() => Promise.reject(new UserError('ACCESS_DENIED', 'no')));
    expect((await missingStack('Shpo', { stacks: denied, signal })).hint).toMatch(/: lambda-tool list-serverless --all$/);
    const broken = having(() => Promise.reject(new TypeError('a defect')));
    await expect(missingStack('Shpo', { stacks: broken, signal })).rejects.toThrow(TypeError);
  });
});
