import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listBuildContext } from '../../src/artifacts/build-context.ts';
import { parseDockerIgnore } from '../../src/artifacts/dockerignore.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';

const FILES = [
  'a.txt',
  'b.md',
  'c++.txt',
  'app (1).txt',
  'x{y}.txt',
  'constructor',
  '.hidden',
  'src/a.txt',
  'src/deep/a.txt',
  'src/deep/keep.txt',
  'src/deep/er/b.md',
  'node_modules/p/index.js',
  'node_modules/keep/index.js',
  'docs/b.md',
  'docs/README.md',
  'xfoo',
  'sub/foo',
  'foo',
  'f1',
  'f2',
  'fa',
];

const CASES: readonly string[] = [
  '',
  '*.txt',
  '**/*.txt',
  '*/*.txt',
  'src',
  'src/',
  '/src',
  './src//deep/',
  '*',
  '*\n!src',
  '*\n!src/deep\nsrc/deep/er',
  'node_modules\n!node_modules/keep',
  'docs/*.md\n!docs/README.md',
  '# comment\n  a.txt  \n\n#a.txt',
  'c++.txt\napp (1).txt\nx{y}.txt',
  '**foo',
  '**/foo',
  'src/**',
  'src/**/a.txt',
  '**/deep/**\n!**/deep/keep.txt',
  'f[12]',
  'f[^12]',
  'f?',
  '.*',
  'constructor',
  '**',
  '**\n!a.txt',
  'src/deep/../a.txt',
  '! src\n*\n! src/deep',
  '\uFEFFa.txt',
  'Dockerfile\n.dockerignore',
];

const { engine, reason } = await engineOrReason();
const hasDocker = engine !== undefined && spawnSync('docker', ['version']).status === 0;
if (!hasDocker) console.warn(`skipped: .dockerignore against the docker command: ${reason || 'no docker command'}`);

describe.skipIf(!hasDocker)('.dockerignore, against the docker command', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ignore-test-'));
    for (const file of FILES) {
      await mkdir(join(folder, file, '..'), { recursive: true });
      await writeFile(join(folder, file), file);
    }
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(CASES.map((text) => [JSON.stringify(text), text]))('%s', async (_, text) => {
    await writeFile(join(folder, '.dockerignore'), text);
    const context = await listBuildContext(folder, join(folder, 'Dockerfile'));
    const ours = context.entries.filter((entry) => entry.type === 'file').map((entry) => entry.path);
    // These two are sent always; the engine takes them away again where they are ignored.
    const own = (name: string): boolean => name !== 'Dockerfile' && name !== '.dockerignore';
    expect(ours.filter(own).toSorted()).toEqual(filesThatDockerCopies(folder).filter(own).toSorted());
  });
});

/** Builds with the docker command and lists what came into the image. */
function filesThatDockerCopies(folder: string): string[] {
  const name = uniqueName('ignore-test');
  const build = spawnSync('docker', ['build', '-q', '-t', name, '.'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  });
  // An empty context makes COPY fail: nothing was copied.
  if (build.status !== 0) return [];
  const container = spawnSync('docker', ['create', name, 'x'], { encoding: 'utf8' }).stdout.trim();
  try {
    const listing = spawnSync('sh', ['-c', `docker export ${container} | tar t`], { encoding: 'utf8' }).stdout;
    const ofEngine = /^(dev|etc|proc|sys)\/|^\.dockerenv$/;
    return listing.split('\n').filter((line) => line !== '' && !line.endsWith('/') && !ofEngine.test(line));
  } finally {
    spawnSync('docker', ['rm', container]);
    spawnSync('docker', ['rmi', name]);
  }
}

describe('parseDockerIgnore', () => {
  it('refuses a pattern that cannot be read, by name', () => {
    expect(() => parseDockerIgnore('ok\n[z-a]\n', 'x/.dockerignore')).toThrow(
      /x\/\.dockerignore holds a pattern that cannot be read: \[z-a\]/,
    );
    expect(() => parseDockerIgnore('!\n', '.dockerignore')).toThrow();
  });
});
