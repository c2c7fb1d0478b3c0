import { readFileSync } from 'node:fs';
import { extname, basename } from 'node:path';

import { UserError, messageOf } from '../errors.ts';
import { checkWritable, writeAtomically } from './safe-file.ts';

type Outputs = Readonly<Record<string, string>>;

/** Whether a file takes lines `NAME=value`: `.env`, `.env.local`, `shop.env`. */
function isEnvFile(path: string): boolean {
  return extname(path) === '.env' || /^\.env(\.|$)/.test(basename(path));
}

/** Before any long work: the file can be written, and what is in it can be added to. Throws UserError FILE_NOT_WRITABLE. */
export function checkOutputsFile(path: string): void {
  checkWritable(path, 'The outputs file');
  mergeOutputs(path, 'Stack', {});
}

/**
 * Writes the outputs of a stack. JSON is `{ "Stack": { "Output": "value" } }`, as the AWS CDK writes it; the entries of other stacks
 * stay. In an env file the lines of these names are replaced and everything else stays. Throws UserError FILE_NOT_WRITABLE.
 */
export function writeOutputsFile(path: string, stackName: string, outputs: Outputs): void {
  writeAtomically(path, mergeOutputs(path, stackName, outputs), 'The outputs file');
}

function mergeOutputs(path: string, stackName: string, outputs: Outputs): string {
  const before = readBefore(path);
  return isEnvFile(path) ? mergeEnv(before, outputs) : mergeJson(path, before, stackName, outputs);
}

function readBefore(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw unusable(path, messageOf(error), error);
  }
}

function mergeJson(path: string, before: string, stackName: string, outputs: Outputs): string {
  let known: unknown = {};
  try {
    if (before.trim() !== '') known = JSON.parse(before);
  } catch (error) {
    throw unusable(path, `it holds something else than JSON (${messageOf(error)})`, error);
  }
  if (typeof known !== 'object' || known === null || Array.isArray(known)) throw unusable(path, 'it holds something else than stacks');
  return `${JSON.stringify({ ...known, [stackName]: outputs }, null, 2)}\n`;
}

/** A line that sets a variable, with values in quotes that go over several lines. */
const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*('[^']*'|"(?:\\.|[^"\\])*"|[^\n]*)[^\n]*\n?/gm;

function mergeEnv(before: string, outputs: Outputs): string {
  const left = new Map(Object.entries(outputs).map(([name, value]) => [envName(name), value]));
  const kept = before.replace(ASSIGNMENT, (line, name: string) => {
    const value = left.get(name);
    if (value === undefined) return line;
    left.delete(name);
    return `${name}=${quote(value)}\n`;
  });
  const gap = kept === '' || kept.endsWith('\n') ? '' : '\n';
  return `${kept}${gap}${[...left].map(([name, value]) => `${name}=${quote(value)}\n`).join('')}`;
}

/** CloudFormation's names are letters and digits and may begin with a digit, which a variable may not. */
function envName(name: string): string {
  return name.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_');
}

/** A form that a shell and the usual readers of env files understand alike. */
function quote(value: string): string {
  if (/^[\w./:@%+=,-]*$/.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  return `"${value.replaceAll(/[\\"$`]/g, '\\$&')}"`;
}

function unusable(path: string, why: string, cause?: unknown): UserError {
  return new UserError('FILE_NOT_WRITABLE', `The outputs cannot be added to ${path}: ${why}`, {
    hint: 'Name another file, or remove this one',
    cause,
  });
}
