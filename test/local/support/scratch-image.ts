import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProgram } from './programs.ts';

/** Builds a small image from nothing but the machine's static busybox. Answers its id. */
export async function buildScratchImage(tag: string, content: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lambda-tool-image-'));
  try {
    await copyFile('/bin/busybox', path.join(folder, 'busybox'));
    await writeFile(path.join(folder, 'content.txt'), content);
    await writeFile(
      path.join(folder, 'Dockerfile'),
      'FROM scratch\nCOPY busybox /bin/sh\nCOPY content.txt /content.txt\nCMD ["/bin/sh"]\n',
    );
    const built = await runProgram('docker', ['build', '-q', '-t', tag, folder], { env: { DOCKER_BUILDKIT: '0' } });
    if (built.code !== 0) throw new Error(built.stderr);
    return built.stdout.trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
