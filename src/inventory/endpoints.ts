import { scalarText } from '../template/read.ts';
import { walkInventory, type InventoryNode } from './read-inventory.ts';

type EndpointKind = 'function-url' | 'rest-api' | 'http-api' | 'websocket-api' | 'website';

/** An address under which something of a stack answers. */
export interface Endpoint {
  /** Path of the resource that has it. */
  readonly resource: string;
  readonly kind: EndpointKind;
  /** Undefined when it could not be found out. */
  readonly url: string | undefined;
  /** `NONE` or `AWS_IAM`, of function URLs. */
  readonly authType?: string | undefined;
}

/** A function URL whose address only Lambda knows. */
export interface UnknownUrl {
  readonly resource: string;
  /** With an alias, if it has one. */
  readonly functionArn: string;
}

/** The addresses that follow from physical ids and the region, and the function URLs, which do not. Pure. */
export function deriveEndpoints(
  roots: readonly InventoryNode[],
  region: string,
): { readonly known: Endpoint[]; readonly unknown: UnknownUrl[] } {
  const known: Endpoint[] = [];
  const unknown: UnknownUrl[] = [];
  const all = [...walkInventory(roots)];
  for (const { above, node } of all) {
    if (node.physicalId === '') continue;
    if (node.resourceType === 'AWS::Lambda::Url') unknown.push({ resource: node.path, functionArn: node.physicalId });
    else {
      const api = apiOf(node, above, all);
      const endpoint = stageEndpoint(node, api, region) ?? websiteEndpoint(node, region);
      if (endpoint !== undefined) known.push(endpoint);
    }
  }
  return { known, unknown };
}

const REST_API = 'AWS::ApiGateway::RestApi';
const API = 'AWS::ApiGatewayV2::Api';
const API_TYPES: Readonly<Record<string, string>> = {
  'AWS::ApiGateway::Stage': REST_API,
  'AWS::ApiGateway::Deployment': REST_API,
  'AWS::ApiGatewayV2::Stage': API,
};

/** The API of a stage: what it belongs to, or the only one of its stack. */
function apiOf(
  node: InventoryNode,
  above: readonly InventoryNode[],
  all: readonly { readonly node: InventoryNode }[],
): InventoryNode | undefined {
  const type = API_TYPES[node.resourceType];
  if (type === undefined) return node.resourceType === API ? node : undefined;
  const owner = above.find(({ resourceType }) => resourceType === type);
  if (owner !== undefined) return owner;
  const inStack = all.filter(({ node: other }) => other.stackId === node.stackId && other.resourceType === type);
  return inStack.length === 1 ? inStack[0]?.node : undefined;
}

function stageEndpoint(node: InventoryNode, api: InventoryNode | undefined, region: string): Endpoint | undefined {
  const stage = stageOf(node);
  if (api === undefined || stage === undefined || api.physicalId === '') return undefined;
  const host = `${api.physicalId}.execute-api.${region}.${urlSuffix(region)}`;
  const resource = node.path;
  if (api.resourceType === REST_API) return { resource, kind: 'rest-api', url: `https://${host}/${stage}/` };
  if (scalarText(api.entry?.properties['ProtocolType']) === 'WEBSOCKET') {
    return { resource, kind: 'websocket-api', url: `wss://${host}/${stage}` };
  }
  return { resource, kind: 'http-api', url: stage === '$default' ? `https://${host}/` : `https://${host}/${stage}/` };
}

/** The name of the stage that a resource makes, if it makes one. */
function stageOf({ entry, physicalId, resourceType }: InventoryNode): string | undefined {
  // Types with two identifying properties may have both in their physical id.
  if (resourceType === 'AWS::ApiGateway::Stage' || resourceType === 'AWS::ApiGatewayV2::Stage') return physicalId.split('|').at(-1);
  if (resourceType === 'AWS::ApiGateway::Deployment') return scalarText(entry?.properties['StageName']);
  // An HTTP API that is created with its target has a stage that is no resource.
  return resourceType === API && entry?.properties['Target'] !== undefined ? '$default' : undefined;
}

/** Regions whose website addresses have a dash; those since 2014 have a dot (S3 user guide, "Website endpoints"; general reference, S3). */
const DASHED_WEBSITES = /^(us-east-1|us-west-[12]|eu-west-1|ap-southeast-[12]|ap-northeast-1|sa-east-1|us-gov-west-1)$/;

function websiteEndpoint(node: InventoryNode, region: string): Endpoint | undefined {
  if (node.resourceType !== 'AWS::S3::Bucket' || node.entry?.properties['WebsiteConfiguration'] === undefined) return undefined;
  const host = `s3-website${DASHED_WEBSITES.test(region) ? '-' : '.'}${region}.${urlSuffix(region)}`;
  return { resource: node.path, kind: 'website', url: `http://${node.physicalId}.${host}` };
}

/** What host names of a partition end with, as `AWS::URLSuffix` says. */
function urlSuffix(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn';
  if (region.startsWith('eusc-')) return 'amazonaws.eu';
  if (region.startsWith('us-iso-')) return 'c2s.ic.gov';
  if (region.startsWith('us-isob-')) return 'sc2s.sgov.gov';
  return 'amazonaws.com';
}
