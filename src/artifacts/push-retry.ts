import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import type { Step } from '../output/reporter.ts';
import type { EnsuredRepository } from './publishing.ts';

const MOST_ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;

/** What engines say of a connection that broke and of a registry that is busy. */
const PASSING = /reset|\bEOF\b|broken pipe|timeout|timed out|too many requests|closed network connection|\b(?:429|50[0234])\b/i;
/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html */
const EXPIRED = /no basic auth|token has expired|\b401\b|unauthorized/i;
const NO_REPOSITORY = /name.?unknown|RepositoryNotFound|repository .*(?:not found|does not exist)/i;
/** The engine stands elsewhere: in a virtual machine, behind another proxy, without the registry's certificate. */
const UNREACHABLE = /no such host|server misbehaving|refused|no route to host|network is unreachable|gave HTTP response|x509|certificate/i;

/** Whether an engine has failed because it does not get to the registry, so that another way may be open. */
export function isUnreachable(error: unknown): boolean {
  return isPushFailure(error) && UNREACHABLE.test(error.message);
}

/** Whether the registry knows no repository of that name. */
export function isWithoutRepository(error: unknown): boolean {
  return isPushFailure(error) && NO_REPOSITORY.test(error.message);
}

/**
 * Runs a push again when the connection broke, when the token ran out, and when a repository made just now is not known everywhere yet.
 * `isPatient` is a push that deals with broken connections itself. Throws UserError REPOSITORY when there is no repository and we may not make one; otherwise what the last attempt threw.
 */
export async function pushWithRetries<T>(
  push: (attempt: { readonly freshToken: boolean }) => Promise<T>,
  repository: EnsuredRepository,
  { signal, step, isPatient = false }: { readonly signal: AbortSignal; readonly step: Step; readonly isPatient?: boolean },
): Promise<T> {
  let freshToken = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await push({ freshToken });
    } catch (error) {
      signal.throwIfAborted();
      const reason: 'passing' | 'repository' | 'token' | undefined = isPushFailure(error)
        ? whyAgain(error, repository, freshToken)
        : undefined;
      const isOver = reason === undefined || (isPatient && reason !== 'repository');
      if (isOver || attempt >= MOST_ATTEMPTS) throw explain(error, repository);
      freshToken ||= reason === 'token';
      step.note(`push attempt ${attempt} failed (${shortReason(error)}); trying again`);
      const longest = FIRST_PAUSE_MS * 3 ** (attempt - 1);
      await sleep(longest / 2 + (Math.random() * longest) / 2, undefined, { signal });
    }
  }
}

function whyAgain(error: UserError, repository: EnsuredRepository, hadFreshToken: boolean): 'passing' | 'repository' | 'token' | undefined {
  const { message } = error;
  if (NO_REPOSITORY.test(message)) return repository.origin === 'new' ? 'repository' : undefined;
  if (UNREACHABLE.test(message)) return undefined;
  if (EXPIRED.test(message)) return hadFreshToken ? undefined : 'token';
  return PASSING.test(message) ? 'passing' : undefined;
}

function explain(error: unknown, repository: EnsuredRepository): unknown {
  if (repository.origin !== 'denied' || !isPushFailure(error) || !(NO_REPOSITORY.test(error.message) || /denied/i.test(error.message)))
    return error;
  return new UserError('REPOSITORY', `There is no repository ${repository.name} in ECR, and this identity may not make one.`, {
    hint: `Allow ecr:CreateRepository, have ${repository.name} made by somebody who may, or set up a repository creation template with create on push.`,
    details: [error.message],
    cause: error,
  });
}

function isPushFailure(error: unknown): error is UserError {
  return error instanceof UserError && error.code === 'PUSH_FAILED';
}

/** Without the address, which the row names already. */
function shortReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .slice(text.indexOf('could not be pushed: ') + 1)
    .replace(/^ould not be pushed: /, '')
    .slice(0, 160);
}
