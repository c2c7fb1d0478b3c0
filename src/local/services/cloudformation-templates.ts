/** CloudFormation operations on templates. */
import { checkAllReferences, checkStructure } from '../engine/bound-template.ts';
import { neededCapabilities } from '../engine/capabilities.ts';
import type { Engine } from '../engine/engine.ts';
import { checkDeclarations } from '../engine/parameters.ts';
import { parseTemplate } from '../engine/parse-template.ts';
import { transformNames } from '../engine/prepare.ts';
import { asDict, asList, type Dict, isTrue, scalarText } from '../engine/values.ts';
import { paramText, type QueryOperation, type QueryParams } from '../protocol/query-xml.ts';
import { findChangeSet } from './cloudformation-change-sets.ts';
import { doesNotExist, type OperationContext, readTemplate, requireStack } from './cloudformation-input.ts';

export function templateOperations({ engine }: OperationContext): Readonly<Record<string, QueryOperation>> {
  return {
    GetTemplate: (params, { region }) => getTemplate(engine, params, region),
    GetTemplateSummary: (params, { region }) => getTemplateSummary(engine, params, region),
    ValidateTemplate: (params) => validateTemplate(engine, params),
  };
}

function getTemplate(engine: Engine, params: QueryParams, region: string): object {
  const changeSetName = paramText(params, 'ChangeSetName');
  const content =
    changeSetName === undefined
      ? requireStack(engine, params, region, doesNotExist)
      : findChangeSet(engine, params, region).changeSet.content;
  const processed = paramText(params, 'TemplateStage') === 'Processed';
  return {
    TemplateBody: processed ? JSON.stringify(content.processed) : content.templateBody,
    StagesAvailable: ['Original', 'Processed'],
  };
}

function checkedTemplate(text: string): Dict {
  const document = parseTemplate(text);
  checkDeclarations(document);
  // What the serverless transform replaces is known only to it.
  if (transformNames(document).length > 0) return document;
  checkStructure(document);
  checkAllReferences(document);
  return document;
}

function capabilitiesOf(document: Dict): {
  Capabilities: readonly string[];
  CapabilitiesReason: string | undefined;
  DeclaredTransforms: readonly string[];
} {
  const { capabilities, reason } = neededCapabilities(document);
  const transforms = transformNames(document);
  const macros = transforms.some((name) => name !== 'AWS::LanguageExtensions');
  return {
    Capabilities: [...capabilities, ...(macros ? ['CAPABILITY_AUTO_EXPAND'] : [])],
    CapabilitiesReason: reason ?? (macros ? `The following macro(s) require capabilities: [${transforms.join(', ')}]` : undefined),
    DeclaredTransforms: transforms,
  };
}

function declarations(document: Dict): readonly { key: string; definition: Dict }[] {
  return Object.entries(asDict(document['Parameters'])).map(([key, definition]) => ({ key, definition: asDict(definition) }));
}

function defaultOf(definition: Dict): string | undefined {
  const value = definition['Default'];
  return Array.isArray(value) ? value.join(',') : scalarText(value);
}

function validateTemplate(engine: Engine, params: QueryParams): object {
  const document = checkedTemplate(readTemplate(engine, params, undefined));
  return {
    Parameters: declarations(document).map(({ key, definition }) => ({
      ParameterKey: key,
      DefaultValue: defaultOf(definition),
      NoEcho: isTrue(definition['NoEcho']),
      Description: scalarText(definition['Description']),
    })),
    Description: scalarText(document['Description']),
    ...capabilitiesOf(document),
  };
}

function getTemplateSummary(engine: Engine, params: QueryParams, region: string): object {
  const byStack = paramText(params, 'StackName') !== undefined;
  const text = byStack ? requireStack(engine, params, region, doesNotExist).templateBody : readTemplate(engine, params, undefined);
  const document = checkedTemplate(text);
  const types = Object.values(asDict(document['Resources'])).map((resource) => scalarText(asDict(resource)['Type']) ?? '');
  return {
    Parameters: declarations(document).map(({ key, definition }) => ({
      ParameterKey: key,
      DefaultValue: defaultOf(definition),
      ParameterType: scalarText(definition['Type']),
      NoEcho: isTrue(definition['NoEcho']),
      Description: scalarText(definition['Description']),
      ParameterConstraints: { AllowedValues: asList(definition['AllowedValues']).map(String) },
    })),
    Description: scalarText(document['Description']),
    ...capabilitiesOf(document),
    ResourceTypes: [...new Set(types)],
    Version: scalarText(document['AWSTemplateFormatVersion']),
    Metadata: document['Metadata'] === undefined ? undefined : JSON.stringify(document['Metadata']),
  };
}
