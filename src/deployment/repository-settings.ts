import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { PublishOptions } from '../artifacts/index.ts';
import { UserError, messageOf } from '../errors.ts';

/** How repositories of ECR are made, where one is missing. */
export interface RepositoryWish {
  readonly ecrScanOnPush?: boolean | undefined;
  readonly ecrEncryption?: string | undefined;
  readonly ecrLifecyclePolicy?: string | undefined;
  readonly ecrTags?: Readonly<Record<string, string>> | undefined;
}

/** Reads the lifecycle policy too, before any work. Throws UserError USAGE. */
export async function readRepositorySettings(wish: RepositoryWish, directory: string): Promise<PublishOptions['newRepositories']> {
  return {
    scanOnPush: wish.ecrScanOnPush,
    encryption: encryptionOf(wish.ecrEncryption),
    tags: wish.ecrTags,
    lifecyclePolicy: wish.ecrLifecyclePolicy === undefined ? undefined : await readPolicy(resolve(directory, wish.ecrLifecyclePolicy)),
  };
}

function encryptionOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const type = text.toUpperCase();
  if (type === 'AES256' || type === 'KMS') return type;
  if (/^(?:arn:[\w-]+:kms:|alias\/|[0-9a-f]{8}-|mrk-)/.test(text)) return text;
  throw new UserError('USAGE', `--ecr-encryption takes AES256, KMS, or the ARN, id or alias of a key, not "${text}".`);
}

async function readPolicy(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8');
    const policy: unknown = JSON.parse(text);
    if (typeof policy === 'object' && policy !== null && 'rules' in policy) return JSON.stringify(policy);
    throw new Error('it has no "rules"');
  } catch (error) {
    throw new UserError('USAGE', `The lifecycle policy ${path} cannot be used: ${messageOf(error)}`, {
      hint: 'It is the JSON that "aws ecr put-lifecycle-policy --lifecycle-policy-text" takes.',
      cause: error,
    });
  }
}
