/** `FunctionUrlConfig`: the URL and, for a public one, the two permissions that it needs since 2025-10. */
import { asDict, type Dict, scalarText } from '../engine/values.ts';
import type { EventTarget } from './function-events.ts';
import { addResource, known, passedOn, type SamContext, SamProblem, type SamResource } from './sam-context.ts';

/** Adds `<Id>Url`, and for `AuthType: NONE` `<Id>UrlPublicPermissions` and `<Id>URLInvokeAllowPublicAccess`. */
export function addFunctionUrl(context: SamContext, resource: SamResource, target: EventTarget, alias: string | undefined): void {
  const config = resource.properties['FunctionUrlConfig'];
  if (config === undefined) return;
  const { AuthType, Cors, InvokeMode } = asDict(config);
  const authType = scalarText(known(context, AuthType)) ?? AuthType;
  if (authType !== 'NONE' && authType !== 'AWS_IAM') {
    throw new SamProblem('AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.');
  }
  const attributes = passedOn(resource);
  const url: Dict = { TargetFunctionArn: target.ref, AuthType: authType, Cors, InvokeMode };
  addResource(context, `${resource.id}Url`, 'AWS::Lambda::Url', url, attributes);
  if (authType !== 'NONE') return;
  const permission = { FunctionName: alias === undefined ? { Ref: resource.id } : target.ref, Principal: '*' };
  addResource(
    context,
    `${resource.id}UrlPublicPermissions`,
    'AWS::Lambda::Permission',
    { ...permission, Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
    attributes,
  );
  addResource(
    context,
    `${resource.id}URLInvokeAllowPublicAccess`,
    'AWS::Lambda::Permission',
    { ...permission, Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
    attributes,
  );
}
