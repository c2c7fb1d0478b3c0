import { describe, expect, it } from 'vitest';

import { UserError } from '../../src/errors.ts';
import { createPlainLines } from '../../src/output/lines.ts';
import { createSecrets } from '../../src/output/secrets.ts';
import { parsePlace } from '../../src/output/workflow-command.ts';

/** Of a project in a folder with a space. */
const FILES = { spell: (file: string) => file, isThere: (file: string) => file === 'My App/serverless.template' };

function openLines(github: boolean) {
  const written: string[] = [];
  const lines = createPlainLines({
    stderr: { write: (text) => void written.push(text.trimEnd()) },
    style: (_, text) => text,
    verbose: false,
    now: () => 0,
    github,
    columns: () => undefined,
    files: FILES,
  });
  return { lines, written };
}

const BUILD = { kind: 'image', name: 'Dockerfile' } as const;

describe('plain lines', () => {
  it('fold what a step runs in GitHub Actions, and leave its own words outside', async () => {
    const { lines, written } = openLines(true);
    await lines.step(BUILD, async (step) => {
      step.output('one');
      step.output('two');
      step.summary('built');
    });
    expect(written).toEqual([
      '::group::[image Dockerfile] log',
      '[image Dockerfile] | one',
      '[image Dockerfile] | two',
      '::endgroup::',
      '[image Dockerfile] built (0.0 s)',
    ]);
  });

  it('close the fold of a step that fails, and never open one inside another', async () => {
    const { lines, written } = openLines(true);
    const failed = lines.step(BUILD, async (step) => {
      step.output('one');
      await lines.step({ kind: 'image', name: 'Other' }, async (other) => other.output('two'));
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(written.filter((line) => line.startsWith('::'))).toEqual(['::group::[image Dockerfile] log', '::endgroup::']);
  });

  it('say of a step that was interrupted, or ended because of another, that it was stopped', async () => {
    const { lines, written } = openLines(false);
    const end = async (error: Error): Promise<void> => {
      const step = lines.step(BUILD, async () => {
        throw error;
      });
      await expect(step).rejects.toBe(error);
    };
    await end(new UserError('INTERRUPTED', 'Stopped waiting'));
    await end(AbortSignal.abort().reason as Error);
    await end(new UserError('BUILD_FAILED', 'no'));
    expect(written).toEqual(['stopped', 'stopped', 'failed'].map((word) => `[image Dockerfile] ${word} (0.0 s)`));
  });

  it('know no folds elsewhere', async () => {
    const { lines, written } = openLines(false);
    await lines.step(BUILD, async (step) => step.output('one'));
    expect(written.join('\n')).not.toContain('::');
  });
});

describe('warnings in GitHub Actions', () => {
  it('stand at their line when they begin with a place', () => {
    const { lines, written } = openLines(true);
    lines.warn('app/serverless.template:12:5 The runtime ends');
    lines.warn('Nothing: 50% of it');
    expect(written).toEqual([
      '::warning file=app/serverless.template,line=12,col=5::app/serverless.template:12:5 The runtime ends',
      '::warning::Nothing: 50%25 of it',
    ]);
  });

  it('find places only where there are some', () => {
    expect(parsePlace('serverless.template:41', FILES)).toEqual({ file: 'serverless.template', line: 41, column: undefined });
    expect(parsePlace('sub/a.yaml:3:7: wrong', FILES)).toEqual({ file: 'sub/a.yaml', line: 3, column: 7 });
    expect(parsePlace('My App/serverless.template:41:2 wrong', FILES)).toEqual({ file: 'My App/serverless.template', line: 41, column: 2 });
    const sentences = ['At 12:30 it ended', 'See a.template of yesterday, 12:30', 'Your App/serverless.template:41 is not there'];
    for (const text of ['http://127.0.0.1:4577 is gone', 'Stack:5', 'plain', 'a.template:x', ...sentences]) {
      expect(parsePlace(text, FILES), text).toBeUndefined();
    }
  });
});

describe('secrets', () => {
  it('are hidden wherever they stand, the longest first, and short texts are none', () => {
    const secrets = createSecrets();
    secrets.add(['pass', 'password', 'abc', '']);
    expect(secrets.hide('a password, a pass and abc')).toBe('a ****, a **** and abc');
    expect(JSON.stringify({ a: ['my password'], b: 1 }, secrets.replacer)).toBe('{"a":["my ****"],"b":1}');
  });
});
