/** Parts of names that are written in capitals. Everything else comes from the type itself. */
const CAPITALS = new Set(['api', 'acl', 'arn', 'db', 'dns', 'http', 'id', 'ip', 'kms', 'rest', 'ssl', 'tls', 'url', 'vpc']);

/** `AWS::ApiGateway::RestApi` → "API Gateway REST API", `AWS::Lambda::Function` → "Lambda function", `Custom::Seed` → "Seed (custom resource)". */
export function typeName(resourceType: string): string {
  const [vendor = '', ...parts] = resourceType.split('::');
  const kind = parts.at(-1) ?? vendor;
  if (vendor === 'Custom') return `${kind} (custom resource)`;
  const service = parts.slice(0, -1).map((part) => part.replace(/V\d+$/, '').replace(/^Api(?=[A-Z])/, 'API '));
  const scope = vendor === 'AWS' ? service : [vendor, ...service];
  return [...scope, words(kind)].join(' ').trim();
}

/** `RestApi` → "REST API", `DBInstance` → "DB instance". */
function words(kind: string): string {
  return kind
    .split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((word) => (CAPITALS.has(word.toLowerCase()) ? word.toUpperCase() : /^[A-Z0-9]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
}
