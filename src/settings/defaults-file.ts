import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

import type { ParseError } from 'jsonc-parser';

import { UserError, messageOf } from '../errors.ts';

export const DEFAULTS_FILE_NAME = 'aws-lambda-tools-defaults.json';

/** The defaults file as it was read: `values` are the top-level keys with the chosen environment's section on top. */
export interface DefaultsFile {
  /** Absolute path, also when the file does not exist. */
  readonly path: string;
  /** As the user would call it, for messages. */
  readonly displayName: string;
  readonly exists: boolean;
  readonly values: Readonly<Record<string, unknown>>;
  /** Keys of `values` that come from the section of `--environment`. */
  readonly fromEnvironment: ReadonlySet<string>;
}

export interface DefaultsFileRequest {
  /** Absolute. */
  readonly projectDirectory: string;
  /** `--config-file`; when given the file has to exist. */
  readonly configFile: string | undefined;
  /** `--environment`; when given its section has to exist. */
  readonly environment: string | undefined;
}

/** Reads the defaults file. Throws UserError CONFIG_FILE_NOT_FOUND or CONFIG_FILE_INVALID (with line and column). */
export async function readDefaultsFile(request: DefaultsFileRequest): Promise<DefaultsFile> {
  const name = request.configFile ?? DEFAULTS_FILE_NAME;
  // `package` takes a project file too; what belongs to the project lies beside it.
  const directory = /\.(?:cs|fs|vb)proj$/i.test(request.projectDirectory) ? dirname(request.projectDirectory) : request.projectDirectory;
  const path = isAbsolute(name) ? name : join(directory, name);
  if (!existsSync(path)) {
    if (request.configFile !== undefined) {
      throw new UserError('CONFIG_FILE_NOT_FOUND', `The defaults file ${name} does not exist (looked for ${path})`, {
        hint: 'Check --config-file; a relative path counts from --project-location',
      });
    }
    if (request.environment !== undefined) throw missingEnvironment(request.environment, name, []);
    return { path, displayName: name, exists: false, values: {}, fromEnvironment: new Set() };
  }
  const root = await parseObject(readText(path, name), name);
  const { environments, ...values } = root;
  if (request.environment === undefined) return { path, displayName: name, exists: true, values, fromEnvironment: new Set() };
  const section = isObject(environments) ? environments[request.environment] : undefined;
  if (!isObject(section)) throw missingEnvironment(request.environment, name, isObject(environments) ? Object.keys(environments) : []);
  return { path, displayName: name, exists: true, values: { ...values, ...section }, fromEnvironment: new Set(Object.keys(section)) };
}

function missingEnvironment(environment: string, name: string, known: readonly string[]): UserError {
  return new UserError('CONFIG_FILE_INVALID', `${name} has no section "${environment}" under "environments"`, {
    hint: known.length > 0 ? `It has: ${known.join(', ')}` : `Add it: "environments": { "${environment}": { "region": "…" } }`,
  });
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new UserError('CONFIG_FILE_INVALID', `${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function parseObject(text: string, name: string): Promise<Record<string, unknown>> {
  // Plain JSON is the usual case and costs no library.
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = await parseWithComments(text, name);
  }
  if (!isObject(value)) throw new UserError('CONFIG_FILE_INVALID', `${name} must hold a JSON object`);
  return value;
}

async function parseWithComments(text: string, name: string): Promise<unknown> {
  const { parse, printParseErrorCode } = await import('./jsonc-parse.ts');
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const first = errors[0];
  if (first === undefined) return value;
  const before = text.slice(0, first.offset).split('\n');
  const place = `${name}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  throw new UserError('CONFIG_FILE_INVALID', `${place} is not valid JSON (${printParseErrorCode(first.error)})`, {
    hint: 'Comments and trailing commas are fine; check quotes, commas and braces near that place',
  });
}

/**
 * Adds or replaces keys at the top level (or in the section of `environment`), keeping comments and everything else.
 * Throws UserError CONFIG_FILE_NOT_SAVED.
 */
export async function saveDefaults(path: string, values: Readonly<Record<string, unknown>>, environment?: string): Promise<void> {
  try {
    const { modify, applyEdits } = await import('./jsonc-edit.ts');
    let text = existsSync(path) ? readFileSync(path, 'utf8') : '{}\n';
    for (const [key, value] of Object.entries(values)) {
      const keyPath = environment === undefined ? [key] : ['environments', environment, key];
      text = applyEdits(text, modify(text, keyPath, value, { formattingOptions: { insertSpaces: true, tabSize: 2 } }));
    }
    writeFileSync(path, text);
  } catch (error) {
    throw new UserError('CONFIG_FILE_NOT_SAVED', `The settings could not be saved to ${path}: ${messageOf(error)}`, {
      hint: 'The command itself has done its work; only saving failed',
      cause: error,
    });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
