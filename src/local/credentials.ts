/** The keys of one state folder: random, made once, readable by this user only. */
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from './store.ts';

export interface LocalCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface LocalSecrets extends LocalCredentials {
  /** What `docker login` takes, with user name AWS. */
  readonly registryPassword: string;
  /** Lets `local stop` end the daemon. */
  readonly controlToken: string;
}

const FILE_NAME = 'credentials.json';
const KEY_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Reads the keys; undefined when the folder has none yet. */
export function findSecrets(folder: string): LocalSecrets | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, FILE_NAME), 'utf8')) as LocalSecrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the keys of the folder, or makes them. The folder has to exist. */
export function loadOrCreateSecrets(folder: string): LocalSecrets {
  const known = findSecrets(folder);
  if (known !== undefined) return known;
  const secrets: LocalSecrets = {
    // Not AKIA…, which scanners for leaked keys would report.
    accessKeyId: `LOCAL${Array.from({ length: 15 }, () => KEY_ALPHABET[randomInt(KEY_ALPHABET.length)]).join('')}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    registryPassword: randomBytes(30).toString('base64url'),
    controlToken: randomBytes(30).toString('base64url'),
  };
  writeFileAtomically(path.join(folder, FILE_NAME), JSON.stringify(secrets));
  return secrets;
}

/** Compares secrets in constant time; only the length shows. */
export function isSameSecret(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
