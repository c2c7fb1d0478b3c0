export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** Keys and indexes from the root of a template to a value. */
export type Path = readonly (string | number)[];

/** 1-based place in the text of a template. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/**
 * A parsed template. `value` is a plain view of it: YAML short tags in their long form (`!Sub x` → `{ "Fn::Sub": "x" }`),
 * aliases and merge keys resolved. The text itself is kept, and edits are made to the text, so that what nobody touches
 * comes out as it went in.
 */
export interface Template {
  /** Path as the user gave it; used in messages. */
  readonly path: string;
  readonly format: 'json' | 'yaml';
  readonly text: string;
  readonly value: JsonObject;
  /** Where the value at that path begins, or where its nearest present ancestor does. */
  positionOf(path: Path): SourcePosition;
}

/** Sets the value at a path: replaces it, or adds the last key to its (present) parent map. */
export interface TemplateEdit {
  readonly path: Path;
  readonly value: JsonValue;
}
