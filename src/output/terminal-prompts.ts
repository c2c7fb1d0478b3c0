import { UserError } from '../errors.ts';
import type { Prompts } from './prompts.ts';

/** Questions at a terminal, written to stderr so that stdout stays clean. The library is loaded for the first question. */
export function createTerminalPrompts(): Prompts {
  const load = () => import('@clack/prompts');
  const common = { output: process.stderr };
  return {
    available: true,
    async text({ message, placeholder, default: initial }) {
      const { text } = await load();
      const options = {
        message,
        validate: (value: string | undefined) => ((value ?? '').trim() === '' && initial === undefined ? 'A value is needed' : undefined),
        ...(placeholder === undefined ? {} : { placeholder }),
        ...(initial === undefined ? {} : { initialValue: initial }),
      };
      return (await answered(text({ ...common, ...options }))).trim();
    },
    async secret(message) {
      const { password } = await load();
      return answered(password({ ...common, message }));
    },
    async select({ message, choices, signal }) {
      const { select } = await load();
      const options = choices.map((value) => ({ value, label: value }));
      return answered(select({ ...common, message, options, ...(signal === undefined ? {} : { signal }) }));
    },
    async confirm({ message, default: initialValue }) {
      const { confirm } = await load();
      return answered(confirm({ ...common, message, initialValue }));
    },
  };
}

async function answered<T>(answer: Promise<T>): Promise<Exclude<T, symbol>> {
  const value = await answer;
  if (typeof value === 'symbol') throw new UserError('INTERRUPTED', 'The question was left without an answer; nothing was done');
  return value as Exclude<T, symbol>;
}

/** Nobody is there: every question is a defect of the caller, who has to look at `available` first. */
export const noPrompts: Prompts = {
  available: false,
  text: unanswerable,
  secret: unanswerable,
  select: unanswerable,
  confirm: unanswerable,
};

function unanswerable(): Promise<never> {
  return Promise.reject(new Error('A question was asked where nobody can answer'));
}
