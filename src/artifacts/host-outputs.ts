import pLimit, { type LimitFunction } from 'p-limit';
import type { PlannedDotnet } from './dotnet.ts';
import type { Architecture } from './types.ts';

/** A directory that `dotnet publish` writes to and that images are built of. */
export interface HostOutput {
  /** Nobody writes to it while somebody reads it. */
  readonly limit: LimitFunction;
  readonly plans: Map<Architecture, Promise<PlannedDotnet>>;
  /** What it was written for last in this run. */
  holds: Architecture | undefined;
}

/** One for each directory. */
export function startHostOutputs(): (directory: string) => HostOutput {
  const outputs = new Map<string, HostOutput>();
  return (directory) => {
    const output = outputs.get(directory) ?? { limit: pLimit(1), plans: new Map(), holds: undefined };
    outputs.set(directory, output);
    return output;
  };
}
