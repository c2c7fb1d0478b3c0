import { relative, resolve, sep } from 'node:path';

/** Where something is in a file. */
export interface Place {
  /** As messages spell it: relative to where the user is. */
  readonly file: string;
  readonly line: number;
  readonly column: number | undefined;
}

/** How a path has to be written so that GitHub finds the file. */
export type ToFile = (file: string) => string;

/** `serverless.template:12:5 …` as a place. */
export function parsePlace(text: string): Place | undefined {
  const [, file, line, column] = /^(\S.*?):(\d+)(?::(\d+))?(?=[\s:]|$)/.exec(text) ?? [];
  // Neither an address with a port nor a sentence with a time in it.
  if (file === undefined || line === undefined || /:\/\/|\s/.test(file) || !/[./\\]/.test(file)) return undefined;
  return { file, line: Number(line), column: column === undefined ? undefined : Number(column) };
}

/** Paths in annotations count from the checkout. */
export function fromWorkspace(cwd: string, workspace: string | undefined): ToFile {
  return (file) => {
    const inside = workspace === undefined || workspace === '' ? '' : relative(workspace, resolve(cwd, file));
    return inside === '' || inside.startsWith('..') ? file : inside.split(sep).join('/');
  };
}

/** One workflow command of GitHub Actions that becomes an annotation. */
export function annotation(
  kind: 'error' | 'warning',
  message: string,
  { place, title, toFile }: { readonly place?: Place | undefined; readonly title?: string | undefined; readonly toFile: ToFile },
): string {
  const properties = {
    ...(place === undefined ? {} : { file: toFile(place.file), line: String(place.line) }),
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
