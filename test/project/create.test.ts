import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProject } from '../../src/project/create.ts';
import { findProjectTemplate, listProjectTemplates } from '../../src/project/templates.ts';
import { writeProjectFiles } from '../../src/project/write-files.ts';

const templatesFolder = join(import.meta.dirname, '../../templates');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lambda-tool-new-'));
});

afterEach(async () => {
  await chmod(folder, 0o755);
  await rm(folder, { recursive: true });
});

function create(template: string, output: string, more: { name?: string; force?: boolean } = {}) {
  return createProject({ template: findProjectTemplate(template), outputDirectory: join(folder, output), templatesFolder, ...more });
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

describe('every template', () => {
  for (const template of listProjectTemplates()) {
    test(`${template.name} comes out complete, under the name of its directory`, async () => {
      const project = await create(template.name, 'Shop');

      expect(project.name).toBe('Shop');
      expect(await filesBelow(project.directory)).toHaveLength(project.files.length);
      const inProject = (path: string) => readFile(join(project.projectDirectory, path), 'utf8');
      const stack = parseYaml(await inProject('serverless.template'), { logLevel: 'silent' });
      expect(stack.Transform).toBe('AWS::Serverless-2016-10-31');
      expect(stack.Outputs.ApiURL).toBeDefined();
      const defaults = JSON.parse(await inProject('aws-lambda-tools-defaults.json'));
      expect(defaults).toMatchObject({ profile: '', region: '', 's3-prefix': 'Shop/', template: 'serverless.template' });
      expect(await inProject('README.md')).toContain(`lambda-tool new ${template.name} -o Shop --name Shop`);
      expect(project.files).toContain('.gitignore');
      expect(project.files.includes('Dockerfile') || project.files.includes('src/Shop/Dockerfile')).toBe(template.packageType === 'image');
    });

    test(`${template.name} has no placeholder left, in no path and no text`, async () => {
      const project = await create(template.name, 'out', { name: '9.my-App' });
      for (const path of await filesBelow(project.directory)) {
        expect(path).not.toMatch(/__[A-Z]+__|\/_[a-z]/);
        expect(await readFile(path, 'utf8')).not.toMatch(/__[A-Z]+__/);
      }
    });

    test(`${template.name} is readable by everybody and writable by its owner alone, whatever the umask`, async () => {
      const before = process.umask(0);
      try {
        const project = await create(template.name, 'new/deep');
        for (const path of await filesBelow(project.directory)) expect((await stat(path)).mode & 0o777).toBe(0o644);
        expect((await stat(join(folder, 'new'))).mode & 0o777).toBe(0o755);
        expect((await stat(project.projectDirectory)).mode & 0o777).toBe(0o755);
      } finally {
        process.umask(before);
      }
    });
  }
});

describe('the name', () => {
  test('is spelled for C#, for ECR, and kept in folders', async () => {
    const project = await create('aspnetcore-image', 'out', { name: 'My-App.Api' });

    expect(project.projectDirectory).toBe(join(folder, 'out/src/My-App.Api'));
    expect(project.files).toContain('test/My-App.Api.Tests/My-App.Api.Tests.csproj');
    const template = JSON.parse(await readFile(join(project.projectDirectory, 'serverless.template'), 'utf8'));
    expect(template.Resources.AspNetCoreFunction.Properties.ImageConfig.Command).toEqual([
      'My-App.Api::My_App.Api.LambdaEntryPoint::FunctionHandlerAsync',
    ]);
    expect(template.Resources.AspNetCoreFunction.Metadata.DockerTag).toBe('my-app.api');
    expect(await readFile(join(project.projectDirectory, 'Startup.cs'), 'utf8')).toContain('namespace My_App.Api;');
    expect(await readFile(join(project.projectDirectory, 'README.md'), 'utf8')).toContain('--stack-name My-App-Api ');
  });

  test('is lower-cased for npm', async () => {
    const project = await create('node', 'out', { name: 'MyApi' });
    expect(JSON.parse(await readFile(join(project.directory, 'package.json'), 'utf8')).name).toBe('myapi');
    expect(project.projectDirectory).toBe(project.directory);
  });

  test('is taken from the directory, with hyphens for what a name cannot hold', async () => {
    expect((await create('node', 'my first api!')).name).toBe('my-first-api');
  });

  for (const name of ['', 'a b', '../up', 'a/b', '.hidden', 'café', 'nul', 'a..b', '-x', 'x'.repeat(65)]) {
    test(`is refused when it is ${JSON.stringify(name.slice(0, 20))}, and nothing is written`, async () => {
      await expect(create('node', 'out', { name })).rejects.toMatchObject({ code: 'USAGE', hint: expect.stringContaining('--name') });
      expect(await readdir(folder)).toEqual([]);
    });
  }
});

describe('what is there already', () => {
  test('is not written over: every file in the way is named and nothing is written', async () => {
    await mkdir(join(folder, 'out/src'), { recursive: true });
    await writeFile(join(folder, 'out/package.json'), 'mine');
    await writeFile(join(folder, 'out/src/app.mjs'), 'mine');

    const error = await create('node', 'out').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'FILE_EXISTS', hint: expect.stringContaining('--force') });
    expect((error as Error).message).toContain('package.json, src/app.mjs');
    expect(await filesBelow(join(folder, 'out'))).toHaveLength(2);
  });

  test('does not matter when it is something else', async () => {
    await mkdir(join(folder, 'out'));
    await writeFile(join(folder, 'out/notes.txt'), 'mine');
    await create('node', 'out');
    expect(await readFile(join(folder, 'out/notes.txt'), 'utf8')).toBe('mine');
  });

  test('is written over with force, and a link is replaced, not followed', async () => {
    await mkdir(join(folder, 'out'));
    await writeFile(join(folder, 'elsewhere'), 'mine');
    await writeFile(join(folder, 'out/package.json'), 'old');
    await symlink(join(folder, 'elsewhere'), join(folder, 'out/README.md'));

    await create('node', 'out', { force: true });
    expect(await readFile(join(folder, 'elsewhere'), 'utf8')).toBe('mine');
    expect((await lstat(join(folder, 'out/README.md'))).isSymbolicLink()).toBe(false);
    expect(JSON.parse(await readFile(join(folder, 'out/package.json'), 'utf8')).name).toBe('out');
  });

  test('stands in the way with force too when a file is where a directory has to be, or the other way round', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(create('node', 'file', { force: true })).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    await expect(create('node', 'file/deeper', { force: true })).rejects.toMatchObject({ code: 'FILE_EXISTS' });

    await mkdir(join(folder, 'out/README.md'), { recursive: true });
    const error = await create('node', 'out', { force: true }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'FILE_EXISTS', hint: expect.not.stringContaining('--force') });
    expect(await readdir(join(folder, 'out'))).toEqual(['README.md']);
  });
});

