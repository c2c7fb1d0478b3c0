/** APIs as they are kept between requests and restarts. Members of resources keep CloudFormation's spelling. */
import type { Store } from '../../types.ts';

type Members = Readonly<Record<string, unknown>>;

export interface StageRecord {
  readonly variables: Readonly<Record<string, string>>;
  readonly description?: string | undefined;
  readonly deploymentId?: string | undefined;
  readonly createdAt: string;
}

interface ApiBase {
  readonly id: string;
  readonly region: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly createdAt: string;
  readonly tags: Readonly<Record<string, string>>;
  /** OpenAPI document. */
  readonly body?: unknown;
  readonly stages: Readonly<Record<string, StageRecord>>;
}

export interface RestApiRecord extends ApiBase {
  readonly kind: 'REST';
  readonly rootResourceId: string;
  readonly binaryMediaTypes: readonly string[];
  readonly resources: Readonly<Record<string, { readonly parentId: string; readonly pathPart: string }>>;
  /** By `<resource id> <METHOD>`: properties of AWS::ApiGateway::Method. */
  readonly methods: Readonly<Record<string, Members>>;
}

export interface HttpApiRecord extends ApiBase {
  readonly kind: 'HTTP';
  readonly cors?: unknown;
  /** Properties of AWS::ApiGatewayV2::Integration and ::Route by their ids. */
  readonly integrations: Readonly<Record<string, Members>>;
  readonly routes: Readonly<Record<string, Members>>;
}

export type ApiRecord = RestApiRecord | HttpApiRecord;

export interface ApiStore {
  find(id: string): ApiRecord | undefined;
  findRest(id: string): RestApiRecord | undefined;
  findHttp(id: string): HttpApiRecord | undefined;
  put(record: ApiRecord): void;
  delete(id: string): void;
  all(): readonly ApiRecord[];
}

export function createApiStore(store: Store): ApiStore {
  const apis = store.collection<ApiRecord>('apis');
  return {
    find: (id) => apis.get(id),
    findRest(id) {
      const record = apis.get(id);
      return record?.kind === 'REST' ? record : undefined;
    },
    findHttp(id) {
      const record = apis.get(id);
      return record?.kind === 'HTTP' ? record : undefined;
    },
    put: (record) => apis.put(record.id, record),
    delete: (id) => apis.delete(id),
    all: () => [...apis.entries()].map(([, record]) => record),
  };
}
