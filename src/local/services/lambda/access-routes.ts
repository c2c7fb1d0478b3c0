/** The Lambda API for permissions and function URLs. */
import { randomUUID } from 'node:crypto';
import { scalarText } from '../../engine/values.ts';
import type { PathParams, RestRoute } from '../../protocol/rest-json.ts';
import { ServiceError, type ServiceRequest } from '../../types.ts';
import { describeUrl } from './describe.ts';
import { conflict } from './functions.ts';
import { addStatement, removeStatement, statementOf } from './policy.ts';
import { type Cors, type FunctionRecord, UNQUALIFIED } from './records.ts';
import { type BodyOf, FUNCTION, type RouteDeps, type TargetOf } from './route-parts.ts';

export function policyRoutes(deps: RouteDeps, target: TargetOf, body: BodyOf): readonly RestRoute[] {
  const { functions } = deps;
  return [
    {
      method: 'POST',
      path: `${FUNCTION}/policy`,
      status: 201,
      async handle(path, request) {
        const input = await body(request);
        const { qualifier, record } = target(path, request);
        const statement = statementOf(input, scalarText(input['StatementId']) ?? randomUUID(), qualifiedArn(record, qualifier));
        functions.save(addStatement(record, qualifier, statement));
        return { Statement: JSON.stringify(statement) };
      },
    },
    {
      method: 'GET',
      path: `${FUNCTION}/policy`,
      handle(path, request) {
        const { qualifier, record } = target(path, request);
        const statements = record.policies[qualifier] ?? [];
        if (statements.length === 0) throw new ServiceError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
        return {
          Policy: JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements }),
          RevisionId: record.latest.revisionId,
        };
      },
    },
    {
      method: 'DELETE',
      path: `${FUNCTION}/policy/{StatementId}`,
      status: 204,
      handle(path, request) {
        const { qualifier, record } = target(path, request);
        const changed = removeStatement(record, qualifier, path['StatementId'] ?? '');
        if (changed === undefined)
          throw new ServiceError('ResourceNotFoundException', `Statement ${path['StatementId']} is not found in resource policy.`, 404);
        functions.save(changed);
      },
    },
  ];
}

export function urlRoutes(deps: RouteDeps, target: TargetOf, body: BodyOf): readonly RestRoute[] {
  const { functions } = deps;
  const path = '/2021-10-31/functions/{FunctionName}/url';
  const described = (record: FunctionRecord, qualifier: string): unknown => {
    const url = record.urls[qualifier];
    if (url === undefined) throw new ServiceError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    return describeUrl(deps, record, qualifier, url);
  };
  const put = async (params: PathParams, request: ServiceRequest, isNew: boolean): Promise<unknown> => {
    const input = await body(request);
    const { qualifier, record } = target(params, request);
    const known = record.urls[qualifier];
    if (isNew && known !== undefined)
      throw conflict(
        `Failed to create function url config for [functionArn = ${qualifiedArn(record, qualifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    if (!isNew) described(record, qualifier);
    const changed = await functions.putUrl(record, qualifier, {
      authType: scalarText(input['AuthType']) ?? known?.authType ?? '',
      invokeMode: input['InvokeMode'] as string | undefined,
      cors: (input['Cors'] as Cors | undefined) ?? known?.cors,
    });
    return described(changed, qualifier);
  };
  return [
    { method: 'POST', path, status: 201, handle: (params, request) => put(params, request, true) },
    { method: 'PUT', path, handle: (params, request) => put(params, request, false) },
    {
      method: 'GET',
      path,
      handle(params, request) {
        const { qualifier, record } = target(params, request);
        return described(record, qualifier);
      },
    },
    {
      method: 'DELETE',
      path,
      status: 204,
      async handle(params, request) {
        const { qualifier, record } = target(params, request);
        described(record, qualifier);
        await functions.removeUrl(record, qualifier);
      },
    },
    {
      method: 'GET',
      path: '/2021-10-31/functions/{FunctionName}/urls',
      handle(params, request) {
        const { record } = target(params, request);
        return { FunctionUrlConfigs: Object.keys(record.urls).map((qualifier) => described(record, qualifier)) };
      },
    },
  ];
}

function qualifiedArn(record: FunctionRecord, qualifier: string): string {
  return qualifier === UNQUALIFIED ? record.arn : `${record.arn}:${qualifier}`;
}
