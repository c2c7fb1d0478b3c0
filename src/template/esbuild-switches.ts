import type { JsonValue } from './types.ts';
import { isMap } from './value.ts';

/** What esbuild would write elsewhere with, or never end with. */
const NOT_OURS = new Set(['outdir', 'outfile', 'outbase', 'watch', 'serve', 'servedir', 'metafile', 'allow-overwrite', 'analyze']);
/** Switches whose values stand in one list; all other lists repeat the switch. https://esbuild.github.io/api/ */
const ONE_LIST = new Set(['conditions', 'drop-labels', 'main-fields', 'resolve-extensions', 'target']);
/** Of npm's part of a build in AWS SAM. */
const FOR_NPM = new Set(['use-npm-ci']);
/** As in AWS SAM, where the template says nothing else. */
const DEFAULTS: Readonly<Record<string, string>> = {
  bundle: '--bundle',
  platform: '--platform=node',
  target: '--target=es2020',
  format: '--format=cjs',
  minify: '--minify',
};

/** The command line that `BuildProperties` stand for, or what is wrong with them. `MainFields` is `--main-fields`, and so on. */
export function esbuildSwitches(properties: Readonly<Record<string, JsonValue>>): readonly string[] | string {
  const given = new Map(Object.entries(properties).map(([name, value]) => [kebab(name), { name, value }]));
  const switches = Object.entries(DEFAULTS).flatMap(([name, word]) => (given.has(name) ? [] : [word]));
  for (const [name, { name: written, value }] of given) {
    if (FOR_NPM.has(name)) continue;
    if (NOT_OURS.has(name)) return `${written} cannot be chosen here`;
    const words = switchOf(name, value);
    if (words === undefined) return `${written} has a value that is no switch of esbuild`;
    switches.push(...words);
  }
  return switches;
}

function switchOf(name: string, value: JsonValue): string[] | undefined {
  if (value === true) return [`--${name}`];
  if (value === false) return name === 'minify' || name === 'sourcemap' || name === 'bundle' ? [] : [`--${name}=false`];
  if (typeof value === 'string' || typeof value === 'number') return [`--${name}=${value}`];
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    if (!items.every((item) => typeof item === 'string' || typeof item === 'number')) return undefined;
    return ONE_LIST.has(name) ? [`--${name}=${items.join(',')}`] : items.map((item) => `--${name}:${String(item)}`);
  }
  if (!isMap(value)) return undefined;
  const words = Object.entries(value).map(([key, item]) =>
    typeof item === 'string' || typeof item === 'number' ? `--${name}:${key}=${item}` : undefined,
  );
  return words.every((word) => word !== undefined) ? words : undefined;
}

/** `SourcesContent` and `sources_content` → `sources-content`. */
function kebab(name: string): string {
  return name
    .replaceAll('_', '-')
    .replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-')
    .toLowerCase();
}
