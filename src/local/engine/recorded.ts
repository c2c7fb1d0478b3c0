/**
 * Resource types that the local target does not run: they are kept in the stack with an identity that looks right, so that
 * any template deploys and the references to them resolve.
 */
import { createHash, randomUUID } from 'node:crypto';
import { LOCAL_ACCOUNT_ID, type ResourceContext, type ResourceOutcome, type ResourceProvider } from '../types.ts';
import { physicalName } from './names.ts';
import { partitionOf, urlSuffixOf } from './pseudo.ts';
import { type Dict, scalarText } from './values.ts';

/** The text that begins the reason of the COMPLETE events of such resources; clients may look for it. */
export function recordedReason(type: string): string {
  return `Recorded only: the local target does not run ${type}`;
}

interface Identity {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
}

type RefForm = (identity: Identity, logicalId: string) => string;

const arnForm: RefForm = ({ arn }) => arn;
const idForm =
  (prefix: string): RefForm =>
  ({ name }) =>
    `${prefix}-0${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
const uuidForm: RefForm = () => randomUUID();

/** What Ref answers where it is not the name. */
const REF_FORMS: Readonly<Record<string, RefForm>> = {
  'AWS::ApiGateway::ApiKey': ({ name }) => shortId(name),
  'AWS::ApiGateway::UsagePlan': ({ name }) => shortId(name).slice(0, 6),
  'AWS::AppSync::GraphQLApi': arnForm,
  'AWS::CertificateManager::Certificate': arnForm,
  'AWS::CloudFormation::WaitCondition': arnForm,
  'AWS::CloudFormation::WaitConditionHandle': ({ name, region }) =>
    `https://cloudformation-waitcondition-${region}.s3.${region}.amazonaws.com/${encodeURIComponent(name)}`,
  'AWS::CloudFront::Distribution': ({ name }) => `E${shortId(name).toUpperCase()}`,
  'AWS::Cognito::UserPool': ({ name, region }) => `${region}_${shortId(name).slice(0, 9)}`,
  'AWS::Cognito::UserPoolClient': ({ name }) => shortId(name).padEnd(26, '0'),
  'AWS::ECS::Service': arnForm,
  'AWS::ECS::TaskDefinition': ({ arn }) => `${arn}:1`,
  'AWS::EC2::Instance': idForm('i'),
  'AWS::EC2::InternetGateway': idForm('igw'),
  'AWS::EC2::NatGateway': idForm('nat'),
  'AWS::EC2::RouteTable': idForm('rtb'),
  'AWS::EC2::SecurityGroup': idForm('sg'),
  'AWS::EC2::Subnet': idForm('subnet'),
  'AWS::EC2::VPC': idForm('vpc'),
  'AWS::EC2::VPCEndpoint': idForm('vpce'),
  'AWS::EFS::AccessPoint': idForm('fsap'),
  'AWS::EFS::FileSystem': idForm('fs'),
  'AWS::ElasticLoadBalancingV2::Listener': arnForm,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': arnForm,
  'AWS::ElasticLoadBalancingV2::TargetGroup': arnForm,
  'AWS::IAM::ManagedPolicy': arnForm,
  'AWS::KMS::Key': uuidForm,
  'AWS::Lambda::EventSourceMapping': uuidForm,
  'AWS::Lambda::LayerVersion': ({ arn }) => `${arn}:1`,
  'AWS::SecretsManager::Secret': ({ arn, name }) => `${arn}-${shortId(name).slice(0, 6)}`,
  'AWS::SNS::Subscription': ({ arn }) => `${arn}:${randomUUID()}`,
  'AWS::SNS::Topic': arnForm,
  'AWS::SQS::Queue': ({ name, region }) => `https://sqs.${region}.${urlSuffixOf(region)}/${LOCAL_ACCOUNT_ID}/${name}`,
  'AWS::StepFunctions::Activity': arnForm,
  'AWS::StepFunctions::StateMachine': arnForm,
};

/** The resource part of an ARN where it is not `<type in lower case>/<name>`. */
const ARN_RESOURCES: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'table/',
  'AWS::IAM::ManagedPolicy': 'policy/',
  'AWS::Lambda::Function': 'function:',
  'AWS::Lambda::LayerVersion': 'layer:',
  'AWS::Logs::LogGroup': 'log-group:',
  'AWS::S3::Bucket': '',
  'AWS::SecretsManager::Secret': 'secret:',
  'AWS::SNS::Subscription': '',
  'AWS::SNS::Topic': '',
  'AWS::SQS::Queue': '',
  'AWS::StepFunctions::StateMachine': 'stateMachine:',
};

/** Service names in ARNs that differ from the one in the type. */
const ARN_SERVICES: Readonly<Record<string, string>> = {
  CertificateManager: 'acm',
  Cognito: 'cognito-idp',
  EFS: 'elasticfilesystem',
  ElasticLoadBalancingV2: 'elasticloadbalancing',
  StepFunctions: 'states',
};

