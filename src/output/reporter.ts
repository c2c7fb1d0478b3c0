import type { Style } from './style.ts';

/** What a row or a plain prefix is about: `image Dockerfile`, `zip src/Worker`, `stack Shop`. */
export interface StepTitle {
  readonly kind: 'image' | 'zip' | 'file' | 'stack' | 'artifacts' | 'bucket' | 'build' | 'local' | 'project';
  readonly name: string;
}

/** Handed to the work of a step, so that it can tell how far it is. */
export interface Step {
  /** How far the work is ("12 of 40 MB"): replaced in place on a terminal, not printed in a pipe. May be called often. */
  progress(text: string): void;
  /**
   * A fact that deserves a line of its own in a pipe or in CI ("build started (linux/amd64, BuildKit)"). On a terminal it is
   * shown in passing, unless it is `lasting`.
   */
  note(text: string, options?: { readonly lasting?: boolean }): void;
  /** What runs inside the step just now: asked for at every drawing on a terminal, never in a pipe. The last call wins. */
  rows(render: () => readonly string[]): void;
  /** One line that a program we run has written (docker build, dotnet publish). Shown live, without its colours. */
  output(line: string): void;
  /** What the row says when the work has ended well ("412 files · 1.9 MB · uploaded"). The last call wins. */
  summary(text: string): void;
}

/** A table for people: `rows` are as long as `columns`. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Text with colours of its own, where stdout shows colours. `columns` is the width of the terminal, where it is one. */
export type StyledText = (style: Style, columns?: number) => string;

/** The answer of a command: `data` for machines, `text` and `tables` for people. */
export interface Answer {
  /** Becomes `result` of the JSON document: camelCase keys, no secrets. */
  readonly data: unknown;
  /** Printed on stdout in the order given when the output is for people. */
  readonly human: readonly (string | StyledText | Table)[];
  /** False for an answer that is still given although the command fails (exit code 3). Default true. */
  readonly ok?: boolean;
}

/** A fact for `--output ndjson`: one line each, `type` first. */
export interface ReportEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** The one host that logic speaks to. The terminal, a pipe, and JSON are listeners behind it. */
export interface Reporter {
  /** Runs the work under a title; ends as done or failed whatever happens. Steps may run side by side. */
  step<T>(title: StepTitle, work: (step: Step) => Promise<T>): Promise<T>;
  /** A line (or a block with colours of its own) on stderr, for a person who reads along. */
  info(message: string | StyledText): void;
  /** One line on stderr, only with --verbose. */
  debug(message: string): void;
  /** Shown on stderr and collected into `warnings` of the JSON document. */
  warn(message: string): void;
  /** Keeps everything off the terminal while the work has it for itself: a question inside a step. */
  pause<T>(work: () => Promise<T>): Promise<T>;
  /** A machine-readable event; visible only with --output ndjson. */
  event(event: ReportEvent): void;
  /** A line of an answer that comes bit by bit (a log that is followed): on stdout at once, when the output is for people. */
  line(text: string): void;
  /** Never show these texts in a message, an event or an error (values of NoEcho parameters). */
  conceal(secrets: readonly string[]): void;
  /** The answer: with `line`, the only thing on stdout. */
  result(answer: Answer): void;
}
