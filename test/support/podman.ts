import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BUSYBOX } from './image-project.ts';

/** Podman's own service on a socket and a storage folder that nobody else uses. */
export interface PodmanService {
  /** For DOCKER_HOST. */
  readonly address: string;
  /** Makes the podman command use the same storage, without the service. */
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

/** Why tests with Podman cannot run here, or undefined: a container of nothing but busybox is run to find out. */
export function podmanMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'Podman is tried as root on Linux only';
  if (BUSYBOX === undefined) return 'busybox is not on this machine';
  if (spawnSync('podman', ['--version']).status !== 0) return 'podman is not on this machine';
  const storage = openStorage();
  try {
    const archive = join(storage.folder, 'rootfs.tar');
    spawnSync('tar', ['-cf', archive, '-C', '/', BUSYBOX.slice(1)]);
    const made = spawnSync('podman', [...storage.flags, 'import', archive, 'probe'], { env: storage.env, encoding: 'utf8' });
    if (made.status !== 0) return `podman cannot import an image here: ${lastLine(made.stderr)}`;
    const args = ['run', '--rm', '--network=host', '--memory=64m', 'probe', BUSYBOX, 'true'];
    const ran = spawnSync('podman', [...storage.flags, ...args], { env: storage.env, encoding: 'utf8' });
    return ran.status === 0 ? undefined : `podman cannot run a container here: ${lastLine(ran.stderr)}`;
  } finally {
    storage.remove();
  }
}

export async function startPodman(): Promise<PodmanService> {
  const storage = openStorage();
  const socket = join(storage.folder, 'podman.sock');
  const child = spawn('podman', [...storage.flags, 'system', 'service', '--time=0', `unix://${socket}`], {
    env: storage.env,
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 100 && !(await answers(socket)); tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    address: `unix://${socket}`,
    env: storage.settings,
    close() {
      child.kill('SIGKILL');
      spawnSync('podman', [...storage.flags, 'rm', '--all', '--force', '--time=0'], { env: storage.env });
      storage.remove();
    },
  };
}

const LIMIT = 16_384;

/**
 * A storage folder, and settings under which Podman runs inside of other containers and virtual machines as well: no limits above our
 * own, no daemon for cgroups, and runc where Docker has brought it (crun refuses hybrid cgroups).
 */
function openStorage() {
  // Podman refuses a runroot of more than 50 characters.
  const folder = mkdtempSync(join(tmpdir(), 'podman-'));
  const limits = Object.entries({ nofile: 'Max open files', nproc: 'Max processes' }).map(([name, label]) => {
    const value = new RegExp(`^${label} +\\S+ +(\\d+)`, 'm').exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    const limit = Math.min(Number(value ?? LIMIT), LIMIT);
    return `"${name}=${limit}:${limit}"`;
  });
  const settings = join(folder, 'containers.conf');
  writeFileSync(
    settings,
    [
      '[containers]',
      `default_ulimits = [${limits.join(', ')}]`,
      '[engine]',
      ...(spawnSync('runc', ['--version']).status === 0 ? ['runtime = "runc"'] : []),
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      '',
    ].join('\n'),
  );
  const places = join(folder, 'storage.conf');
  writeFileSync(places, `[storage]\ndriver = "vfs"\ngraphroot = "${join(folder, 'root')}"\nrunroot = "${join(folder, 'run')}"\n`);
  return {
    folder,
    settings: { CONTAINERS_CONF: settings, CONTAINERS_STORAGE_CONF: places },
    flags: ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'],
    env: { ...process.env, CONTAINERS_CONF: settings, TMPDIR: folder },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

async function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping' }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('error', () => resolve(false));
    ping.end();
  });
}
