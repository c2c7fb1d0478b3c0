import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findCommit } from '../../src/records/commit.ts';

const COMMIT = 'c0ffee'.padEnd(40, '0');

describe('the commit of a deployment', () => {
  let folder: string;
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lambda-tool-commit-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is what the build service says', () => {
    expect(findCommit(folder, { GITHUB_SHA: COMMIT })).toBe(COMMIT);
    expect(findCommit(folder, { CODEBUILD_RESOLVED_SOURCE_VERSION: COMMIT.toUpperCase() })).toBe(COMMIT);
  });

  it('is unknown outside of a checkout, and where a variable holds something else', () => {
    expect(findCommit(folder, { GITHUB_SHA: 'main' })).toBeUndefined();
  });

  it('is read from the files of git: a branch, packed references, a detached head, a worktree', () => {
    git('init', '-q');
    expect(findCommit(folder, {})).toBeUndefined();
    git('commit', '-q', '--allow-empty', '-m', 'one');
    const head = git('rev-parse', 'HEAD');
    mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
    expect(findCommit(join(folder, 'deep', 'er'), {})).toBe(head);
    git('pack-refs', '--all');
    expect(findCommit(folder, {})).toBe(head);
    git('worktree', 'add', '-q', 'tree', '-b', 'other');
    expect(findCommit(join(folder, 'tree'), {})).toBe(head);
    git('checkout', '-q', '--detach');
    expect(findCommit(folder, {})).toBe(head);
    writeFileSync(join(folder, '.git', 'HEAD'), 'nonsense\n');
    expect(findCommit(folder, {})).toBeUndefined();
  });
});
