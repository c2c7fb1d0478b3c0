import { existsSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';

/** Where something is in a file. */
export interface Place {
  /** As messages spell it: relative to where the user is. */
  readonly file: string;
  readonly line: number;
  readonly column: number | undefined;
}

/** Files as messages name them: relative to where the user is. */
export interface MessageFiles {
  /** How a path has to be written so that GitHub finds the file: it counts from the checkout. */
  spell(file: string): string;
  isThere(file: string): boolean;
}

export function messageFiles(cwd: string, workspace: string | undefined): MessageFiles {
  return {
    spell(file) {
      const inside = workspace === undefined || workspace === '' ? '' : relative(workspace, resolve(cwd, file));
      return inside === '' || inside.startsWith('..') ? file : inside.split(sep).join('/');
    },
    isThere: (file) => existsSync(resolve(cwd, file)),
  };
}

/** `serverless.template:12:5 …` as a place. A path with spaces counts as one only where there is such a file. */
export function parsePlace(text: string, files: Pick<MessageFiles, 'isThere'>): Place | undefined {
  for (const { index, 1: line, 2: column } of text.matchAll(/:(\d+)(?::(\d+))?(?=[\s:]|$)/g)) {
    const file = text.slice(0, index);
    if (isPath(file, files)) return { file, line: Number(line), column: column === undefined ? undefined : Number(column) };
  }
  return undefined;
}

/** Neither an address with a port nor a sentence with a time in it. */
function isPath(file: string, files: Pick<MessageFiles, 'isThere'>): boolean {
  if (!/[./\\]/.test(file) || /:\/\/|[\r\n]|^\s/.test(file)) return false;
  return !/\s/.test(file) || files.isThere(file);
}

/** One workflow command of GitHub Actions that becomes an annotation. */
export function annotation(
  kind: 'error' | 'warning',
  message: string,
  {
    place,
    title,
    files,
  }: { readonly place?: Place | undefined; readonly title?: string | undefined; readonly files: Pick<MessageFiles, 'spell'> },
): string {
  const properties = {
    ...(place === undefined ? {} : { file: files.spell(place.file), line: String(place.line) }),
    ...(place?.column === undefined ? {} : { col: String(place.column) }),
    ...(title === undefined ? {} : { title }),
  };
  const words = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  return `::${kind}${words.length === 0 ? '' : ` ${words.join(',')}`}::${escapeCommand(message)}`;
}

/** Workflow commands end at a line break and use % to escape (GitHub's toolkit documents both). */
export function escapeCommand(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** In properties colons and commas have a meaning as well. */
function escapeProperty(text: string): string {
  return escapeCommand(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
