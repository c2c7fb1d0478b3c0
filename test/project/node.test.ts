import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type CreatedProject } from '../../src/project/create.ts';
import { findProjectTemplate } from '../../src/project/templates.ts';
import { besideContainer, buildFromFolder, whyNoBaseImage } from '../support/base-image.ts';
import { buildNodeBaseImage } from '../support/node-base-image.ts';
import { run, start } from '../support/run.ts';
import { startRuntimeApi } from '../support/runtime-api.ts';

const templatesFolder = join(import.meta.dirname, '../../templates');
const noBaseImage = await whyNoBaseImage();
if (noBaseImage) console.log(`Skipped, the Node.js image template in a container: ${noBaseImage}.`);

/** An event of payload format 2.0, as an HTTP API sends it. */
function httpEvent(method: string, path: string, more: Record<string, unknown> = {}): unknown {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers: {},
    isBase64Encoded: false,
    requestContext: { stage: '$default', http: { method, path, sourceIp: '192.0.2.1' } },
    ...more,
  };
}

for (const alias of ['node-zip', 'node-image']) {
  describe(alias, () => {
    let folder: string;
    let project: CreatedProject;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'lambda-tool-node-'));
      project = await createProject({ template: findProjectTemplate(alias), outputDirectory: join(folder, 'Greeter'), templatesFolder });
    });

    afterAll(() => rm(folder, { recursive: true }));

    test('has tests that pass with npm test, without an install', async () => {
      const { code, output } = await run('npm', ['test'], { cwd: project.directory });
      expect(code, output).toBe(0);
      expect(output).toMatch(/\bpass 5\b/);
    });

    test('answers on this machine with npm start, as it would in Lambda', async () => {
      const running = start('npm', ['start'], { cwd: project.directory, env: { ...process.env, PORT: '0' } });
      try {
        const [, url] = await running.waitFor(/(http:\/\/localhost:\d+)/);
        const home = await fetch(`${url}/`);
        expect(home.status).toBe(200);
        expect(await home.json()).toMatchObject({ message: 'Hello from Greeter' });

        const hello = await fetch(`${url}/hello/Ada%20Lovelace?greeting=Hi`);
        expect(await hello.json()).toEqual({ message: 'Hi, Ada Lovelace!' });
        const echo = await fetch(`${url}/echo`, { method: 'POST', body: '{"ä":1}', headers: { 'content-type': 'application/json' } });
        expect(await echo.json()).toEqual({ received: { ä: 1 } });
        expect((await fetch(`${url}/echo`, { method: 'DELETE' })).status).toBe(405);
        expect((await fetch(`${url}/hello/%E0%A4%A`)).status).toBe(400);
        const head = await fetch(`${url}/`, { method: 'HEAD' });
        expect([head.status, await head.text()]).toEqual([200, '']);
      } finally {
        await running.stop();
      }
    });

    test('says what to do when the port is taken', async () => {
      const first = start('npm', ['start'], { cwd: project.directory, env: { ...process.env, PORT: '0' } });
      try {
        const [, port] = await first.waitFor(/localhost:(\d+)/);
        const second = await run('npm', ['start'], { cwd: project.directory, env: { ...process.env, PORT: port } });
        expect(second.code).not.toBe(0);
        expect(second.output).toContain(`Port ${port} is taken; choose another: PORT=3001 npm start`);
      } finally {
        await first.stop();
      }
    });
  });
}

test.skipIf(noBaseImage)('the Node.js image answers an event from a container', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lambda-tool-node-'));
  const unique = `${process.pid}-${Date.now()}`;
  const project = await createProject({
    template: findProjectTemplate('node-image'),
    outputDirectory: join(folder, 'Greeter'),
    templatesFolder,
  });
  const template = parseYaml(await readFile(join(project.directory, 'serverless.template'), 'utf8'), { logLevel: 'silent' });
  const { ImageConfig } = template.Resources.HttpFunction.Properties;

  const baseTag = `lambda-tool-test/node-base:${unique}`;
  const tag = `lambda-tool-test/greeter:${unique}`;
  const removeBase = await buildNodeBaseImage(baseTag);
  const removeImage = await buildFromFolder(project.directory, tag, { BASE_IMAGE: baseTag }, (path) => !path.startsWith('test/'));
  const api = await startRuntimeApi();
  try {
    const env = { AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.port}`, AWS_LAMBDA_FUNCTION_NAME: 'greeter' };
    const answer = await besideContainer(tag, ImageConfig.Command, env, () => api.invoke(httpEvent('GET', '/hello/Ada')));
    expect(answer).toMatchObject({ kind: 'response', body: { statusCode: 200, body: '{"message":"Hello, Ada!"}' } });
  } finally {
    await api.close();
    await removeImage();
    await removeBase();
    await rm(folder, { recursive: true });
  }
});

test('every file of every template is in the package that npm makes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lambda-tool-pack-'));
  try {
    // Only the templates, so that neither builds nor other files of the repository matter.
    await cp(templatesFolder, join(folder, 'templates'), { recursive: true, filter: (path) => !/[/\\](bin|obj|node_modules)$/.test(path) });
    await cp(join(templatesFolder, '../package.json'), join(folder, 'package.json'));
    const { code, output } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=silent'], { cwd: folder });
    expect(code, output).toBe(0);
    const [packed] = JSON.parse(output.slice(output.indexOf('['))) as [{ files: { path: string }[] }];
    const shipped = packed.files.map(({ path }) => path).filter((path) => path.startsWith('templates/'));

    const entries = await readdir(join(folder, 'templates'), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    expect(shipped.toSorted()).toEqual(files.toSorted());
  } finally {
    await rm(folder, { recursive: true });
  }
});