// Root writes everywhere on a disk, but not below /sys.
const unwritable = process.getuid?.() === 0 ? (process.platform === 'linux' ? '/sys/lambda-tool-new' : undefined) : '';

test.skipIf(unwritable === undefined)('a directory that may not be written to is an error that names it', async () => {
  if (unwritable === '') await chmod(folder, 0o555);
  const outputDirectory = unwritable || join(folder, 'out');
  const input = { template: findProjectTemplate('node'), outputDirectory, templatesFolder };
  const error = await createProject(input).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'FILE_NOT_WRITABLE' });
  expect((error as Error).message).toContain(outputDirectory);
});

test('what was written is taken back when a later file cannot be', async () => {
  const files = ['first', 'deep/er/second', 'deep/er/second/third'].map((path) => ({ path, content: path }));
  const error = await writeProjectFiles(join(folder, 'out/project'), files, false).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'FILE_NOT_WRITABLE', details: [] });
  expect(await readdir(folder)).toEqual([]);
});

test('a path that is too long for the system is an error, not a crash', async () => {
  await expect(create('node', join('x'.repeat(300), 'out'))).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
});

test('files of a build in the template folder are not copied', async () => {
  const templates = join(folder, 'templates');
  await mkdir(join(templates, 'serverless.NodeHttpApi/node_modules/x'), { recursive: true });
  await writeFile(join(templates, 'serverless.NodeHttpApi/node_modules/x/index.js'), '');
  await writeFile(join(templates, 'serverless.NodeHttpApi/package.json'), '{}');
  const project = await createProject({
    template: findProjectTemplate('node'),
    outputDirectory: join(folder, 'o'),
    templatesFolder: templates,
  });
  expect(project.files).toEqual(['package.json']);
});
