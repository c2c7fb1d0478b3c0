/** What CloudFormation refuses about a template's form before it looks at what the template means. */
import { validationError } from './parse-template.ts';
import { asDict, type Dict, isDict, scalarText } from './values.ts';

const VERSION = '2010-09-09';
/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html, and what the serverless transform takes. */
const SECTIONS = new Set([
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Rules',
  'Mappings',
  'Conditions',
  'Transform',
  'Hooks',
  'Resources',
  'Outputs',
  'Globals',
  'Fn::Transform',
]);
/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-product-attribute-reference.html */
const ATTRIBUTES = new Set([
  'Type',
  'Properties',
  'Condition',
  'CreationPolicy',
  'DeletionPolicy',
  'DependsOn',
  'Description',
  'Metadata',
  'UpdatePolicy',
  'UpdateReplacePolicy',
  'Version',
  'Fn::Transform',
]);
/** Those of macros and of AWS::LanguageExtensions among them: they are gone or allowed when this is asked. */
const FUNCTIONS =
  'Base64 GetAtt GetAZs ImportValue Join Split FindInMap Select Equals If Not And Or Contains EachMemberEquals EachMemberIn ValueOf ValueOfAll RefAll Sub Cidr Length ToJsonString Transform'
    .split(' ')
    .map((name) => `Fn::${name}`);

/** Throws ServiceError `ValidationError` in CloudFormation's words. */
export function checkFormat(document: Dict): void {
  const version = scalarText(document['AWSTemplateFormatVersion']);
  if (version !== undefined && version !== VERSION)
    throw validationError(`Template format error: ${version} is not a supported value for AWSTemplateFormatVersion.`);
  const unknown = Object.keys(document).filter((name) => !SECTIONS.has(name));
  if (unknown.length > 0) throw validationError(`Invalid template property or properties [${unknown.join(', ')}]`);
  for (const [logicalId, resource] of Object.entries(asDict(document['Resources']))) {
    if (!isDict(resource)) {
      if (logicalId.startsWith('Fn::')) continue;
      throw validationError('Template format error: Any Resources member must be an object.');
    }
    const attribute = Object.keys(resource).find((name) => !ATTRIBUTES.has(name));
    if (attribute !== undefined) throw validationError(`Invalid template resource property '${attribute}'`);
    checkFunctions(resource['Properties']);
  }
}

function checkFunctions(value: unknown): void {
  if (Array.isArray(value)) return value.forEach(checkFunctions);
  if (!isDict(value)) return;
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith('Fn::') && !name.startsWith('Fn::ForEach') && !FUNCTIONS.includes(name))
      throw validationError(`Template error: Encountered unsupported function: ${name} Supported functions are: [${FUNCTIONS.join(', ')}]`);
    checkFunctions(member);
  }
}
