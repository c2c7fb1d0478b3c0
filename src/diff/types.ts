import type { JsonValue } from '../template/types.ts';

export type Action = 'added' | 'removed' | 'changed';

/** One value that differs. A side that has no such value lacks the key. */
export interface PropertyChange {
  /** Where it is, from the body of its entry: `Properties.Policies[0].Effect`. */
  readonly path: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
  /** What a person should know beside the values. */
  readonly note?: string;
}

export interface ResourceChange {
  readonly logicalId: string;
  /** That of the template to deploy; of a removed resource, the deployed one's. */
  readonly type: string;
  readonly action: Action;
  /** Empty for a resource that is added or removed as a whole. */
  readonly properties: readonly PropertyChange[];
}

/** An output, a condition, a mapping, … */
export interface EntryChange {
  readonly name: string;
  readonly action: Action;
  readonly properties: readonly PropertyChange[];
}

/** A tag of the stack. */
export interface TagChange {
  readonly name: string;
  readonly action: Action;
  readonly before?: string;
  readonly after?: string;
}

/** A parameter: the value the stack has and the one it would get, and what differs in its declaration. */
export interface ParameterChange extends TagChange {
  readonly noEcho: boolean;
  readonly properties: readonly PropertyChange[];
}

/** Sections of a template whose entries are compared one by one. */
export interface TemplateChanges {
  readonly resources: readonly ResourceChange[];
  readonly outputs: readonly EntryChange[];
  readonly conditions: readonly EntryChange[];
  readonly mappings: readonly EntryChange[];
  readonly rules: readonly EntryChange[];
  readonly metadata: readonly EntryChange[];
  readonly globals: readonly EntryChange[];
  readonly hooks: readonly EntryChange[];
  /** `Description`, `Transform` and what else stands at the top. */
  readonly template: readonly PropertyChange[];
}

/** What is compared of a stack and of each stack nested in it. Names of the latter are `Nested/Name`. */
export interface LevelChanges extends TemplateChanges {
  readonly parameters: readonly ParameterChange[];
}

export interface Changes extends LevelChanges {
  readonly tags: readonly TagChange[];
  /** `RoleArn` and what else belongs to the stack and not to its template. */
  readonly stack: readonly TagChange[];
}

/** Something that cannot be compared without doing more than a comparison may. */
export interface Undecided {
  /** `Parameter Password`, `Worker.CodeUri`. */
  readonly subject: string;
  readonly reason: string;
}

/** What stands for a secret. */
export const MASK = '****';
