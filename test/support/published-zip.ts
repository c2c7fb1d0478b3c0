import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Workspace } from './cli.ts';

const LIST =
  'import json,sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(json.dumps({i.filename: {"content": z.read(i).decode("latin1"), "mode": i.external_attr >> 16} for i in z.infolist()}))';

/** What another program than ours finds in a zip: contents as latin1, and modes with the bits that say what kind of file it is. */
export function readZip(file: string): Record<string, { readonly content: string; readonly mode: number }> {
  const { stdout, stderr } = spawnSync('python3', ['-c', LIST, file], { encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, { content: string; mode: number }>;
}

/** A client for the local target of a workspace, with what `local env` says. */
async function localS3(workspace: Workspace): Promise<S3Client> {
  const { stdout } = await workspace.run(['local', 'env']);
  const said = Object.fromEntries([...stdout.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map((match) => [match[1], match[2]]));
  return new S3Client({
    endpoint: said['AWS_ENDPOINT_URL'] ?? '',
    region: said['AWS_REGION'] ?? said['AWS_DEFAULT_REGION'] ?? '',
    credentials: { accessKeyId: said['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: said['AWS_SECRET_ACCESS_KEY'] ?? '' },
    forcePathStyle: true,
  });
}

/** Names and contents (as latin1) of the zip in S3 that a packaged template names, read by a program that is not ours. */
export async function publishedZip(
  workspace: Workspace,
  template: string,
  logicalId: string,
  property = 'CodeUri',
): Promise<Record<string, string>> {
  const out = JSON.parse(readFileSync(template, 'utf8')) as { Resources: Record<string, { Properties: Record<string, string> }> };
  const file = join(workspace.folder, `got-${process.hrtime.bigint()}.zip`);
  writeFileSync(file, await publishedBytes(workspace, out.Resources[logicalId]?.Properties[property] ?? ''));
  const found = readZip(file);
  rmSync(file);
  return Object.fromEntries(Object.entries(found).map(([name, { content }]) => [name, content]));
}

/** The bytes of an object of the local target, by its `s3://` address. */
export async function publishedBytes(workspace: Workspace, uri: string): Promise<Uint8Array> {
  const [bucket = '', ...key] = uri.slice('s3://'.length).split('/');
  const { Body } = await (await localS3(workspace)).send(new GetObjectCommand({ Bucket: bucket, Key: key.join('/') }));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}
