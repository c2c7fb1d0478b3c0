import { join } from 'node:path';
import { buildBaseImage, sharedLibraries } from './base-image.ts';

const ENTRY_POINT = `#!/bin/sh
export _HANDLER="\${1:-$_HANDLER}"
cd "$LAMBDA_TASK_ROOT" || exit 1
exec node /var/runtime/bootstrap.mjs
`;

const INSTRUCTIONS = `ENV PATH=/bin \\
    LAMBDA_TASK_ROOT=/var/task \\
    LAMBDA_RUNTIME_DIR=/var/runtime
WORKDIR /var/task
ENTRYPOINT ["/lambda-entrypoint.sh"]
`;

/**
 * Builds an image that stands in for public.ecr.aws/lambda/nodejs:24: the Node.js that runs the tests with the shared
 * libraries it needs, a shell, and a client of the Lambda Runtime API. Answers with a function that removes it.
 */
export async function buildNodeBaseImage(tag: string): Promise<() => Promise<void>> {
  const libraries = await sharedLibraries([process.execPath]);
  return buildBaseImage(tag, INSTRUCTIONS, async (files) => {
    await files.text('lambda-entrypoint.sh', ENTRY_POINT, 0o755);
    await files.file(join(import.meta.dirname, 'node-bootstrap.mjs'), 'var/runtime/bootstrap.mjs');
    await files.file(process.execPath, 'bin/node');
    for (const library of libraries) await files.file(library, library);
  });
}
