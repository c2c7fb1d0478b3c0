import pLimit, { type LimitFunction } from 'p-limit';
import type { PlannedDotnet } from './dotnet.ts';
import type { Architecture } from './types.ts';

/** A directory that `dotnet publish` writes to and that images are built of. */
export interface HostOutput {
  /** Nobody in this process writes to it while somebody reads it. */
  readonly limit: LimitFunction;
  readonly plans: Map<Architecture, Promise<PlannedDotnet>>;
  /** What it was written for last in this run. */
  holds: Architecture | undefined;
}

/** Also for several runs at a time: comparisons look at each artefact in one of its own. */
const limits = new Map<string, LimitFunction>();

/** What one run knows of each directory. */
export function startHostOutputs(): (directory: string) => HostOutput {
  const outputs = new Map<string, HostOutput>();
  return (directory) => {
    const limit = limits.get(directory) ?? pLimit(1);
    limits.set(directory, limit);
    const output = outputs.get(directory) ?? { limit, plans: new Map(), holds: undefined };
    outputs.set(directory, output);
    return output;
  };
}
