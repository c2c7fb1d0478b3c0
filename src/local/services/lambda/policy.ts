/** Resource-based policies of functions: made from permissions, asked by those who want to invoke. */
import { LOCAL_ACCOUNT_ID, ServiceError } from '../../types.ts';
import type { FunctionRecord, Statement } from './records.ts';
import { UNQUALIFIED } from './records.ts';
import { invalid } from './settings.ts';

export interface Ask {
  /** A service (`apigateway.amazonaws.com`), or `*` for whoever has the function's URL. */
  readonly principal: string;
  readonly action: string;
  readonly sourceArn?: string | undefined;
}

/** A statement from the members of AddPermission or the properties of AWS::Lambda::Permission. */
export function statementOf(input: Readonly<Record<string, unknown>>, sid: string, resource: string): Statement {
  const text = (name: string): string | undefined => (typeof input[name] === 'string' && input[name] !== '' ? input[name] : undefined);
  const [action, principal] = [text('Action'), text('Principal')];
  if (action === undefined || principal === undefined) throw invalid('Action and Principal are required.');
  const conditions: Record<string, Record<string, string>> = {};
  const add = (operator: string, key: string, value: string | undefined): void => {
    if (value !== undefined) conditions[operator] = { ...conditions[operator], [key]: value };
  };
  add('ArnLike', 'AWS:SourceArn', text('SourceArn'));
  add('StringEquals', 'AWS:SourceAccount', text('SourceAccount'));
  add('StringEquals', 'lambda:FunctionUrlAuthType', text('FunctionUrlAuthType'));
  add('StringEquals', 'aws:PrincipalOrgID', text('PrincipalOrgID'));
  add('StringEquals', 'lambda:EventSourceToken', text('EventSourceToken'));
  if (input['InvokedViaFunctionUrl'] === true || input['InvokedViaFunctionUrl'] === 'true')
    add('Bool', 'lambda:InvokedViaFunctionUrl', 'true');
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: principalOf(principal),
    Action: action,
    Resource: resource,
    ...(Object.keys(conditions).length === 0 ? {} : { Condition: conditions }),
  };
}

function principalOf(principal: string): Statement['Principal'] {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  return principal.startsWith('arn:') ? { AWS: principal } : { Service: principal };
}

/** Adds a statement. Throws ServiceError `ResourceConflictException` (409) when its id is taken. */
export function addStatement(record: FunctionRecord, qualifier: string, statement: Statement): FunctionRecord {
  const known = record.policies[qualifier] ?? [];
  if (known.some(({ Sid }) => Sid === statement.Sid)) {
    throw new ServiceError(
      'ResourceConflictException',
      `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
      409,
    );
  }
  return { ...record, policies: { ...record.policies, [qualifier]: [...known, statement] } };
}

/** Removes a statement; undefined when there is none of that id. */
export function removeStatement(record: FunctionRecord, qualifier: string, sid: string): FunctionRecord | undefined {
  const known = record.policies[qualifier] ?? [];
  const left = known.filter(({ Sid }) => Sid !== sid);
  return left.length === known.length ? undefined : { ...record, policies: { ...record.policies, [qualifier]: left } };
}

/** Whether a statement of the function (of the qualifier that is invoked) allows it. */
export function isAllowed(record: FunctionRecord, qualifier: string | undefined, ask: Ask): boolean {
  return (record.policies[qualifier ?? UNQUALIFIED] ?? []).some((statement) => allows(statement, ask));
}

function allows(statement: Statement, ask: Ask): boolean {
  if (!like(statement.Action, ask.action)) return false;
  const { Principal } = statement;
  if (Principal !== '*' && !('Service' in Principal && Principal.Service === ask.principal)) return false;
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, value]) => conditionHolds(operator, key, value, ask)),
  );
}

function conditionHolds(operator: string, key: string, value: string, ask: Ask): boolean {
  const viaUrl = ask.principal === '*';
  switch (key) {
    case 'AWS:SourceArn':
      return ask.sourceArn !== undefined && (operator === 'ArnLike' ? like(value, ask.sourceArn) : value === ask.sourceArn);
    case 'AWS:SourceAccount':
      return value === LOCAL_ACCOUNT_ID;
    case 'lambda:FunctionUrlAuthType':
      return viaUrl && value === 'NONE';
    case 'lambda:InvokedViaFunctionUrl':
      return viaUrl === (value === 'true');
    default:
      // A condition on something that does not exist here cannot hold.
      return false;
  }
}

/** IAM's wildcards: `*` for anything, `?` for one character. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(text);
}
