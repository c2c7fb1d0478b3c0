import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

it('loads neither the SDK nor the code of stacks and artifacts before a command is run', () => {
  const list = `require(${JSON.stringify(MAIN)}); process.stdout.write(JSON.stringify(Object.keys(require.cache)))`;
  const loaded = JSON.parse(execFileSync(process.execPath, ['-e', list], { encoding: 'utf8' })) as string[];
  expect(loaded).toContain(MAIN);
  const text = loaded.map((file) => readFileSync(file, 'utf8')).join('\n');
  // A word of each that is loaded later: requests to AWS, S3, CloudFormation's answers, zips.
  const later = ['AWS4-HMAC-SHA256', 'AmazonS3', "didn't contain changes", 'deflateRaw'];
  expect([...later, 'deploy-serverless'].filter((word) => text.includes(word))).toEqual(['deploy-serverless']);
  expect(text.length).toBeLessThan(250_000);
});
