/** A custom runtime in shell, for images FROM scratch with nothing but busybox in them, and for zips. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Answers each event with what `answer` (shell, the event in $EVENT) prints. `busybox` is the path of the program. */
export function bootstrapScript(answer: string, busybox = '/bin/busybox'): string {
  return `#!${busybox} sh
B=${busybox}
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
D=\${TMPDIR:-/tmp}
while :; do
  $B wget -q -S -O "$D/event" "$API/invocation/next" 2> "$D/headers" || exit 1
  ID=$($B grep -i 'lambda-runtime-aws-request-id' "$D/headers" | $B tr -d '\\r' | $B sed 's/.*: //')
  EVENT=$($B cat "$D/event")
  { ${answer}; } > "$D/answer"
  $B wget -q -O /dev/null --post-file="$D/answer" "$API/invocation/$ID/response" || exit 1
done
`;
}

/** Builds an image with this bootstrap; answers its id (the digest of its configuration). */
export async function buildBusyboxImage(tag: string, answer: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'busybox-image-'));
  try {
    await mkdir(join(folder, 'tmp'));
    await copyFile('/bin/busybox', join(folder, 'busybox'));
    await writeFile(join(folder, 'bootstrap'), bootstrapScript(answer), { mode: 0o755 });
    await writeFile(
      join(folder, 'Dockerfile'),
      'FROM scratch\nCOPY busybox /bin/busybox\nCOPY bootstrap /bootstrap\nCOPY tmp /tmp\nENTRYPOINT ["/bin/busybox", "sh", "/bootstrap"]\n',
    );
    await run('docker', ['build', '-q', '-t', tag, folder], { env: { ...process.env, DOCKER_BUILDKIT: '0' } });
    const { stdout } = await run('docker', ['image', 'inspect', '--format', '{{.Id}}', tag]);
    return stdout.trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function removeImage(tag: string): Promise<void> {
  await run('docker', ['image', 'rm', '-f', tag]);
}

/** Ids of the containers with this label. */
export async function containersWith(label: string): Promise<readonly string[]> {
  const { stdout } = await run('docker', ['ps', '-aq', '--filter', `label=${label}`]);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Whether an engine answers. */
export async function hasEngine(): Promise<boolean> {
  return await run('docker', ['version']).then(
    () => true,
    () => false,
  );
}
