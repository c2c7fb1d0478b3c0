import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeImageProject } from '../support/image-project.ts';

const { engine } = await engineOrReason();

/** Names in a zip, as another program reads them. */
const namesIn = (zip: string): string[] =>
  (
    JSON.parse(
      execFileSync('python3', ['-c', 'import json,sys,zipfile; print(json.dumps(zipfile.ZipFile(sys.argv[1]).namelist()))', zip], {
        encoding: 'utf8',
      }),
    ) as string[]
  ).sort();

const TEMPLATE = `Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: { Runtime: nodejs22.x, Handler: index.handler, CodeUri: ., FunctionUrlConfig: { AuthType: NONE } }
`;

describe('package', () => {
  let workspace: Workspace;
  let project: string;
  // Nothing of AWS can be reached, and there are no credentials.
  const offline = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_EC2_METADATA_DISABLED: 'true' };

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'hello');
    mkdirSync(join(project, 'lib'), { recursive: true });
    writeFileSync(join(project, 'index.mjs'), "export const handler = () => 'packaged';\n");
    writeFileSync(join(project, 'lib', 'a.mjs'), '');
    writeFileSync(join(project, 'notes.txt'), '');
    writeFileSync(join(project, '.lambdaignore'), '*.txt\nserverless.template\n');
    writeFileSync(join(project, 'serverless.template'), TEMPLATE);
  });
  afterAll(() => workspace.close());

  it('zips a directory without an account, and prints the path of the zip and nothing else', async () => {
    const { code, stdout, stderr } = await workspace.run(['package', '-o', 'out/hello.zip'], { cwd: project, env: offline });
    expect(code, stderr).toBe(0);
    const zip = join(project, 'out/hello.zip');
    expect(stdout).toBe(`${zip}\n`);
    expect(stderr).toMatch(/The package is in out\/hello\.zip \(\d+ bytes|The package is in out\/hello\.zip \([\d.]+ [KMB]+\)/);
    expect(stderr).toContain('Next: lambda-tool deploy-serverless --package out/hello.zip');
    expect(namesIn(zip)).toEqual(['index.mjs', 'lib/a.mjs']);
    // A file like any other, for whoever deploys it.
    expect(statSync(zip).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  it('gives the same bytes again, also over the zip of before', async () => {
    const zip = join(project, 'out/hello.zip');
    const before = readFileSync(zip);
    const { document } = await workspace.json(['package', 'out/hello.zip'], { cwd: project, env: offline });
    expect(document.result).toEqual({
      packageType: 'zip',
      package: zip,
      sizeBytes: before.length,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      architecture: 'x86_64',
    });
    expect(readFileSync(zip)).toEqual(before);
  });

  it('writes over a zip and over nothing else, and keeps the zip of before when it fails', async () => {
    const source = readFileSync(join(project, 'index.mjs'), 'utf8');
    const slip = await workspace.json(['package', '-o', 'index.mjs'], { cwd: project, env: offline });
    expect([slip.code, slip.document.error?.code]).toEqual([1, 'FILE_EXISTS']);
    expect(slip.document.error?.hint).toContain('lambda-tool package -o index.mjs.zip');
    expect(readFileSync(join(project, 'index.mjs'), 'utf8')).toBe(source);
    const directory = await workspace.json(['package', '-o', 'lib'], { cwd: project, env: offline });
    expect([directory.code, directory.document.error?.code]).toEqual([1, 'FILE_EXISTS']);
    const below = await workspace.json(['package', '-o', 'index.mjs/a.zip'], { cwd: project, env: offline });
    expect(below.document.error).toMatchObject({ code: 'FILE_NOT_WRITABLE', message: expect.stringContaining('index.mjs/a.zip') });

    const zip = join(project, 'out/hello.zip');
    const before = readFileSync(zip);
    symlinkSync('/etc/hostname', join(project, 'outside'));
    const failed = await workspace.json(['package', '-o', 'out/hello.zip'], { cwd: project, env: offline });
    rmSync(join(project, 'outside'));
    expect(failed.document.error?.code).toBe('ARTIFACT_UNSAFE_LINK');
    expect(readFileSync(zip)).toEqual(before);
    expect(readdirSync(join(project, 'out'))).toEqual(['hello.zip']);
  });

  it('does not take the zip of before, also where a link leads to the project', async () => {
    const link = join(workspace.folder, 'by-link');
    symlinkSync(project, link);
    const before = readFileSync(join(project, 'out/hello.zip'));
    const { code, stderr } = await workspace.run(['package', '-pl', link, '-o', 'by-link/out/hello.zip'], { env: offline });
    rmSync(link);
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(project, 'out/hello.zip'))).toEqual(before);
  });

  it('names the projects of a solution, or of a directory with several, and takes one by its file', async () => {
    const solution = join(workspace.folder, 'My Solution');
    const [api, other] = [join(solution, 'My Api'), join(solution, 'two')];
    mkdirSync(api, { recursive: true });
    mkdirSync(other);
    writeFileSync(join(solution, 'All.slnx'), '<Solution><Project Path="My Api/My Api.csproj" /></Solution>');
    writeFileSync(join(solution, 'notes.md'), '');
    for (const file of ['My Api/My Api.csproj', 'two/a.csproj', 'two/b.csproj'])
      writeFileSync(join(solution, file), '<Project Sdk="Microsoft.NET.Sdk" />');
    const inSolution = await workspace.json(['package'], { cwd: solution, env: offline });
    expect(inSolution.document.error).toMatchObject({
      code: 'TEMPLATE_PATH_NOT_FOUND',
      message: expect.stringContaining('holds the solution All.slnx, and no project of its own: My Api/My Api.csproj'),
      hint: "Say which: lambda-tool package --project-location 'My Api/My Api.csproj'",
    });
    const inTwo = await workspace.json(['package'], { cwd: other, env: offline });
    expect(inTwo.document.error).toMatchObject({ code: 'TEMPLATE_PATH_NOT_FOUND', message: expect.stringContaining('a.csproj, b.csproj') });
    const noProject = await workspace.json(['package', '-pl', 'notes.md'], { cwd: solution, env: offline });
    expect([noProject.code, noProject.document.error?.code]).toEqual([2, 'USAGE']);
    writeFileSync(join(api, 'aws-lambda-tools-defaults.json'), '{ "additional-files": ["data.json"] }');
    // Without `dotnet` it is clear that the project itself was found.
    const named = await workspace.json(['package', '-pl', 'My Api/My Api.csproj'], {
      cwd: solution,
      env: { ...offline, PATH: '/nowhere' },
    });
    expect(named.document.error).toMatchObject({ code: 'BUILD_TOOL_NOT_FOUND', message: expect.stringContaining('My Api.csproj') });
    expect(named.document.warnings).toEqual([expect.stringContaining('additional-files, which are not added to packages')]);
  });

  it('puts the zip beside the directory when nothing else is said, and where one is when that is elsewhere', async () => {
    const inside = await workspace.run(['package'], { cwd: join(project, 'lib'), env: offline });
    expect(inside.stdout.trim(), inside.stderr).toBe(join(project, 'lib.zip'));
    const elsewhere = await workspace.run(['package', '-pl', 'hello'], { env: offline });
    expect(elsewhere.stdout.trim(), elsewhere.stderr).toBe(join(workspace.folder, 'hello.zip'));
  });

  it('makes what deploy-serverless --package deploys', async () => {
    const deploy = ['deploy-serverless', '-sn', 'Packaged', '--local', '--package', 'out/hello.zip'];
    const { code, document, stderr } = await workspace.json(deploy, { cwd: project });
    expect(code, stderr).toBe(0);
    expect(document.result.artifacts).toEqual([expect.objectContaining({ kind: 'zip', logicalIds: ['Hello'] })]);
  });

  it('is looked at when it is deployed: a handler that is not in it is a warning', async () => {
    const zip = join(workspace.folder, 'wrapped.zip');
    execFileSync('python3', ['-c', "import sys,zipfile; zipfile.ZipFile(sys.argv[1],'w').writestr('hello/index.mjs','')", zip]);
    const { document } = await workspace.json(['deploy-serverless', '-sn', 'Wrapped', '--local', '--package', zip], { cwd: project });
    expect(document.warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining('Hello: the package does not hold its handler index.handler'),
        expect.stringContaining('wrapped.zip holds what the function may not read'),
      ]),
    );
  });

  it('takes the switches of dotnet lambda, and says what is wrong with others', async () => {
    const switches = [
      '-farch',
      'arm64',
      '-c',
      'Debug',
      '-dvc',
      'true',
      '--disable-interactive',
      'true',
      '--region',
      'eu-west-1',
      '-pt',
      'Zip',
    ];
    const { document } = await workspace.json(['package', '-o', 'out/arm.zip', ...switches], { cwd: project, env: offline });
    expect(document.result).toMatchObject({ architecture: 'arm64' });
    expect((await workspace.run(['package', '-pt', 'jar'], { cwd: project })).code).toBe(2);
    expect((await workspace.run(['package', 'out.tar'], { cwd: project })).code).toBe(2);
    expect((await workspace.run(['package', 'a.zip', 'b.zip'], { cwd: project })).stderr).toContain('a.zip and b.zip: one is enough');
    expect((await workspace.run(['package', '-pt', 'image', '-o', 'x.zip'], { cwd: project })).code).toBe(2);
    const empty = join(workspace.folder, 'empty');
    mkdirSync(empty);
    const nothing = await workspace.json(['package'], { cwd: empty });
    expect(nothing.document.error?.code).toBe('ARTIFACT_EMPTY');
    const layers = await workspace.json(['package', '-o', 'out/l.zip', '-fl', 'arn:aws:lambda:eu-west-1:1:layer:a:1'], { cwd: project });
    expect(layers.document.warnings).toEqual([expect.stringContaining('The layers are not looked at')]);
  });

  it.skipIf(engine === undefined || BUSYBOX === undefined)(
    'builds an image under its name and pushes nothing, without an account',
    async () => {
      const name = uniqueName('it-package');
      const app = join(workspace.folder, 'app');
      writeImageProject(app, name);
      const { code, document, stderr } = await workspace.json(['package', '-pt', 'image', '-it', `${name}:v1`], { cwd: app, env: offline });
      expect(code, stderr).toBe(0);
      expect(document.result).toMatchObject({
        packageType: 'image',
        image: `${name}:v1`,
        imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      });
      expect(stderr).toContain(`Next: lambda-tool push-image -ldi ${name}:v1`);
      expect((await engine?.inspect(`${name}:v1`))?.id).toBe(document.result.imageId);
      await engine?.removeTag(`${name}:v1`);
      expect(existsSync(join(workspace.folder, 'state'))).toBe(true);
    },
  );
});
