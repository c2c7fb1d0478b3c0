import type { StyledText } from '../output/reporter.ts';
import { renderTimeline, showsUnicode } from '../output/timeline-text.ts';
import type { Timeline } from '../stack/timeline.ts';

const PIPE_COLUMNS = 104;

/** A timeline as a part of `result`. */
export function timelineData({ startedAt, durationMs, rows }: Timeline) {
  return {
    ...(startedAt === undefined ? {} : { startedAt: startedAt.toISOString() }),
    durationMs,
    rows: rows.map(({ logicalId, resourceType, bars }) => ({ logicalId, resourceType, bars })),
  };
}

/** A timeline as a part of an answer for people. */
export function timelineText(title: string, timeline: Timeline, env: Readonly<Record<string, string | undefined>>): StyledText {
  return (style, columns = PIPE_COLUMNS) => {
    const lines = renderTimeline(timeline, { style, columns, unicode: showsUnicode(env) });
    return [style('bold', title), ...(lines.length === 0 ? ['No resource was worked on.'] : lines)].join('\n');
  };
}
