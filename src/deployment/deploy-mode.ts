import { optionSpec, type OptionName } from '../commands/options.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Preview } from '../stack/preview.ts';
import { renderPreview } from '../stack/preview-render.ts';

export interface ModeOptions {
  readonly preview: boolean | undefined;
  readonly failOnChanges: boolean | undefined;
  readonly confirm: boolean | undefined;
  readonly prepare: boolean | undefined;
  readonly execute: string | undefined;
  readonly yes: boolean | undefined;
}

/** Refuses switches that contradict each other, before anything is done. Throws UserError USAGE or CONFIRMATION_NEEDED. */
export function checkMode(options: ModeOptions, context: Context): void {
  const modes = (['preview', 'prepare', 'execute'] as const).filter((name) => options[name] !== undefined && options[name] !== false);
  const asks = options.confirm === true ? (['confirm'] as const) : [];
  const [first, second] = options.execute === undefined ? [...modes, ...asks] : modes;
  if (first !== undefined && second !== undefined) throw contradiction(first, second);
  if (options.failOnChanges === true && options.preview !== true && options.prepare !== true) {
    throw new UserError('USAGE', '--fail-on-changes goes with --preview or --prepare', { hint: optionSpec('fail-on-changes').describe });
  }
  if (options.confirm === true && options.yes !== true && !context.prompts.available) {
    throw new UserError('CONFIRMATION_NEEDED', '--confirm asks before anything is changed, and nobody is there to answer', {
      hint: 'Add --yes, or look first with --preview or --prepare',
    });
  }
}

function contradiction(first: OptionName, second: OptionName): UserError {
  return new UserError('USAGE', `--${first} and --${second} contradict each other`, { hint: 'Choose one of them' });
}

/** For `--confirm`: shows what would be done and asks; undefined where nobody is to be asked. */
export function approval(options: ModeOptions, context: Context): ((preview: Preview) => Promise<boolean>) | undefined {
  if (options.confirm !== true) return undefined;
  return async (preview) => {
    context.reporter.info((style) => renderPreview(preview, style));
    if (options.yes === true) return true;
    return context.prompts.confirm({ message: `Deploy this to ${preview.stackName}?`, default: false });
  };
}
