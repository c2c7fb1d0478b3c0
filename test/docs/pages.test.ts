import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { optionsOf } from '../../src/cli/switches.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { ERROR_CODES } from '../../src/errors.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** Every page that people read, relative to the repository. */
function markdownFiles(): string[] {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CHANGELOG.md', ...below.map((name) => join('docs', name))];
}

describe('pages of commands', () => {
  const pageOf = (name: string): string => `${name.replaceAll(' ', '-')}.md`;

  it('exist for every command and for nothing else', () => {
    expect(readdirSync(join(ROOT, 'docs/commands')).sort()).toEqual(COMMANDS.map(({ name }) => pageOf(name)).sort());
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))('%s has all parts of a page', (name, command) => {
    const text = read(`docs/commands/${pageOf(name)}`);
    expect(text.split('\n')[0]).toBe(`# ${name}`);
    // Every page has these, in this order; a page may have further ones between them.
    const parts = ['## Example', '## Options', '## Exit codes', '## IAM permissions'];
    expect(text.match(/^## .+$/gm)?.filter((heading) => parts.includes(heading))).toEqual(parts);
    for (const option of optionsOf(command)) expect(text).toContain(option);
    expect(text).toContain(`lambda-tool ${name}`);
  });
});

describe('the page of errors', () => {
  it('has a section for every code and for nothing else', () => {
    const sections = [...read('docs/errors.md').matchAll(/^### (.+)$/gm)].map((match) => match[1] ?? '');
    expect(new Set(sections)).toEqual(new Set(Object.keys(ERROR_CODES)));
    expect(sections).toHaveLength(Object.keys(ERROR_CODES).length);
  });

  it('says something in every section', () => {
    for (const section of read('docs/errors.md').split(/^### /m).slice(1)) {
      const [code = '', ...lines] = section.split('\n');
      expect(
        lines
          .join(' ')
          .replace(/^## .*/m, '')
          .trim().length,
        code,
      ).toBeGreaterThan(60);
    }
  });
});

describe('the page of configuration', () => {
  it('names every variable of our own that the program reads', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const names = sources.flatMap((name) =>
      [...read(join('src', name)).matchAll(/env\['(LAMBDA_TOOL_\w+)'\]/g)].map((match) => match[1] ?? ''),
    );
    expect(names).toContain('LAMBDA_TOOL_LOCAL_HOME');
    for (const name of names) expect(read('docs/configuration.md')).toContain(name);
  });
});

describe('generated parts', () => {
  it('are what the tables in src say', async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/docs.mjs'), '--check']);
  });
});

describe('links between pages', () => {
  it.each(markdownFiles())('of %s lead somewhere', (file) => {
    for (const { target, anchor } of linksOf(file)) {
      const path = target === '' ? file : relative(ROOT, resolve(ROOT, dirname(file), target));
      const text = readFileSync(join(ROOT, path), path.endsWith('.md') ? 'utf8' : 'latin1');
      if (anchor !== undefined) expect(anchorsOf(text), `${file} → ${path}#${anchor}`).toContain(anchor);
    }
  });
});

/** Links inside the repository, outside of code. */
function linksOf(file: string): { target: string; anchor: string | undefined }[] {
  const text = read(file)
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .replaceAll(/`[^`\n]*`(?!\])/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => ({ target: link.split('#')[0] ?? '', anchor: link.split('#')[1] }));
}

/** What GitHub makes of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
