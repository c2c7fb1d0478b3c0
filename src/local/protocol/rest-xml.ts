/**
 * The REST-XML protocol as S3 speaks it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { ServiceError, ServiceRequest } from '../types.ts';
import { readBody } from './body.ts';
import { parseXml, renderXml, xmlObject } from './xml.ts';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A namespace-qualified S3 document; arrays are repeated elements. */
export function renderS3Document(root: string, members: unknown): string {
  return DECLARATION + renderXml(`${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`, members, 'flat');
}

export function sendS3Document(response: ServerResponse, root: string, members: unknown, headers: OutgoingHttpHeaders = {}): void {
  const body = Buffer.from(renderS3Document(root, members));
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': body.length, ...headers });
  response.end(body);
}

/** An answer without a body. */
export function sendS3Empty(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, status === 204 || status === 304 ? headers : { 'content-length': 0, ...headers });
  response.end();
}

/** `<Error>`; without a body for HEAD and 304, which have none. */
export function sendS3Error(
  response: ServerResponse,
  error: ServiceError,
  request: Pick<ServiceRequest, 'method' | 'rawPath' | 'requestId'>,
): void {
  if (request.method === 'HEAD' || error.status === 304) {
    response.writeHead(error.status);
    response.end();
    return;
  }
  const members = { Code: error.code, Message: error.message, ...error.details, Resource: request.rawPath, RequestId: request.requestId };
  const body = Buffer.from(DECLARATION + renderXml('Error', members, 'flat'));
  response.writeHead(error.status, { 'content-type': 'application/xml', 'content-length': body.length });
  response.end(body);
}

/** Reads the members of a document's root element, whatever its name. Throws ServiceError `MalformedXML`. */
export async function readXmlBody(body: Readable): Promise<Readonly<Record<string, unknown>>> {
  const document = parseXml((await readBody(body)).toString('utf8'));
  return xmlObject(Object.values(document)[0]);
}
