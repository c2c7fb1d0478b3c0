/** Questions to a person. Only `terminal-prompts.ts` asks; without a terminal every question is an error. */
export interface Prompts {
  /** Whether somebody is there to ask. */
  readonly available: boolean;
  /** A line of text; throws UserError INTERRUPTED when the person gives up (Ctrl-C). */
  text(question: { readonly message: string; readonly placeholder?: string; readonly default?: string }): Promise<string>;
  /** A secret: what is typed is not shown. */
  secret(message: string): Promise<string>;
  /** `signal` takes the question back: then it throws UserError INTERRUPTED too. */
  select(question: {
    readonly message: string;
    readonly choices: readonly string[];
    readonly signal?: AbortSignal | undefined;
  }): Promise<string>;
  /** Yes or no; `default` is what Enter means. */
  confirm(question: { readonly message: string; readonly default: boolean }): Promise<boolean>;
}
