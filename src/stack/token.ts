import { randomUUID } from 'node:crypto';

/** Lets CloudFormation know a request that is sent twice. */
export function newToken(): string {
  return `lambda-tool-${randomUUID()}`;
}
