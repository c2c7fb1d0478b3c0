import { resolve } from 'node:path';
import type { Context } from '../context.ts';

/**
 * Real paths of what this run writes that says when it was written, or where the code was put. In the directory of the code it would make
 * another zip of every run. (The file of `--outputs-file` settles, and may be meant for the code.)
 */
export async function ownFiles({ settings, cwd }: Pick<Context, 'settings' | 'cwd'>): Promise<readonly string[]> {
  const { report, outputTemplate } = settings.values;
  const paths = [report, outputTemplate].filter((path) => typeof path === 'string' && path !== '-') as string[];
  if (paths.length === 0) return [];
  const { realPlace } = await import('./package-output.ts');
  return Promise.all(paths.map((path) => realPlace(resolve(cwd, path))));
}
