import type { Artifact, ArtifactUse, LocationForm, LoopRounds } from '../artifacts/types.ts';
import { UserError, type ErrorCode, type ErrorDetails } from '../errors.ts';
import type { PathLookup } from './paths.ts';
import type { ResourceEntry, Round } from './read.ts';
import type { JsonValue, Path, Template } from './types.ts';
import { member, pathText, valueAt } from './value.ts';

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
    else if (use.loop === undefined || !addRounds(known.uses, use, use.loop)) known.uses.push(use);
  }

  list(): Artifact[] {
    return [...this.#byKey.values()].map(({ artifact, uses }) => ({ ...artifact, uses }));
  }
}

/** What several rounds of a loop use in the same place is one use. */
function addRounds(uses: ArtifactUse[], use: ArtifactUse, loop: LoopRounds): boolean {
  const path = pathText(use.path);
  const index = uses.findIndex((other) => other.loop !== undefined && pathText(other.path) === path);
  const before = uses[index];
  if (before?.loop === undefined) return false;
  uses[index] = { ...before, loop: { ...loop, rounds: [...before.loop.rounds, ...loop.rounds] } };
  return true;
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
  /** Names of the loop variables that are not replaced by their values. */
  readonly loopVariables: readonly string[];
  readonly round?: Round | undefined;
}

/** The reference of a resource's property; the text may stand elsewhere. */
export function referenceOf(template: Template, resource: ResourceEntry, path: Path, textPath: Path = path): Reference {
  const { logicalId, type, loops, round } = resource;
  const loopVariables = round === undefined ? loops.map((loop) => loop.variable) : [];
  return { template, logicalId, resourceType: type, path, textPath, loopVariables, round };
}

export function useOf(reference: Reference, form: LocationForm): ArtifactUse {
  const { template, logicalId, resourceType, path, textPath, round } = reference;
  const present = valueAt(template.value, textPath) !== undefined;
  return {
    logicalId,
    resourceType,
    path,
    form,
    ...(present ? { line: template.positionOf(textPath).line } : {}),
    ...(round === undefined ? {} : { loop: { variables: round.variables, rounds: [round.values] } }),
  };
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

/** Text with a loop variable in it names another path in every round; without the values of the variable none of them is known. */
export function refuseLoopVariable(reference: Reference, text: string): void {
  const variable = reference.loopVariables.find((name) => text.includes(`\${${name}}`) || text.includes(`&{${name}}`));
  if (variable === undefined) return;
  throw referenceError(
    'TEMPLATE_INVALID',
    reference,
    `depends on the loop variable ${variable}, whose values are not known before the deployment: ${JSON.stringify(text)}`,
    {
      hint: 'Write the values of the loop down as a list in the template, or as the default of a parameter, or use one path for all of them',
    },
  );
}

/** A template, and what is known of its parameters. */
export interface KnownTemplate {
  readonly template: Template;
  /** The values of parameters; defaults of the template count where it has none. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What every search for artefacts carries along. */
export interface Search extends KnownTemplate {
  readonly lookup: PathLookup;
  readonly found: ArtifactCollection;
}

/** A text, or the value of the parameter that a `Ref` names, where it is known. */
export function knownText(search: KnownTemplate, value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  const name = member(value, 'Ref');
  if (typeof name !== 'string') return undefined;
  if (Object.hasOwn(search.parameters, name)) return search.parameters[name];
  const fallback = valueAt(search.template.value, ['Parameters', name, 'Default']);
  return typeof fallback === 'string' ? fallback : undefined;
}
