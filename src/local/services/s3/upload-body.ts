/** Takes in the body of PutObject and UploadPart, checking everything that the request says about it. */
import { ServiceError } from '../../types.ts';
import { decodeAwsChunked, isAwsChunked } from './aws-chunked.ts';
import { givenChecksums, settleChecksums, wantedAlgorithms } from './checksums.ts';
import type { ContentFolder, SavedContent } from './content.ts';
import type { S3Request } from './state.ts';

export interface UploadedBody extends Omit<SavedContent, 'checksums'> {
  /** `x-amz-checksum-…` headers to keep and to answer. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Throws ServiceError `IncompleteBody`, `BadDigest`, `XAmzContentSHA256Mismatch`; nothing is left on the disk then. */
export async function saveUploadedBody(
  content: ContentFolder,
  request: S3Request,
  alsoCompute: readonly string[] = [],
): Promise<UploadedBody> {
  const { headers } = request;
  const trailers = new Map<string, string>();
  const source: AsyncIterable<Buffer> = isAwsChunked(headers) ? decodeAwsChunked(request.body, trailers) : request.body;
  const saved = await content.save([source], [...wantedAlgorithms(headers), ...alsoCompute]);
  try {
    checkLength(request, saved.size);
    checkDigests(request, saved);
    return { ...saved, checksums: settleChecksums(givenChecksums(headers, trailers), saved.checksums) };
  } catch (error) {
    content.remove(saved.file);
    throw error;
  }
}

function checkLength(request: S3Request, size: number): void {
  const announced = request.headers[isAwsChunked(request.headers) ? 'x-amz-decoded-content-length' : 'content-length'];
  if (announced !== undefined && Number(announced) !== size) {
    throw new ServiceError('IncompleteBody', 'You did not provide the number of bytes specified by the Content-Length HTTP header', 400);
  }
}

function checkDigests(request: S3Request, saved: SavedContent): void {
  const md5 = request.headers['content-md5'];
  if (typeof md5 === 'string' && md5 !== Buffer.from(saved.md5, 'hex').toString('base64')) {
    throw new ServiceError('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400);
  }
  const sha256 = request.headers['x-amz-content-sha256'];
  if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) && sha256 !== saved.sha256) {
    throw new ServiceError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      400,
    );
  }
}
