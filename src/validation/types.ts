import type { Path } from '../template/types.ts';
import type { TemplateFacts } from './facts.ts';

export type Severity = 'error' | 'warning';

/** One thing that is wrong, or may be, with its place in the text. */
export interface Finding {
  /** Stable id: a script may look for it. */
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  /** The file, as the user gave it; another one for nested templates. */
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/** What a check has found: a place in the template and a sentence without a full stop. */
export interface Problem {
  readonly at: Path;
  readonly message: string;
}

export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What it looks for, in one line; printed in the docs. */
  readonly what: string;
  /** Whether it holds also where a macro that we do not know rewrites the template. */
  readonly underMacros?: true;
  readonly check: (facts: TemplateFacts) => Iterable<Problem>;
}
