import type { MapNode, SourceNode } from './source-node.ts';
import type { Splice } from './splice.ts';
import type { JsonValue } from './types.ts';

/** A member to add to a map; `like` is what it looks like elsewhere in the text, where it comes from an alias. */
export interface NewMember {
  readonly key: string;
  readonly value: JsonValue;
  readonly like?: SourceNode | undefined;
}

/** Where a value stands: needed to write something else in its place. */
export interface Place {
  /** The end of the colon or tag in front of the value; undefined for items of lists. */
  readonly from: number | undefined;
}

/** How one format is written. Every function answers with changes of the text. */
export interface TemplateWriter {
  /** Puts another value in the place of a node; anchors stay, since other places may refer to them. */
  replace(node: SourceNode, value: JsonValue, place: Place, like?: SourceNode): Splice[];
  /** Adds members behind the last one of a map; undefined when the shape of this map does not allow it. */
  add(map: MapNode, members: readonly NewMember[]): Splice[] | undefined;
  /** Writes out what the merge keys of a map stand for. */
  expandMerges(map: MapNode, members: readonly NewMember[]): Splice[];
}

/** The line end the text uses. */
export function lineEndOf(text: string): string {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n';
}

/** Where the line that an offset stands in begins. */
export function lineStartAt(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return start === 0 && text.startsWith('\uFEFF') ? 1 : start;
}

/** The blanks at the beginning of the line that an offset stands in. */
export function indentAt(text: string, offset: number): string {
  const start = lineStartAt(text, offset);
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}
