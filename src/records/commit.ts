import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** Where build services say which commit they build. */
const VARIABLES = [
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'BITBUCKET_COMMIT',
  'CODEBUILD_RESOLVED_SOURCE_VERSION',
  'BUILD_SOURCEVERSION',
  'CIRCLE_SHA1',
  'BUILDKITE_COMMIT',
  'TRAVIS_COMMIT',
  'GIT_COMMIT',
] as const;

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/**
 * The commit that is deployed: what the build service says, else what is checked out around the directory, read from git's own files
 * (no program is run). Whether there are changes beside it is not known. Undefined outside of a checkout.
 */
export function findCommit(directory: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const name of VARIABLES) {
    const value = env[name]?.trim().toLowerCase();
    if (value !== undefined && COMMIT.test(value)) return value;
  }
  const gitFolder = findGitFolder(directory);
  return gitFolder === undefined ? undefined : readHead(gitFolder);
}

/** `.git` is a folder, or in worktrees and submodules a file that names it. */
function findGitFolder(directory: string): string | undefined {
  for (let current = directory; ; current = dirname(current)) {
    const git = join(current, '.git');
    if (read(join(git, 'HEAD')) !== undefined) return git;
    const named = /^gitdir: (.+)$/m.exec(read(git) ?? '')?.[1]?.trim();
    if (named !== undefined) return isAbsolute(named) ? named : join(current, named);
    if (dirname(current) === current) return undefined;
  }
}

function readHead(gitFolder: string): string | undefined {
  const head = read(join(gitFolder, 'HEAD'))?.trim() ?? '';
  const reference = /^ref: (.+)$/.exec(head)?.[1];
  if (reference === undefined) return COMMIT.test(head) ? head : undefined;
  const common = read(join(gitFolder, 'commondir'))?.trim();
  const shared = common === undefined ? gitFolder : isAbsolute(common) ? common : join(gitFolder, common);
  const loose = read(join(gitFolder, reference))?.trim() ?? read(join(shared, reference))?.trim();
  if (loose !== undefined) return COMMIT.test(loose) ? loose : undefined;
  const packed = (read(join(shared, 'packed-refs')) ?? '').split('\n').find((line) => line.endsWith(` ${reference}`));
  const commit = packed?.split(' ')[0] ?? '';
  return COMMIT.test(commit) ? commit : undefined;
}

/** Undefined for whatever cannot be read: the commit is worth telling, not worth failing for. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
