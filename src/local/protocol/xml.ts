/** XML out and in, as far as the AWS query and REST-XML protocols need it. */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { ServiceError } from '../types.ts';

/** Characters that XML 1.0 cannot hold in any spelling. */
// oxlint-disable-next-line no-control-regex -- the control characters are the point
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

export function escapeXml(text: string): string {
  return text.replace(NOT_XML, '\ufffd').replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

/**
 * Renders a value as elements. Objects nest in the order of their members; undefined members are left out; dates become
 * ISO 8601 in UTC. Arrays: with `list: 'member'` (query protocol) `<Name><member/>…</Name>`, with `list: 'flat'` (S3) `<Name/><Name/>`.
 * A name may carry attributes after a space (`Grantee xsi:type="…"`), which its closing tag leaves out.
 */
export function renderXml(name: string, value: unknown, list: 'member' | 'flat'): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) {
    if (list === 'flat') return value.map((item) => renderXml(name, item, list)).join('');
    return element(name, value.map((item) => renderXml('member', item, list)).join(''));
  }
  if (value instanceof Date) return element(name, value.toISOString());
  if (typeof value === 'object') {
    return element(
      name,
      Object.entries(value)
        .map(([key, member]) => renderXml(key, member, list))
        .join(''),
    );
  }
  return element(name, escapeXml(`${value as string | number | boolean}`));
}

function element(name: string, content: string): string {
  const tag = name.split(' ', 1)[0] ?? name;
  return content === '' ? `<${name}/>` : `<${name}>${content}</${tag}>`;
}

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  removeNSPrefix: true,
  trimValues: false,
  processEntities: true,
  // Numeric references are among these.
  htmlEntities: true,
});

/**
 * Parses a document into nested objects of strings; repeated elements are arrays. Document type declarations are refused, so
 * that no entity can grow. Throws ServiceError `MalformedXML` (400).
 */
export function parseXml(text: string): Record<string, unknown> {
  const malformed = () =>
    new ServiceError('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema');
  if (/<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true) throw malformed();
  const value: unknown = parser.parse(text);
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) throw malformed();
  return value as Record<string, unknown>;
}

/** A member of a parsed document as a list: absent → empty, single → one item. */
export function xmlList(value: unknown): readonly unknown[] {
  if (value === undefined || value === '') return [];
  return Array.isArray(value) ? value : [value];
}

/** A member of a parsed document as an object; anything else is an empty one. */
export function xmlObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** A member of a parsed document as text, undefined when absent or not a leaf. */
export function xmlText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
