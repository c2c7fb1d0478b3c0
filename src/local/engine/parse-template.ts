/** The text of a template → plain data, with CloudFormation's short YAML tags in their long form. */
import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { ServiceError } from '../types.ts';
import { type Dict, isDict } from './values.ts';

export function validationError(message: string): ServiceError {
  return new ServiceError('ValidationError', message, 400);
}

/** Reads JSON or YAML. Throws ServiceError `ValidationError` in CloudFormation's words, with line and column. */
export function parseTemplate(text: string): Dict {
  const value = parseSnippet(text);
  if (!isDict(value)) throw validationError('Template format error: unsupported structure.');
  return value;
}

/** Any JSON or YAML document, for `AWS::Include` snippets too. */
export function parseSnippet(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return parseYaml(text);
  const errors: ParseError[] = [];
  const value: unknown = parseJsonc(text, errors, { disallowComments: true });
  const first = errors[0];
  if (first === undefined) return value;
  // A flow mapping of YAML begins with a brace too.
  if (/(^|[\s[,:{])![A-Z]/.test(text) && parseDocument(text, { schema: 'failsafe', logLevel: 'silent' }).errors.length === 0) {
    return parseYaml(text);
  }
  const before = text.slice(0, first.offset).split('\n');
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  throw validationError(`Template format error: JSON not well-formed. (${place}): ${printParseErrorCode(first.error)}`);
}

function parseYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter, logLevel: 'silent' });
  const problem = document.errors[0];
  if (problem === undefined) return toData(document.contents, document);
  const { line, col } = lineCounter.linePos(problem.pos[0]);
  const reason = (problem.message.split('\n', 1)[0] ?? '').replace(/ at line .*$/, '');
  throw validationError(`Template format error: YAML not well-formed. (line ${line}, column ${col}): ${reason}`);
}

/** Short tags without `Fn::` in their long form. */
const PLAIN_NAMES: Readonly<Record<string, string>> = { '!Ref': 'Ref', '!Condition': 'Condition' };

function toData(node: unknown, document: Document): unknown {
  if (isAlias(node)) return toData(node.resolve(document), document);
  const value = untaggedData(node, document);
  const tag = (node as Node | null)?.tag;
  if (tag === undefined || !tag.startsWith('!') || tag === '!') return value;
  if (tag === '!GetAtt' && typeof value === 'string') return { 'Fn::GetAtt': splitOnce(value) };
  return { [PLAIN_NAMES[tag] ?? `Fn::${tag.slice(1)}`]: value };
}

function splitOnce(text: string): unknown {
  const dot = text.indexOf('.');
  return dot > 0 ? [text.slice(0, dot), text.slice(dot + 1)] : text;
}

function untaggedData(node: unknown, document: Document): unknown {
  if (isMap(node)) return mapData(node, document);
  if (isSeq(node)) return node.items.map((item) => toData(item, document));
  return isScalar(node) ? scalarData(node) : null;
}

function mapData(map: YAMLMap, document: Document): Dict {
  const data: Record<string, unknown> = {};
  for (const pair of map.items) {
    const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
    const value = toData(pair.value, document);
    if (key === '<<' && isDict(value)) Object.assign(data, value, data);
    else Object.defineProperty(data, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return data;
}

const TRUE = /^(?:true|True|TRUE|yes|Yes|YES|on|On|ON)$/;
const FALSE = /^(?:false|False|FALSE|no|No|NO|off|Off|OFF)$/;

/** YAML 1.1's scalars, but numbers that would lose their spelling (`012`, `1.10`) and dates stay text. */
function scalarData(node: Scalar): unknown {
  const text = typeof node.value === 'string' ? node.value : '';
  if (node.type !== 'PLAIN' || node.tag !== undefined) return text;
  if (text === '' || text === '~' || /^(?:null|Null|NULL)$/.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  return /^-?[0-9]/.test(text) && String(Number(text)) === text ? Number(text) : text;
}
