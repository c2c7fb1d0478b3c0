import { circularReferences, conditionalCircles } from './check-cycles.ts';
import {
  endingRuntimes,
  functionsWithoutHandler,
  functionsWithoutRuntime,
  halfUrlPermissions,
  imageFunctionsWithRuntime,
} from './check-functions.ts';
import { invalidNames, longDescriptions, namesUsedTwice, needsBucket, tooLarge, tooManyEntries } from './check-limits.ts';
import { parametersWithoutType, parameterValues } from './check-parameters.ts';
import { misplacedReferences, missingConditions, missingMappings, missingReferences, unknownPseudoParameters } from './check-references.ts';
import {
  missingTransforms,
  nullValues,
  outputsWithoutValue,
  resourcesWithoutType,
  sectionsOfWrongType,
  unknownResourceAttributes,
  unknownSections,
  wrongFormatVersion,
} from './check-structure.ts';
import type { Rule } from './types.ts';

/** Every rule about the template alone, a row each. Rules about the files beside it: check-files.ts. */
export const RULES: readonly Rule[] = [
  { id: 'format-version', severity: 'error', what: 'AWSTemplateFormatVersion is not 2010-09-09', check: wrongFormatVersion },
  { id: 'section-unknown', severity: 'error', what: 'A top-level key is no section of a template', check: unknownSections },
  { id: 'section-type', severity: 'error', what: 'A section, or an entry of one, is not a map', check: sectionsOfWrongType },
  { id: 'null-value', severity: 'warning', what: 'A key has no value', check: nullValues },
  {
    id: 'transform-missing',
    severity: 'error',
    what: 'Something needs a transform that the template does not name',
    check: missingTransforms,
  },
  { id: 'resource-type-missing', severity: 'error', what: 'A resource has no Type', check: resourcesWithoutType },
  {
    id: 'resource-attribute-unknown',
    severity: 'warning',
    what: 'A resource has a key beside Properties that CloudFormation does not know',
    check: unknownResourceAttributes,
  },
  { id: 'output-value-missing', severity: 'error', what: 'An output has no Value', check: outputsWithoutValue },
  { id: 'parameter-type-missing', severity: 'error', what: 'A parameter has no Type', check: parametersWithoutType },
  {
    id: 'parameter-value',
    severity: 'error',
    what: 'A default, or a value given for a parameter, is not one that its declaration allows',
    check: parameterValues,
  },
  { id: 'name-invalid', severity: 'error', what: 'A logical id is not made of letters and digits, or is too long', check: invalidNames },
  { id: 'name-twice', severity: 'error', what: 'A parameter and a resource have the same name', check: namesUsedTwice },
  { id: 'description-invalid', severity: 'error', what: 'A Description is longer than 1,024 bytes or no text', check: longDescriptions },
  {
    id: 'too-many-entries',
    severity: 'error',
    what: 'More than 500 resources, or 200 parameters, outputs or mappings',
    check: tooManyEntries,
  },
  { id: 'template-too-large', severity: 'error', what: 'The template is larger than 1 MB', underMacros: true, check: tooLarge },
  {
    id: 'template-needs-bucket',
    severity: 'warning',
    what: 'The template is larger than 51,200 bytes, and no bucket is named',
    underMacros: true,
    check: needsBucket,
  },
  {
    id: 'reference-missing',
    severity: 'error',
    what: 'A reference to a resource or parameter that is not there',
    check: missingReferences,
  },
  { id: 'reference-misplaced', severity: 'error', what: 'A condition or rule looks at a resource', check: misplacedReferences },
  { id: 'pseudo-parameter-unknown', severity: 'warning', what: 'An AWS::… name that is not known', check: unknownPseudoParameters },
  { id: 'condition-missing', severity: 'error', what: 'A condition that is not there', check: missingConditions },
  { id: 'mapping-missing', severity: 'error', what: 'A mapping, or a key of one, that is not there', check: missingMappings },
  { id: 'circular-reference', severity: 'error', what: 'Resources that wait for each other', check: circularReferences },
  {
    id: 'circular-reference-conditional',
    severity: 'warning',
    what: 'Resources that wait for each other where certain branches of Fn::If are taken',
    check: conditionalCircles,
  },
  { id: 'runtime-missing', severity: 'error', what: 'A zip function has no Runtime', check: functionsWithoutRuntime },
  { id: 'handler-missing', severity: 'error', what: 'A zip function has no Handler', check: functionsWithoutHandler },
  {
    id: 'image-function-property',
    severity: 'error',
    what: 'An image function has a Runtime, Handler or Layers',
    check: imageFunctionsWithRuntime,
  },
  {
    id: 'runtime-ending',
    severity: 'warning',
    what: 'A runtime is deprecated, or will be within 90 days',
    underMacros: true,
    check: endingRuntimes,
  },
  {
    id: 'url-permission-incomplete',
    severity: 'warning',
    what: 'A permission for a function URL without its second action',
    check: halfUrlPermissions,
  },
];
