/** Names and ids that CloudFormation makes up. */
import { randomBytes, randomUUID } from 'node:crypto';
import { LOCAL_ACCOUNT_ID } from '../types.ts';
import { partitionOf } from './pseudo.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz';

/** `length` characters, letters and digits. */
export function randomText(length: number): string {
  return [...randomBytes(length)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/** `<stack>-<logical id>-<12 random>`, at most 64 characters; in lower case for names that must be. */
export function physicalName(stackName: string, logicalId: string, letters: 'mixed' | 'lower' = 'mixed'): string {
  const room = 64 - 14;
  const stack = stackName.slice(0, Math.max(room - logicalId.length, Math.floor(room / 2)));
  const name = `${stack}-${logicalId.slice(0, room - stack.length)}-${randomText(12)}`;
  return letters === 'lower' ? name.toLowerCase() : name;
}

export function newStackId(region: string, stackName: string): string {
  return `arn:${partitionOf(region)}:cloudformation:${region}:${LOCAL_ACCOUNT_ID}:stack/${stackName}/${randomUUID()}`;
}

export function newChangeSetId(region: string, name: string): string {
  return `arn:${partitionOf(region)}:cloudformation:${region}:${LOCAL_ACCOUNT_ID}:changeSet/${name}/${randomUUID()}`;
}

/** The last part of a stack's or change set's ARN. */
export function idPart(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
