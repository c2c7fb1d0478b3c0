import { optionSpec, type OptionName } from '../commands/options.ts';
import type { Context } from '../context.ts';

/** Asks a person for the value of a switch, in the words of the option table, and remembers the answer for --persist-config-file. */
export async function ask(name: OptionName, context: Context): Promise<string> {
  const answer = await context.prompts.text({ message: optionSpec(name).question ?? optionSpec(name).describe });
  context.settings.remember(name, answer);
  return answer;
}
