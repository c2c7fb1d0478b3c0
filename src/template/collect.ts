import type { Artifact, ArtifactUse, LocationForm } from '../artifacts/types.ts';
import { UserError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import type { PathLookup } from './paths.ts';
import type { ResourceEntry } from './read.ts';
import { pathText } from './rewrite.ts';
import type { JsonValue, Path, Template } from './types.ts';
import { member, valueAt } from './value.ts';

/** An artefact before it is known who else uses it. */
type WithoutUses<T> = T extends Artifact ? Omit<T, 'uses'> : never;
export type NewArtifact = WithoutUses<Artifact>;

/** Collects artefacts: the same inputs give one artefact with several uses. */
export class ArtifactCollection {
  readonly warnings: string[] = [];
  readonly #byKey = new Map<string, { readonly artifact: NewArtifact; readonly uses: ArtifactUse[] }>();

  /** `key` holds every input that the result depends on. */
  add(key: readonly unknown[], artifact: NewArtifact, use: ArtifactUse): void {
    const text = JSON.stringify([artifact.kind, ...key]);
    const known = this.#byKey.get(text);
    if (known === undefined) this.#byKey.set(text, { artifact, uses: [use] });
    else known.uses.push(use);
  }

  list(): Artifact[] {
    return [...this.#byKey.values()].map(({ artifact, uses }) => ({ ...artifact, uses }));
  }
}

/** One place in the template that is being looked at. */
export interface Reference {
  readonly template: Template;
  readonly logicalId: string;
  readonly resourceType: string;
  /** The place that is rewritten. */
  readonly path: Path;
  /** The place that the text stands in, for messages: may be deeper, or in Globals or Metadata. */
  readonly textPath: Path;
  readonly loopVariables: readonly string[];
}

/** The reference of a resource's property; the text may stand elsewhere. */
export function referenceOf(template: Template, resource: ResourceEntry, path: Path, textPath: Path = path): Reference {
  const { logicalId, type, loopVariables } = resource;
  return { template, logicalId, resourceType: type, path, textPath, loopVariables };
}

export function useOf(reference: Reference, form: LocationForm): ArtifactUse {
  const { template, logicalId, resourceType, path, textPath } = reference;
  const present = valueAt(template.value, textPath) !== undefined;
  return { logicalId, resourceType, path, form, ...(present ? { line: template.positionOf(textPath).line } : {}) };
}

/** An error about one place: `serverless.template:12: Fn.Properties.CodeUri …`. */
export function referenceError(code: ErrorCode, reference: Reference, reason: string, details: ErrorDetails = {}): UserError {
  const { template, logicalId, textPath } = reference;
  const { line } = template.positionOf(textPath);
  const property = pathText(textPath.slice(textPath[0] === 'Resources' ? textPath.indexOf(logicalId) + 1 : 0));
  const said = `${logicalId}: ${property === '' ? '' : `${property} `}${reason}`;
  const error = new UserError(code, `${template.path}:${line}: ${said}`, details);
  places.set(error, { template, path: textPath, said });
  return error;
}

/** Where an error of `referenceError` comes from, and what it says without the place. */
export interface ProblemPlace {
  readonly template: Template;
  readonly path: Path;
  readonly said: string;
}

const places = new WeakMap<UserError, ProblemPlace>();

/** For whoever lists problems instead of stopping at the first. */
export function placeOfProblem(error: UserError): ProblemPlace | undefined {
  return places.get(error);
}

/** The error for a path that leads nowhere. */
export function missingPath(reference: Reference, text: string, path: string, what = 'which does not exist'): UserError {
  return referenceError('TEMPLATE_PATH_NOT_FOUND', reference, `refers to ${JSON.stringify(text)}, ${what}`, {
    hint: `Looked for ${path}; paths are relative to the directory of the template`,
  });
}

/** Text with a loop variable in it names another path in every round; that is not one artefact. */
export function refuseLoopVariable(reference: Reference, text: string): void {
  const variable = reference.loopVariables.find((name) => text.includes(`\${${name}}`) || text.includes(`&{${name}}`));
  if (variable === undefined) return;
  throw referenceError('TEMPLATE_INVALID', reference, `depends on the loop variable ${variable}: ${JSON.stringify(text)}`, {
    hint: 'Use one directory for all rounds of the loop, or write the resources out',
  });
}

/** What every search for artefacts carries along. */
export interface Search {
  readonly template: Template;
  readonly lookup: PathLookup;
  readonly found: ArtifactCollection;
  /** The values of parameters; defaults of the template count where it has none. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A text, or the value of the parameter that a `Ref` names, where it is known. */
export function knownText(search: Search, value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  const name = member(value, 'Ref');
  if (typeof name !== 'string') return undefined;
  if (Object.hasOwn(search.parameters, name)) return search.parameters[name];
  const fallback = valueAt(search.template.value, ['Parameters', name, 'Default']);
  return typeof fallback === 'string' ? fallback : undefined;
}
