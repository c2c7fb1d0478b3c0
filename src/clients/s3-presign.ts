import { SignatureV4 } from '@smithy/signature-v4';

import type { S3Edge } from './s3-edge.ts';

/** A GET address that carries its own signature (SigV4 in the query). Valid no longer than the credentials it was signed with. */
export async function presignGet(edge: S3Edge, bucket: string, key: string, expiresInSeconds: number): Promise<string> {
  const base = new URL(
    edge.config.endpoint ??
      `https://s3.${edge.config.region}.${edge.config.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`,
  );
  const path = `${base.pathname.replace(/\/$/, '')}/${[bucket, ...key.split('/')].map(encodeSegment).join('/')}`;
  const signer = new SignatureV4({
    service: 's3',
    region: edge.config.region,
    credentials: edge.config.credentials,
    sha256: edge.client.config.sha256,
    // S3 signs the path as it is sent; other services encode it once more.
    uriEscapePath: false,
    applyChecksum: false,
  });
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: base.protocol,
      hostname: base.hostname,
      ...(base.port === '' ? {} : { port: Number(base.port) }),
      path,
      query: {},
      headers: { host: base.host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    },
    { expiresIn: expiresInSeconds },
  );
  const url = new URL(`${base.protocol}//${base.host}${signed.path}`);
  for (const [name, value] of Object.entries(signed.query ?? {})) url.searchParams.set(name, String(value));
  return url.href;
}

/** RFC 3986: also the marks that encodeURIComponent leaves. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
