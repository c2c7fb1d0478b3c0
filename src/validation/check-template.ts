import type { Template } from '../template/types.ts';
import { factsOf } from './facts.ts';
import { RULES } from './rules.ts';
import type { Finding } from './types.ts';

export type { Finding } from './types.ts';

export interface CheckOptions {
  /** Absolute path of the template's directory; without it no file is looked at. */
  readonly templateDirectory?: string | undefined;
  /** Values of parameters that are known already; defaults of the template count for the others. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Absolute path of the zip given with `--package`. */
  readonly packageOverride?: string | undefined;
  /** Whether a bucket for a large template is known. */
  readonly hasBucket?: boolean | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Everything that can be said of a template without AWS, in the order of the text; nested templates come after it. Nothing that AWS might
 * accept is an error. Throws what reading a file throws, and nothing for whatever a template holds.
 */
export async function checkTemplate(template: Template, options: CheckOptions): Promise<Finding[]> {
  const { templateDirectory } = options;
  if (templateDirectory === undefined) return inOrder(checkText(template, options), template);
  const { checkFiles } = await import('./check-files.ts');
  const files = await checkFiles(template, { ...options, templateDirectory });
  // A nested template has parameters of its own, and always goes through the bucket.
  const inner = files.nested.flatMap((nested) => checkText(nested, { now: options.now, hasBucket: true }));
  return inOrder([...checkText(template, options), ...files.findings, ...inner], template);
}

/** The rules about the text alone. */
function checkText(template: Template, options: CheckOptions): Finding[] {
  const facts = factsOf(template, options);
  return RULES.flatMap(({ id, severity, underMacros, check }) => {
    if (facts.macros && underMacros !== true) return [];
    return Array.from(check(facts), ({ at, message }): Finding => ({
      rule: id,
      severity,
      message,
      path: template.path,
      ...template.positionOf(at),
    }));
  });
}

/** The template's own findings first, each file by lines; what several functions inherit from one place is said once. */
function inOrder(findings: readonly Finding[], template: Template): Finding[] {
  const once = new Map(findings.map((finding) => [JSON.stringify(finding), finding]));
  const file = ({ path }: Finding): string => (path === template.path ? '' : path);
  return [...once.values()].toSorted(
    (a, b) => (file(a) < file(b) ? -1 : file(a) > file(b) ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
