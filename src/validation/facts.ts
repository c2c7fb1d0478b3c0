import { ArtifactCollection, type Search } from '../template/collect.ts';
import { PathLookup } from '../template/paths.ts';
import { resourcesOf, transformsOf, type ResourceEntry } from '../template/read.ts';
import type { Template } from '../template/types.ts';
import { isMap, member, textMember } from '../template/value.ts';
import { entriesOf, NameSet, type Entry } from './names.ts';
import { findReferences, type Reference } from './references.ts';

/** What the world outside the template says. */
export interface FactsOptions {
  /** Values of parameters, where they are known already. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Whether a bucket for a large template is known. */
  readonly hasBucket?: boolean | undefined;
  /** Milliseconds since 1970; runtimes end on dates. */
  readonly now: number;
}

/** Everything the rules look at, gathered once. */
export interface TemplateFacts {
  readonly template: Template;
  readonly options: FactsOptions;
  readonly serverless: boolean;
  readonly languageExtensions: boolean;
  /** A macro that is not one of AWS's may make anything of the template. */
  readonly macros: boolean;
  readonly parameters: readonly Entry[];
  readonly resources: readonly Entry[];
  readonly outputs: readonly Entry[];
  readonly parameterNames: NameSet;
  readonly resourceNames: NameSet;
  readonly conditionNames: NameSet;
  readonly mappingNames: NameSet;
  /** Resources that a transform makes further resources of; their names begin with theirs. */
  readonly generators: readonly string[];
  readonly references: readonly Reference[];
  /** The resources with a Type. */
  readonly typed: readonly ResourceEntry[];
  /** For the functions of the template module that read properties. */
  readonly search: Search;
}

const SERVERLESS = 'AWS::Serverless-2016-10-31';
const EXTENSIONS = 'AWS::LanguageExtensions';
/** Transforms of AWS that only add resources or hooks beside what is written. */
const HARMLESS = /^AWS::(?:CodeDeployBlueGreen|SecretsManager-\d{4}-\d{2}-\d{2})$/;

export function factsOf(template: Template, options: FactsOptions): TemplateFacts {
  const { value } = template;
  const transforms = transformsOf(template);
  const inSection = (section: string): Entry[] => entriesOf(member(value, section), [section]);
  const namesIn = (section: string, entries = inSection(section)): NameSet =>
    new NameSet(entries, member(member(value, section), 'Fn::Transform') !== undefined);
  const [parameters, resources, outputs] = [inSection('Parameters'), inSection('Resources'), inSection('Outputs')];
  const serverless = transforms.includes(SERVERLESS);
  return {
    template,
    options,
    serverless,
    languageExtensions: transforms.includes(EXTENSIONS),
    macros: hasUnknownTransform(template, transforms),
    parameters,
    resources,
    outputs,
    parameterNames: namesIn('Parameters', parameters),
    resourceNames: namesIn('Resources', resources),
    conditionNames: namesIn('Conditions'),
    mappingNames: namesIn('Mappings'),
    generators: resources.filter(({ body }) => generates(body, serverless)).map(({ name }) => name),
    references: findReferences(template, resources, outputs),
    typed: resourcesOf(template),
    search: { template, lookup: new PathLookup('.'), found: new ArtifactCollection(), parameters: options.parameters ?? {} },
  };
}

/** A `Transform` that is not a text is as unknown as one with a strange name. */
function hasUnknownTransform(template: Template, names: readonly string[]): boolean {
  if (member(template.value, 'Fn::Transform') !== undefined) return true;
  const transform = member(template.value, 'Transform');
  const count = Array.isArray(transform) ? transform.length : transform === undefined ? 0 : 1;
  return names.length !== count || names.some((name) => name !== SERVERLESS && name !== EXTENSIONS && !HARMLESS.test(name));
}

/** Serverless resources, modules, and sources of connectors stand for several resources. */
function generates(body: Entry['body'], serverless: boolean): boolean {
  const type = textMember(body, 'Type') ?? '';
  if (type.endsWith('::MODULE')) return true;
  return serverless && (type.startsWith('AWS::Serverless::') || isMap(member(body, 'Connectors')));
}
