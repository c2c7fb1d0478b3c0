import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import { FILE_RULES } from '../../src/validation/check-files.ts';
import { RULES } from '../../src/validation/rules.ts';

it('the page of the command lists every rule as the tables have it, and no other', () => {
  const page = readFileSync(new URL('../../docs/commands/validate.md', import.meta.url), 'utf8');
  const listed = page
    .split('\n')
    .filter((line) => /^\| `[a-z-]+`\*? \| (?:error|warning) \|/.test(line) && !line.includes('`cloudformation`'));
  // The star: holds where a macro rewrites the template, too.
  const rows = [...RULES, ...FILE_RULES.map((rule) => ({ ...rule, underMacros: true }))].map(
    ({ id, severity, what, underMacros }) => `| \`${id}\`${underMacros === true ? '*' : ''} | ${severity} | ${what} |`,
  );
  expect(listed).toEqual(rows);
});
