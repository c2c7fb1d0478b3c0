import type { ReportEvent } from '../output/reporter.ts';
import { renderTimeline, type TimelineView } from '../output/timeline-text.ts';
import { storiesOf } from './told-events.ts';

/** So few rows can be taken in from the lines that told of them. */
const FEW = 5;
const MOST = 10;

export interface StepTimelineRequest extends Omit<TimelineView, 'rows' | 'more'> {
  readonly stackName: string;
  /** Switches that lead another command to the same place. */
  readonly target: string;
  /** What the step has told. */
  readonly events: readonly ReportEvent[];
  /** Everything, however much or little it is. */
  readonly all: boolean;
  /** Also when there is little to show. */
  readonly verbose: boolean;
}

/** What a terminal shows of a step in which a stack was worked on, after it has ended. */
export function stepTimeline({ stackName, target, events, all, verbose, ...view }: StepTimelineRequest): string[] {
  return storiesOf(events)
    .filter((story) => story.stackName === stackName)
    .flatMap(({ timeline, status }) => {
      if (!all && !verbose && timeline.rows.length <= FEW) return [];
      const more = status === 'DELETE_COMPLETE' ? undefined : `lambda-tool describe-serverless ${stackName} --timeline${target}`;
      const lines = renderTimeline(timeline, { ...view, ...(all ? {} : { rows: MOST }), more });
      return lines.length === 0 ? [] : ['', ...lines, ''];
    });
}
