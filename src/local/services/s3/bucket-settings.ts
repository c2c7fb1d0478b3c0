/** A bucket's settings as CloudFormation spells them, turned into the documents of the S3 API. */
import { renderS3Document } from '../../protocol/rest-xml.ts';

type Properties = Readonly<Record<string, unknown>>;

function objectOf(value: unknown): Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

function objectsOf(value: unknown): readonly Properties[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** One property of AWS::S3::Bucket: the sub-resource it sets, and its document. */
interface Setting {
  readonly property: string;
  readonly subResource: string;
  readonly render: (value: unknown) => string;
}

const SETTINGS: readonly Setting[] = [
  { property: 'BucketEncryption', subResource: 'encryption', render: renderEncryption },
  {
    property: 'PublicAccessBlockConfiguration',
    subResource: 'publicAccessBlock',
    render: (value) => renderS3Document('PublicAccessBlockConfiguration', value),
  },
  {
    property: 'OwnershipControls',
    subResource: 'ownershipControls',
    render: (value) => renderS3Document('OwnershipControls', { Rule: objectOf(value)['Rules'] }),
  },
  { property: 'LifecycleConfiguration', subResource: 'lifecycle', render: renderLifecycle },
  { property: 'CorsConfiguration', subResource: 'cors', render: renderCors },
  { property: 'WebsiteConfiguration', subResource: 'website', render: renderWebsite },
  { property: 'Tags', subResource: 'tagging', render: (value) => renderS3Document('Tagging', { TagSet: { Tag: value } }) },
];

/** By sub-resource. Properties that have no document here (notifications, replication, …) are left out. */
export function bucketDocuments(properties: Properties, stackTags: Readonly<Record<string, string>>): Record<string, string> {
  const own = new Set(objectsOf(properties['Tags']).map((tag) => tag['Key']));
  const inherited = Object.entries(stackTags).filter(([key]) => !own.has(key));
  const Tags = [...objectsOf(properties['Tags']), ...inherited.map(([Key, Value]) => ({ Key, Value }))];
  const settings: Properties = Tags.length === 0 ? properties : { ...properties, Tags };
  const documents: Record<string, string> = {};
  for (const { property, render, subResource } of SETTINGS) {
    if (settings[property] !== undefined) documents[subResource] = render(settings[property]);
  }
  return documents;
}

function renderEncryption(value: unknown): string {
  const rules = objectsOf(objectOf(value)['ServerSideEncryptionConfiguration']).map((rule) => {
    const { ServerSideEncryptionByDefault, ...rest } = rule;
    return { ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault, ...rest };
  });
  return renderS3Document('ServerSideEncryptionConfiguration', { Rule: rules });
}

function renderLifecycle(value: unknown): string {
  const rules = objectsOf(objectOf(value)['Rules']).map((rule) => ({
    ID: rule['Id'],
    Filter: { Prefix: rule['Prefix'] ?? '' },
    Status: rule['Status'],
    Expiration: rule['ExpirationInDays'] === undefined ? undefined : { Days: rule['ExpirationInDays'] },
    NoncurrentVersionExpiration:
      rule['NoncurrentVersionExpiration'] ??
      (rule['NoncurrentVersionExpirationInDays'] === undefined ? undefined : { NoncurrentDays: rule['NoncurrentVersionExpirationInDays'] }),
    AbortIncompleteMultipartUpload: rule['AbortIncompleteMultipartUpload'],
    Transition: objectsOf(rule['Transitions']).map((transition) => ({
      Days: transition['TransitionInDays'],
      Date: transition['TransitionDate'],
      StorageClass: transition['StorageClass'],
    })),
  }));
  return renderS3Document('LifecycleConfiguration', { Rule: rules });
}

function renderCors(value: unknown): string {
  const rules = objectsOf(objectOf(value)['CorsRules']).map((rule) => ({
    ID: rule['Id'],
    AllowedHeader: rule['AllowedHeaders'],
    AllowedMethod: rule['AllowedMethods'],
    AllowedOrigin: rule['AllowedOrigins'],
    ExposeHeader: rule['ExposedHeaders'],
    MaxAgeSeconds: rule['MaxAge'],
  }));
  return renderS3Document('CORSConfiguration', { CORSRule: rules });
}

function renderWebsite(value: unknown): string {
  const website = objectOf(value);
  const document = (name: string, key: string) => (website[name] === undefined ? undefined : { [key]: website[name] });
  return renderS3Document('WebsiteConfiguration', {
    IndexDocument: document('IndexDocument', 'Suffix'),
    ErrorDocument: document('ErrorDocument', 'Key'),
    RedirectAllRequestsTo: website['RedirectAllRequestsTo'],
  });
}
