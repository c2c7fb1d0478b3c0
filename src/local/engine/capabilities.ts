/** Which capabilities a template asks its user to acknowledge. */
import { ServiceError } from '../types.ts';
import { asDict, type Dict, scalarText } from './values.ts';

/** Types that grant rights, with the property that names them (CAPABILITY_NAMED_IAM when it is used). */
const IAM_TYPES: Readonly<Record<string, string>> = {
  'AWS::IAM::AccessKey': '',
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': '',
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserToGroupAddition': '',
};

export interface NeededCapabilities {
  readonly capabilities: readonly string[];
  readonly reason: string | undefined;
}

/** CAPABILITY_IAM or CAPABILITY_NAMED_IAM, by the resources after the transforms. */
export function neededCapabilities(processed: Dict): NeededCapabilities {
  const resources = Object.values(asDict(processed['Resources'])).map(asDict);
  const granting = resources.filter((resource) => Object.hasOwn(IAM_TYPES, scalarText(resource['Type']) ?? ''));
  if (granting.length === 0) return { capabilities: [], reason: undefined };
  const named = granting.some((resource) => {
    const property = IAM_TYPES[String(resource['Type'])] ?? '';
    return property !== '' && asDict(resource['Properties'])[property] !== undefined;
  });
  const types = [...new Set(granting.map((resource) => String(resource['Type'])))];
  return {
    capabilities: [named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'],
    reason: `The following resource(s) require capabilities: [${types.join(', ')}]`,
  };
}

/** Throws ServiceError `InsufficientCapabilitiesException`. `expands`: a macro runs without having been reviewed in a change set. */
export function checkCapabilities(processed: Dict, given: readonly string[], expands: boolean): void {
  const acknowledged = new Set(given);
  if (acknowledged.has('CAPABILITY_NAMED_IAM')) acknowledged.add('CAPABILITY_IAM');
  const needed = [...neededCapabilities(processed).capabilities, ...(expands ? ['CAPABILITY_AUTO_EXPAND'] : [])];
  const missing = needed.filter((capability) => !acknowledged.has(capability));
  if (missing.length > 0) throw new ServiceError('InsufficientCapabilitiesException', `Requires capabilities : [${missing.join(', ')}]`);
}
