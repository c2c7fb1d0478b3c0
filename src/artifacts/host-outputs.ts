import type { PlannedDotnet } from './dotnet.ts';
import type { Architecture } from './types.ts';

/** A directory that `dotnet publish` writes to and that images are built of. */
export interface HostOutput {
  /** Nobody in this process writes to it while somebody reads it. */
  readonly turns: Turns;
  readonly plans: Map<Architecture, Promise<PlannedDotnet>>;
  /** What it was written for last in this run. */
  holds: Architecture | undefined;
}

/** Lets one work after the other; those who need what the one before has left there come before the others, in the order of their asking. */
export interface Turns {
  take<T>(need: Architecture, work: () => Promise<T>): Promise<T>;
}

/** Also for several runs at a time: comparisons look at each artefact in one of its own. */
const turnsOf = new Map<string, Turns>();

/** What one run knows of each directory. */
export function startHostOutputs(): (directory: string) => HostOutput {
  const outputs = new Map<string, HostOutput>();
  return (directory) => {
    const turns = turnsOf.get(directory) ?? startTurns();
    turnsOf.set(directory, turns);
    const output = outputs.get(directory) ?? { turns, plans: new Map(), holds: undefined };
    outputs.set(directory, output);
    return output;
  };
}

function startTurns(): Turns {
  const waiting: { readonly need: Architecture; readonly begin: () => void }[] = [];
  let isTaken = false;
  let last: Architecture | undefined;
  const passOn = (): void => {
    const [next] = waiting.splice(
      Math.max(
        0,
        waiting.findIndex(({ need }) => need === last),
      ),
      1,
    );
    isTaken = next !== undefined;
    next?.begin();
  };
  return {
    async take(need, work) {
      if (isTaken) await new Promise<void>((begin) => waiting.push({ need, begin }));
      isTaken = true;
      last = need;
      try {
        return await work();
      } finally {
        passOn();
      }
    },
  };
}
