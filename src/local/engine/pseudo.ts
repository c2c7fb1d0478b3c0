/** Pseudo parameters and what else follows from a region. */
import { LOCAL_ACCOUNT_ID } from '../types.ts';

export interface StackIdentity {
  readonly stackName: string;
  readonly stackId: string;
  readonly region: string;
  readonly notificationArns: readonly string[];
}

export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

export function urlSuffixOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

/** What `Ref` of `AWS::…` answers, but for `AWS::NoValue`. */
export function pseudoParameters(identity: StackIdentity): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ['AWS::AccountId', LOCAL_ACCOUNT_ID],
    ['AWS::NotificationARNs', identity.notificationArns],
    ['AWS::Partition', partitionOf(identity.region)],
    ['AWS::Region', identity.region],
    ['AWS::StackId', identity.stackId],
    ['AWS::StackName', identity.stackName],
    ['AWS::URLSuffix', urlSuffixOf(identity.region)],
  ]);
}

export function isPseudoParameter(name: string): boolean {
  return name.startsWith('AWS::');
}

/** Three zones, the number most regions have at least. */
export function availabilityZones(region: string): readonly string[] {
  return ['a', 'b', 'c'].map((letter) => region + letter);
}
