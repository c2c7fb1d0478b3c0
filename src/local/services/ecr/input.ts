/** What ECR's operations work on, and reading their input. */
import { LOCAL_ACCOUNT_ID, ServiceError } from '../../types.ts';
import type { ImageStore, RepositoryRecord } from '../registry/image-store.ts';

export interface EcrContext {
  readonly store: ImageStore;
  readonly registryHost: string;
  readonly region: string;
}

export type EcrInput = Readonly<Record<string, unknown>>;

export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message);
}

/** A text that has to be there. */
export function requiredInput(input: EcrInput, name: string): string {
  const value = input[name];
  if (typeof value !== 'string' || value === '')
    throw invalidParameter(`Invalid parameter at '${name}' failed to satisfy constraint: 'must not be null'`);
  return value;
}

export function inputText(input: EcrInput, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : undefined;
}

export function inputObject(input: EcrInput, name: string): EcrInput {
  const value = input[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as EcrInput) : {};
}

export function inputObjects(input: EcrInput, name: string): readonly EcrInput[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((item): item is EcrInput => typeof item === 'object' && item !== null) : [];
}

export function inputTexts(input: EcrInput, name: string): readonly string[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** Throws ServiceError `RepositoryNotFoundException`. */
export function getRepository(context: EcrContext, name: string): RepositoryRecord {
  const repository = context.store.repositories.get(name);
  if (repository === undefined) {
    throw new ServiceError(
      'RepositoryNotFoundException',
      `The repository with name '${name}' does not exist in the registry with id '${LOCAL_ACCOUNT_ID}'`,
    );
  }
  return repository;
}

/** One page of a list; the token is the number of items before it. Sizes above `maxSize` are cut to it. */
export function pageOf<T>(
  items: readonly T[],
  input: EcrInput,
  maxSize = 1000,
): { readonly page: readonly T[]; readonly nextToken: string | undefined } {
  const start = Number(inputText(input, 'nextToken') ?? 0);
  if (!Number.isInteger(start) || start < 0) throw invalidParameter('Invalid parameter at nextToken');
  const wanted = input['maxResults'];
  const end = start + Math.min(typeof wanted === 'number' ? wanted : 100, maxSize);
  return { page: items.slice(start, end), nextToken: end < items.length ? String(end) : undefined };
}

/** ARN of a repository in the one account. */
export function repositoryArn(region: string, name: string): string {
  return `arn:aws:ecr:${region}:${LOCAL_ACCOUNT_ID}:repository/${name}`;
}