/** Properties that hold a resource's own name, most specific first after `<Type>Name`. */
function givenName(type: string, properties: Dict): string | undefined {
  const short = type.split('::').at(-1) ?? '';
  return scalarText(properties[`${short}Name`]) ?? scalarText(properties['Name']);
}

/** The properties that name recorded resources whose names are taken once and for all in an account and region. */
export const RECORDED_NAMES: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Events::EventBus': 'Name',
  'AWS::Kinesis::Stream': 'Name',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::SSM::Parameter': 'Name',
};

function shortId(name: string): string {
  return BigInt(`0x${createHash('sha256').update(name).digest('hex').slice(0, 16)}`)
    .toString(36)
    .padStart(12, '0')
    .slice(0, 10);
}

function arnOf(type: string, name: string, region: string): string {
  const [vendor = 'AWS', service = '', resource = ''] = type.split('::');
  const global = ['IAM', 'S3', 'CloudFront', 'Route53'].includes(service);
  const account = service === 'S3' ? '' : LOCAL_ACCOUNT_ID;
  const serviceName = vendor === 'Custom' ? 'cloudformation' : (ARN_SERVICES[service] ?? service.toLowerCase());
  const path = ARN_RESOURCES[type] ?? `${(resource || service).toLowerCase()}/`;
  return `arn:${partitionOf(region)}:${serviceName}:${global ? '' : region}:${account}:${path}${name}`;
}

/** The identity that a resource of a recorded type gets. */
export function recordedOutcome(type: string, properties: Dict, context: ResourceContext): ResourceOutcome {
  const generated = physicalName(context.stackName, context.logicalId, type === 'AWS::S3::Bucket' ? 'lower' : 'mixed');
  const name = givenName(type, properties) ?? generated;
  const arn = arnOf(type, name, context.region);
  const form = REF_FORMS[type];
  const physicalId = form === undefined ? name : form({ name, arn, region: context.region }, context.logicalId);
  const withSuffix = physicalId.startsWith('arn:') ? physicalId : arn;
  return { physicalId, attributes: { Arn: withSuffix, Name: name } };
}

/** A plausible answer to any Fn::GetAtt of a recorded resource. */
export function recordedAttribute(
  type: string,
  physicalId: string,
  attributes: Dict,
  properties: Dict,
  attribute: string,
  region: string,
): unknown {
  if (Object.hasOwn(attributes, attribute)) return attributes[attribute];
  const own = scalarText(properties[attribute]);
  if (own !== undefined) return own;
  const arn = scalarText(attributes['Arn']) ?? arnOf(type, physicalId, region);
  const name = scalarText(attributes['Name']) ?? physicalId;
  const last = attribute.split('.').at(-1) ?? attribute;
  const host = `${name.toLowerCase()}.${(type.split('::')[1] ?? 'custom').toLowerCase()}.${region}.${urlSuffixOf(region)}`;
  const guess = GUESSES.find(([pattern]) => pattern.test(last));
  return guess === undefined ? `${physicalId}-${attribute}` : guess[1]({ arn, name, physicalId, host });
}

type Guess = (known: { readonly arn: string; readonly name: string; readonly physicalId: string; readonly host: string }) => unknown;

/** By how the attribute's name ends; the first that fits. */
const GUESSES: readonly (readonly [RegExp, Guess])[] = [
  [/(?:Arns|^Ipv6CidrBlocks|^CidrBlockAssociations|^NetworkInterfaceIds|^DnsEntries|^NameServers)$/, ({ arn }) => [arn]],
  [/^StreamArn$/, ({ arn }) => `${arn}/stream/2024-01-01T00:00:00.000`],
  [/Arn$/, ({ arn }) => arn],
  [/(?:Url|URL|Uri|URI)$/, ({ host }) => `https://${host}`],
  [/(?:Endpoint|DomainName|DNSName|Address|HostName)$/, ({ host }) => host],
  [/Name$/, ({ name }) => name],
  [/Port$/, () => '443'],
  [/I[pP]$/, () => '127.0.0.1'],
  [/^(?:Version|LatestVersionNumber|DefaultVersionNumber)$/, () => '1'],
  [/Id$/, ({ physicalId }) => physicalId],
];

/** A provider for one recorded type. Its name properties do not replace it: there is nothing to replace. */
export function recordedProvider(type: string): ResourceProvider {
  return {
    type,
    createOnlyProperties: [],
    create: (properties, context) => Promise.resolve(recordedOutcome(type, properties, context)),
    update: (current) => Promise.resolve({ physicalId: current.physicalId, attributes: current.attributes }),
    delete: () => Promise.resolve(),
  };
}
