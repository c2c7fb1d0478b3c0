import { readFileSync, readdirSync } from 'node:fs';

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
}

/**
 * Ends what runs in containers that a builder without a service has started, and answers whether there was anything: such a program is
 * below the builder, but leads a session of its own, and outlives it. The builder then fails, and clears up behind itself. Linux only;
 * elsewhere containers run in a virtual machine.
 */
export function endContainersBelow(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  const all = listProcesses();
  const own = all.find((one) => one.pid === pid)?.session;
  const below = new Set([pid]);
  // Children may have lower numbers than their parents, so until nothing is added.
  for (let size = 0; size !== below.size;) {
    size = below.size;
    for (const one of all) if (below.has(one.parent)) below.add(one.pid);
  }
  const leaders = all.filter((one) => below.has(one.pid) && one.session !== own && one.session === one.pid);
  return leaders.map(({ pid: leader }) => kill(leader)).includes(true);
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function listProcesses(): ProcessFacts[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [, parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return [{ pid: Number(name), parent: Number(parent), session: Number(session) }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile, or is not ours to end: the builder is then ended in any case.
    return false;
  }
}
