/** AWS::S3::Bucket and AWS::S3::BucketPolicy. */
import { randomBytes } from 'node:crypto';
import { type ResourceContext, type ResourceOutcome, type ResourceProvider, ServiceError } from '../../types.ts';
import { bucketDocuments } from './bucket-settings.ts';
import { addBucket, checkBucketName, checkNamespace, removeBucket, setVersioning } from './buckets.ts';
import { removeDocument, storeDocument } from './documents.ts';
import { getBucket, type S3State } from './state.ts';

type Properties = Readonly<Record<string, unknown>>;

const MAX_NAME = 63;

export function bucketProvider(state: S3State): ResourceProvider {
  return {
    type: 'AWS::S3::Bucket',
    createOnlyProperties: ['BucketName', 'BucketNamePrefix', 'BucketNamespace', 'ObjectLockEnabled'],
    async create(properties, context) {
      const name = chooseName(properties, context);
      checkBucketName(name);
      checkNamespace(name, context.region, textOf(properties['BucketNamespace']));
      if (state.buckets.get(name) !== undefined) throw new ServiceError('AlreadyExists', `${name} already exists`, 409);
      addBucket(state, name, context.region);
      applySettings(state, name, properties, context);
      return bucketOutcome(name, context.region);
    },
    async update(current, properties, context) {
      applySettings(state, current.physicalId, properties, context);
      return bucketOutcome(current.physicalId, context.region);
    },
    async delete(current) {
      if (state.buckets.get(current.physicalId) !== undefined) removeBucket(state, current.physicalId);
    },
  };
}

/** The name given, one in the account's regional namespace, or `<stack>-<logical id>-<random>` as CloudFormation makes it. */
function chooseName(properties: Properties, context: ResourceContext): string {
  const given = textOf(properties['BucketName']);
  if (given !== undefined) return given;
  const prefix = textOf(properties['BucketNamePrefix']);
  if (prefix !== undefined) return `${prefix}-${context.accountId}-${context.region}-an`;
  const suffix = `-${randomBytes(8).toString('hex').slice(0, 12)}`;
  const name = `${context.stackName}-${context.logicalId}`.toLowerCase().replace(/[^a-z0-9.-]/g, '');
  return `${name.slice(0, MAX_NAME - suffix.length)}${suffix}`;
}

function applySettings(state: S3State, name: string, properties: Properties, context: ResourceContext): void {
  const versioning = properties['VersioningConfiguration'] as { Status?: unknown } | undefined;
  if (versioning !== undefined) setVersioning(state, getBucket(state, name), textOf(versioning.Status));
  else if (getBucket(state, name).versioning === 'Enabled') setVersioning(state, getBucket(state, name), 'Suspended');
  // The policy is a resource of its own.
  const { policy } = getBucket(state, name).documents;
  state.buckets.put(name, { ...getBucket(state, name), documents: policy === undefined ? {} : { policy } });
  for (const [subResource, text] of Object.entries(bucketDocuments(properties, context.tags)))
    storeDocument(state, name, subResource, text);
}

export function bucketOutcome(name: string, region: string): ResourceOutcome {
  return {
    physicalId: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
      WebsiteURL: `http://${name}.s3-website-${region}.amazonaws.com`,
    },
  };
}

export function bucketPolicyProvider(state: S3State): ResourceProvider {
  const apply = async (properties: Properties): Promise<ResourceOutcome> => {
    const bucket = textOf(properties['Bucket']);
    if (bucket === undefined) throw new ServiceError('InvalidRequest', 'Property Bucket cannot be empty');
    const document = properties['PolicyDocument'];
    storeDocument(state, bucket, 'policy', typeof document === 'string' ? document : JSON.stringify(document));
    return { physicalId: bucket, attributes: {} };
  };
  return {
    type: 'AWS::S3::BucketPolicy',
    createOnlyProperties: ['Bucket'],
    create: apply,
    update: (_current, properties) => apply(properties),
    async delete(current) {
      if (state.buckets.get(current.physicalId) !== undefined) removeDocument(state, current.physicalId, 'policy');
    },
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
