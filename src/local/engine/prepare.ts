/** From the text of a template and what was given with it to the content of a stack. */
import { expandIncludes, type ReadText } from '../transform/include.ts';
import { expandLanguageExtensions } from '../transform/language-extensions.ts';
import { transformServerless } from '../transform/serverless.ts';
import { bindTemplate, type BoundTemplate, checkStructure } from './bound-template.ts';
import type { ResourceView, Scope } from './intrinsics.ts';
import { checkDeclarations, type GivenParameter, type ParameterRecord, resolveParameters } from './parameters.ts';
import { parseTemplate, validationError } from './parse-template.ts';
import { type EngineParts, scopeOf } from './parts.ts';
import type { StackIdentity } from './pseudo.ts';
import type { StackContent } from './records.ts';
import { asDict, compact, type Dict, scalarText } from './values.ts';

export interface ContentInput {
  readonly templateBody: string;
  readonly given: readonly GivenParameter[];
  readonly previous: readonly ParameterRecord[];
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly identity: StackIdentity;
}

export type PrepareParts = Pick<EngineParts, 'store'> & { readonly readText: ReadText };

const SERVERLESS = 'AWS::Serverless-2016-10-31';

/** Names in the template's Transform section. */
export function transformNames(document: Dict): readonly string[] {
  return transformsOf(document).map(({ name }) => name);
}

function transformsOf(document: Dict): readonly { name: string; parameters: Dict }[] {
  const section = document['Transform'];
  const items = Array.isArray(section) ? section : section === undefined || section === null ? [] : [section];
  return items.map((item) => ({
    name: scalarText(item) ?? scalarText(asDict(item)['Name']) ?? '',
    parameters: asDict(asDict(item)['Parameters']),
  }));
}

/** Parses, fills in parameters, runs the transforms, checks. Throws ServiceError `ValidationError`. */
export function prepareContent(parts: PrepareParts, input: ContentInput): StackContent {
  const document = parseTemplate(input.templateBody);
  checkDeclarations(document);
  const parameters = resolveParameters(document, input.given, input.previous);
  const content: StackContent = {
    templateBody: input.templateBody,
    processed: document,
    parameters,
    tags: input.tags,
    outputs: [],
    capabilities: input.capabilities,
    notificationArns: input.identity.notificationArns,
    warnings: {},
  };
  checkServerlessTypes(document);
  const { processed, warnings } = runTransforms(parts, content, input.identity);
  const done = compact({ ...content, processed, warnings, description: scalarText(document['Description']) }) as StackContent;
  bindContent(parts, done, input.identity);
  return done;
}

/** Serverless types mean something only to their transform. */
function checkServerlessTypes(document: Dict): void {
  if (transformNames(document).includes(SERVERLESS)) return;
  const types = Object.values(asDict(document['Resources'])).map((resource) => scalarText(asDict(resource)['Type']) ?? '');
  const unknown = types.filter((type) => type.startsWith('AWS::Serverless::'));
  if (unknown.length > 0)
    throw validationError(`Template format error: Unrecognized resource types: [${[...new Set(unknown)].join(', ')}]`);
}

function runTransforms(
  parts: PrepareParts,
  content: StackContent,
  identity: StackIdentity,
): { processed: Dict; warnings: Record<string, string[]> } {
  const scope = (processed: Dict): Scope => scopeOf(parts, { ...content, processed }, identity, () => undefined);
  let processed = expandIncludes(content.processed, scope(content.processed), parts.readText);
  const warnings: Record<string, string[]> = {};
  for (const { name, parameters } of transformsOf(content.processed)) {
    if (name === 'AWS::LanguageExtensions') processed = expandLanguageExtensions(processed, scope(processed));
    else if (name === 'AWS::Include')
      processed = expandIncludes(
        { ...processed, 'Fn::Transform': { Name: name, Parameters: parameters } },
        scope(processed),
        parts.readText,
      );
    else if (name === SERVERLESS) {
      const result = transformServerless(processed, scope(processed));
      processed = result.document;
      Object.assign(warnings, result.warnings);
    } else if (name.startsWith('AWS::')) (warnings[''] ??= []).push(`Ignored by the local target: the transform ${name}`);
    else throw validationError(`No transform named ${name} found.`);
  }
  const { Transform: _done, ...rest } = processed;
  return { processed: rest, warnings };
}

/** The content with its conditions decided; `resource` answers references. Throws ServiceError `ValidationError`. */
export function bindContent(
  parts: Pick<EngineParts, 'store'>,
  content: StackContent,
  identity: StackIdentity,
  resource: (logicalId: string) => ResourceView | undefined = () => undefined,
): { readonly bound: BoundTemplate; readonly scope: Scope } {
  checkStructure(content.processed);
  const scope = scopeOf(parts, content, identity, resource);
  return { bound: bindTemplate(content.processed, scope), scope };
}
