import type { EventMark, StackEvent, Stacks } from '../clients/cloudformation.ts';
import { UserError } from '../errors.ts';

/** A stack event with its place in the tree of nested stacks. */
export interface FollowedEvent extends StackEvent {
  /** Logical ids of the nested stacks that lead to the stack of the event: empty for the stack that is followed itself. */
  readonly path: readonly string[];
}

/** The events of a stack and of the stacks nested in it, at any depth. */
export interface StackTree {
  /** What has happened since the last look, by the server's clock; undefined when the stack is not there. */
  read(signal: AbortSignal): Promise<FollowedEvent[] | undefined>;
}

export interface TreeRequest {
  readonly stackId: string;
  /** What is the newest event before the operation; all events are meant without it. */
  readonly after: EventMark | undefined;
  /** Told once of a nested stack whose events may not be read. */
  readonly onUnreadable?: ((path: readonly string[], error: UserError) => void) | undefined;
}

interface Branch {
  readonly id: string;
  readonly path: readonly string[];
  mark: EventMark | undefined;
  readonly seen: Set<string>;
  /** Its parent says that an operation runs on it. */
  running: boolean;
  /** Something may have happened since it was read. */
  due: boolean;
}

const STACK_TYPE = 'AWS::CloudFormation::Stack';
/** How many stacks are asked at the same time. */
const AT_ONCE = 4;

/**
 * A nested stack is read only while it is in progress, and once when it has ended: its parent's events tell. Where its events begin is
 * told by the time of the parent's event, which is of the same clock.
 */
export function createStackTree(stacks: Pick<Stacks, 'eventsAfter'>, request: TreeRequest): StackTree {
  const root: Branch = { id: request.stackId, path: [], mark: request.after, seen: new Set(), running: true, due: true };
  const branches = new Map<string, Branch>();

  // What nested stacks no longer need is removed after their parent has told that they ended.
  let sawCleanup = false;
  const cleanUp = (event: StackEvent): void => {
    if (!isOwnEvent(event)) return;
    if (event.status.endsWith('CLEANUP_IN_PROGRESS')) sawCleanup = true;
    else if (sawCleanup) for (const branch of branches.values()) branch.due = true;
  };

  const meet = (event: StackEvent, parent: Branch): void => {
    if (!isNestedStack(event)) {
      if (parent === root) cleanUp(event);
      return;
    }
    const branch = branches.get(event.physicalId) ?? plant(event, parent);
    branches.set(event.physicalId, branch);
    branch.running = event.status.endsWith('_IN_PROGRESS');
    branch.due = true;
  };

  const readBranch = async (branch: Branch, signal: AbortSignal): Promise<FollowedEvent[] | undefined> => {
    const events = await stacks.eventsAfter(branch.id, branch.mark, signal).catch(goneMeansNoEvents);
    const fresh = (events ?? []).filter(({ id }) => !branch.seen.has(id));
    for (const { id } of fresh) branch.seen.add(id);
    branch.mark = fresh.at(-1)?.id ?? branch.mark;
    branch.due = branch.running;
    for (const event of fresh) meet(event, branch);
    return events === undefined ? undefined : fresh.map((event) => ({ ...event, path: branch.path }));
  };

  const readNested = async (branch: Branch, signal: AbortSignal): Promise<FollowedEvent[]> => {
    try {
      return (await readBranch(branch, signal)) ?? [];
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'ACCESS_DENIED') throw error;
      // A policy that names only the stack itself must not end the deployment.
      branch.running = false;
      branch.due = false;
      request.onUnreadable?.(branch.path, error);
      return [];
    }
  };

  /** Events that a look has read before something stopped it: they are not read again. */
  let kept: FollowedEvent[] = [];
  return {
    async read(signal) {
      const own = await readBranch(root, signal);
      if (own === undefined && kept.length === 0) return undefined;
      kept.push(...(own ?? []));
      const read = new Set<Branch>();
      for (;;) {
        const due = [...branches.values()].filter((branch) => branch.due && !read.has(branch)).slice(0, AT_ONCE);
        if (due.length === 0) break;
        for (const branch of due) read.add(branch);
        const answers = await Promise.allSettled(due.map((branch) => readNested(branch, signal)));
        for (const answer of answers) if (answer.status === 'fulfilled') kept.push(...answer.value);
        const failed = answers.find((answer) => answer.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      }
      const events = kept;
      kept = [];
      return events.toSorted((one, other) => one.timestamp.getTime() - other.timestamp.getTime());
    },
  };
}

/** Whether an event is that of a stack about itself. */
export function isOwnEvent(event: StackEvent): boolean {
  return event.resourceType === STACK_TYPE && event.physicalId === event.stackId;
}

function isNestedStack(event: StackEvent): boolean {
  return event.resourceType === STACK_TYPE && event.physicalId !== event.stackId && event.physicalId.includes(':stack/');
}

function plant(event: StackEvent, parent: Branch): Branch {
  const began = event.timestamp.getTime();
  const mark = event.status.startsWith('CREATE_') ? undefined : (other: StackEvent): boolean => other.timestamp.getTime() < began;
  return { id: event.physicalId, path: [...parent.path, event.logicalId], mark, seen: new Set(), running: false, due: true };
}

function goneMeansNoEvents(error: unknown): undefined {
  if (error instanceof UserError && error.code === 'STACK_NOT_FOUND') return undefined;
  throw error;
}
