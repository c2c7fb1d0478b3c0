import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { besideContainer, buildFromFolder } from '../support/base-image.ts';
import { buildDotnetBaseImage, whyNoBaseImage, whyNoDotnet, withDotnetProject, type DotnetProject } from '../support/dotnet.ts';
import { start, type RunningProgram } from '../support/run.ts';
import { startRuntimeApi, type FakeRuntimeApi, type RuntimeAnswer } from '../support/runtime-api.ts';

const skipped = await whyNoDotnet();
if (skipped) console.log(`Skipped, the .NET project templates: ${skipped}.`);
const noBaseImage = skipped ?? (await whyNoBaseImage());
if (!skipped && noBaseImage) console.log(`Skipped, the .NET image template in a container: ${noBaseImage}.`);

const BUILD_MS = 180_000;

interface Proxied {
  statusCode: number;
  body: string;
  isBase64Encoded: boolean;
  multiValueHeaders: Record<string, string[]>;
}

/** What a REST API sends, made from the sample that the project has for its own tests. */
async function restEvent(project: DotnetProject, sample: string, change: Record<string, unknown> = {}): Promise<unknown> {
  const text = await readFile(join(project.testDirectory, 'SampleRequests', sample), 'utf8');
  return { ...JSON.parse(text), ...change };
}

/** What the template says of the function. */
async function functionProperties(project: DotnetProject): Promise<{ Handler: string; ImageConfig: { Command: string[] } }> {
  const template = JSON.parse(await readFile(join(project.projectDirectory, 'serverless.template'), 'utf8'));
  return template.Resources.AspNetCoreFunction.Properties;
}

/** What .dockerignore lets through, and the Dockerfile. */
function isInImage(path: string): boolean {
  return path === 'Dockerfile' || path.startsWith('bin/Release/lambda-publish/');
}

function proxied(answer: RuntimeAnswer): Proxied {
  expect(answer, JSON.stringify(answer)).toMatchObject({ kind: 'response' });
  return answer.body as Proxied;
}

/** The arguments that lambda-tool, like the reference tool, publishes with. */
async function publish(project: DotnetProject, output: string): Promise<void> {
  const runtime = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
  const args = ['publish', '--output', output, '--configuration', 'Release', '--framework', 'net10.0'];
  const { code, output: log } = await project.dotnet([
    ...args,
    '/p:GenerateRuntimeConfigurationFiles=true',
    '--runtime',
    runtime,
    '--self-contained',
    'False',
  ]);
  expect(code, log).toBe(0);
}

