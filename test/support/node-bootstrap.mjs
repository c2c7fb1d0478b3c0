// The loop of a Node.js runtime: loads `path/file.export` from LAMBDA_TASK_ROOT, asks the Lambda Runtime API for events and
// answers them. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

const handler = await load(process.env._HANDLER).catch(async (error) => {
  console.error(error);
  await postError('init/error', error);
  process.exit(1);
});

for (;;) {
  const next = await fetch(`${root}/invocation/next`);
  const requestId = next.headers.get('lambda-runtime-aws-request-id');
  const context = {
    awsRequestId: requestId,
    invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    getRemainingTimeInMillis: () => Number(next.headers.get('lambda-runtime-deadline-ms')) - Date.now(),
  };
  try {
    const answer = await handler(await next.json(), context);
    await fetch(`${root}/invocation/${requestId}/response`, { method: 'POST', body: JSON.stringify(answer ?? null) });
  } catch (error) {
    console.error(error);
    await postError(`invocation/${requestId}/error`, error);
  }
}

async function load(name) {
  const [, path, exported] = /^(.*)\.([^.]+)$/.exec(name);
  const base = join(process.env.LAMBDA_TASK_ROOT, path);
  const file = ['.mjs', '.js', '.cjs'].map((extension) => base + extension).find((candidate) => existsSync(candidate));
  if (!file) throw new Error(`There is no module ${base}`);
  const module = await import(pathToFileURL(file).href);
  return module[exported] ?? module.default[exported];
}

async function postError(path, error) {
  const body = JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') });
  await fetch(`${root}/${path}`, { method: 'POST', body, headers: { 'lambda-runtime-function-error-type': error.name } });
}
