import { posix } from 'node:path';
import { UserError } from '../errors.ts';
import type { Verdict } from './file-tree.ts';

/**
 * The rules of a .dockerignore file, as Docker reads them. They are not those of .gitignore: a pattern is anchored at
 * the root, `*` stops at `/`, and what is below an ignored directory can be taken back in.
 * https://docs.docker.com/build/concepts/context/#dockerignore-files and https://github.com/moby/patternmatcher
 */
export interface DockerIgnore {
  /** Whether a path (with `/`, relative to the context) is left out. */
  readonly ignores: (path: string) => boolean;
  /** For a walk: also whether anything below a directory that is left out may be taken back. */
  readonly judge: (path: string, isDirectory: boolean) => Verdict;
}

interface Rule {
  readonly isException: boolean;
  /** Cleaned, without `!`. */
  readonly text: string;
  matches(path: string): boolean;
}

/** Throws UserError BUILD_FAILED when a pattern makes no sense. `name`: the file, for the message. */
export function parseDockerIgnore(content: string, name: string): DockerIgnore {
  const rules = content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line) => toRule(line, name));
  const exceptions = rules.filter((rule) => rule.isException);
  const areExceptionsPlain = exceptions.every((rule) => !/[*?[\\]/.test(rule.text));

  const ignores = (path: string): boolean => {
    const ancestors = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
    let isIgnored = false;
    for (const rule of rules) {
      // A rule that cannot change the verdict need not be looked at.
      if (rule.isException === isIgnored && ancestors.some((ancestor) => rule.matches(ancestor))) isIgnored = !rule.isException;
    }
    return isIgnored;
  };
  return {
    ignores,
    judge(path, isDirectory) {
      if (!ignores(path)) return 'keep';
      if (!isDirectory || exceptions.length === 0) return 'drop';
      const mayHoldException = !areExceptionsPlain || exceptions.some((rule) => `${rule.text}/`.startsWith(`${path}/`));
      return mayHoldException ? 'descend' : 'drop';
    },
  };
}

function toRule(line: string, name: string): Rule[] {
  if (line.startsWith('#')) return [];
  const trimmed = line.trim();
  if (trimmed === '') return [];
  const isException = trimmed.startsWith('!');
  const text = clean(isException ? trimmed.slice(1).trim() : trimmed);
  if (text === '') throw badPattern(line, name);
  return [{ isException, text, matches: matcher(text, () => badPattern(line, name)) }];
}

/** `./a//b/` → `a/b`, `/a` → `a`. On Windows both slashes separate. */
function clean(pattern: string): string {
  if (pattern === '') return '';
  const slashed = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  const normal = posix.normalize(slashed).replace(/(?<=.)\/$/, '');
  return normal.length > 1 && normal.startsWith('/') ? normal.slice(1) : normal;
}

function matcher(pattern: string, failed: () => UserError): (path: string) => boolean {
  // Docker's own shortcut, which is a little wider than the pattern: `**x` matches whatever ends in `x`.
  if (/^\*\*[^*?[\]\\]*$/.test(pattern)) {
    const suffix = pattern.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
  }
  let expression: RegExp;
  try {
    expression = new RegExp(`^${translate(pattern)}$`, 's');
  } catch {
    throw failed();
  }
  return (path) => expression.test(path);
}

function translate(pattern: string): string {
  let result = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index);
    if (character === '*' && pattern[index + 1] === '*') {
      index += pattern[index + 2] === '/' ? 2 : 1;
      result += index === pattern.length - 1 ? '.*' : '(.*/)?';
    } else if (character === '*') result += '[^/]*';
    else if (character === '?') result += '[^/]';
    else if (character === '\\' && index + 1 < pattern.length) {
      index += 1;
      result += escape(pattern.charAt(index));
    } else if ('.+()|{}$\\'.includes(character)) result += `\\${character}`;
    else result += character;
  }
  return result;
}

function escape(character: string): string {
  return /[\w\s]/.test(character) || character > '\x7f' ? character : `\\${character}`;
}

function badPattern(line: string, name: string): UserError {
  return new UserError('BUILD_FAILED', `${name} holds a pattern that cannot be read: ${line.trim()}`, {
    hint: 'See https://docs.docker.com/build/concepts/context/#dockerignore-files for the syntax.',
  });
}