describe.skipIf(skipped)('serverless.AspNetCoreWebAPI', () => {
  let project: DotnetProject;
  let api: FakeRuntimeApi;
  let running: RunningProgram;

  beforeAll(async () => {
    project = await withDotnetProject('aspnetcore-zip', 'My-App');
    console.log(project.feed.note);
    const published = join(project.projectDirectory, 'bin/Release/net10.0/publish');
    await publish(project, published);
    api = await startRuntimeApi();
    // As the managed runtime starts an executable assembly: the handler is its name.
    const { Handler } = await functionProperties(project);
    const env = {
      ...project.env,
      AWS_LAMBDA_FUNCTION_NAME: 'demo',
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.port}`,
      LAMBDA_TASK_ROOT: published,
    };
    running = start('dotnet', [`${Handler}.dll`], { cwd: published, env });
  }, BUILD_MS);

  afterAll(async () => {
    await running?.stop();
    await api?.close();
    await project?.remove();
  });

  test('publishes what runs, and neither settings of the deployment nor sources', async () => {
    const files = await readdir(join(project.projectDirectory, 'bin/Release/net10.0/publish'));
    expect(files).toEqual(expect.arrayContaining(['My-App.dll', 'My-App.deps.json', 'My-App.runtimeconfig.json', 'appsettings.json']));
    expect(files).not.toContain('aws-lambda-tools-defaults.json');
  });

  test('answers an event of a REST API through the Runtime API', async () => {
    const response = proxied(await api.invoke(await restEvent(project, 'ValuesController-Get.json')));
    expect(response).toMatchObject({ statusCode: 200, body: '["value1","value2"]', isBase64Encoded: false });
    expect(response.multiValueHeaders['Content-Type']).toEqual(['application/json; charset=utf-8']);
  });

  test('reads a body, encoded or not, and knows the stage it is called under', async () => {
    const plain = proxied(await api.invoke(await restEvent(project, 'ValuesController-Post.json')));
    expect(plain).toMatchObject({ statusCode: 201, body: 'value3' });
    expect(plain.multiValueHeaders['Location']).toEqual(['https://example.execute-api.eu-central-1.amazonaws.com/Prod/api/Values/3']);

    const encoded = await restEvent(project, 'ValuesController-Post.json', {
      body: Buffer.from('"ä"').toString('base64'),
      isBase64Encoded: true,
    });
    expect(proxied(await api.invoke(encoded))).toMatchObject({ statusCode: 201, body: 'ä' });
  });

  test('answers at the root, and with 404 and 400 where that is due', async () => {
    const at = (path: string, more = {}) => ({
      resource: '/{proxy+}',
      path,
      httpMethod: 'GET',
      pathParameters: { proxy: path.slice(1) },
      ...more,
    });
    expect(proxied(await api.invoke({ ...at('/'), resource: '/', pathParameters: null }))).toMatchObject({ statusCode: 200 });
    expect(proxied(await api.invoke(at('/api/values/7')))).toMatchObject({ statusCode: 200, body: 'value7' });
    expect(proxied(await api.invoke(at('/nowhere')))).toMatchObject({ statusCode: 404 });
    const bad = await restEvent(project, 'ValuesController-Post.json', { body: '{' });
    expect(proxied(await api.invoke(bad))).toMatchObject({ statusCode: 400 });
  });

  test(
    'has tests that pass',
    async () => {
      const { code, output } = await project.dotnet(['test'], project.testDirectory);
      if (/NU1101|NU1301/.test(output)) {
        console.log('Skipped, the tests of the project: the package registry has no xunit.');
        return;
      }
      expect(code, output).toBe(0);
      expect(output).toMatch(/Passed:\s+3/);
    },
    BUILD_MS,
  );
});

describe.skipIf(skipped)('serverless.image.AspNetCoreWebAPI', () => {
  let project: DotnetProject;

  beforeAll(async () => {
    project = await withDotnetProject('aspnetcore-image', 'Shop.Api');
    await publish(project, join(project.projectDirectory, 'bin/Release/lambda-publish'));
  }, BUILD_MS);

  afterAll(() => project?.remove());

  test(
    'answers on this machine with dotnet run',
    async () => {
      const running = start('dotnet', ['run', '--no-launch-profile', '--', '--urls', 'http://127.0.0.1:0'], {
        cwd: project.projectDirectory,
        env: project.env,
      });
      try {
        const [, url] = await running.waitFor(/Now listening on: (http:\S+)/, BUILD_MS);
        const response = await fetch(`${url}/api/values`);
        expect(response.status).toBe(200);
        expect(await response.json()).toEqual(['value1', 'value2']);
        expect(await (await fetch(`${url}/`)).text()).toContain('Shop.Api is running');
      } finally {
        await running.stop();
      }
    },
    BUILD_MS,
  );

  test.skipIf(noBaseImage)(
    'answers an event of a REST API from a container on the base image that stands in for the one of Lambda',
    async () => {
      const unique = `${process.pid}-${Date.now()}`;
      const baseTag = `lambda-tool-test/dotnet-base:${unique}`;
      const tag = `lambda-tool-test/shop-api:${unique}`;
      const removeBase = await buildDotnetBaseImage(baseTag, project.feed.bootstrapFolder);
      const removeImage = await buildFromFolder(project.projectDirectory, tag, { BASE_IMAGE: baseTag }, isInImage);
      const api = await startRuntimeApi();
      try {
        const { ImageConfig } = await functionProperties(project);
        const event = await restEvent(project, 'ValuesController-Get.json');
        const env = { AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.port}`, AWS_LAMBDA_FUNCTION_NAME: 'demo' };
        const answer = await besideContainer(tag, ImageConfig.Command, env, () => api.invoke(event));
        expect(proxied(answer)).toMatchObject({ statusCode: 200, body: '["value1","value2"]' });
      } finally {
        await api.close();
        await removeImage();
        await removeBase();
      }
    },
    BUILD_MS,
  );
});
