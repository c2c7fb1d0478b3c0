import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { whyNoDotnet } from '../support/dotnet.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { publishedZip } from '../support/published-zip.ts';

const noDotnet = await whyNoDotnet();
const { engine, reason } = await engineOrReason();
if (noDotnet !== undefined) console.log(`Builds of .NET projects are not tested: ${noDotnet}`);
if (engine === undefined) console.log(`Builds of .NET projects in containers are not tested: ${reason}`);

let workspace: Workspace;
let project: string;
beforeAll(async () => {
  workspace = openWorkspace();
  project = join(workspace.folder, 'app');
  const made = await workspace.run(['bucket', 'create', 'builds', '--local']);
  expect(made.code, made.stderr).toBe(0);
});
afterAll(() => workspace.close());

function write(name: string, text: string): void {
  mkdirSync(dirname(join(project, name)), { recursive: true });
  writeFileSync(join(project, name), text);
}

function csproj(name: string, properties: Record<string, string>): void {
  const lines = Object.entries(properties).map(([key, value]) => `<${key}>${value}</${key}>`);
  write(name, `<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>${lines.join('')}</PropertyGroup></Project>`);
}

function template(functions: Record<string, { Runtime: string; Handler: string; CodeUri: string }>): void {
  const resources = Object.entries(functions).map(([name, Properties]) => [name, { Type: 'AWS::Serverless::Function', Properties }]);
  write('serverless.template', JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Resources: Object.fromEntries(resources) }));
}

const packageCi = (env: Readonly<Record<string, string>> = {}, ...more: string[]) =>
  workspace.json(['package-ci', '-t', 'serverless.template', '-ot', 'out.template', '-sb', 'builds', '--local', ...more], {
    cwd: project,
    env,
  });
const contents = (logicalId: string) => publishedZip(workspace, join(project, 'out.template'), logicalId);

describe.skipIf(noDotnet !== undefined)('.NET projects on this machine', () => {
  /** What `dotnet publish` makes by itself. */
  function published(...args: string[]): Record<string, string> {
    const output = join(workspace.folder, 'published');
    rmSync(output, { recursive: true, force: true });
    const end = spawnSync('dotnet', ['publish', ...args, '-o', output, '-r', 'linux-x64'], { cwd: project, encoding: 'utf8' });
    expect(end.status, end.stdout).toBe(0);
    return Object.fromEntries(readdirSync(output).map((name) => [name, readFileSync(join(output, name), 'latin1')]));
  }

  it('a library and a single file hold what dotnet publish makes, and again nothing is uploaded', async () => {
    csproj('lib/lib.csproj', { TargetFrameworks: 'net10.0' });
    write('lib/F.cs', 'namespace L; public class F { public string H(string s) => s; }\n');
    write('one/one.cs', '#:property PublishAot=false\nSystem.Console.WriteLine("hello");\n');
    template({
      Lib: { Runtime: 'dotnet10', Handler: 'lib::L.F::H', CodeUri: './lib/lib.csproj' },
      One: { Runtime: 'dotnet10', Handler: 'one', CodeUri: './one/one.cs' },
    });
    const first = await packageCi();
    expect(first.code, first.stderr).toBe(0);
    const config = '/p:GenerateRuntimeConfigurationFiles=true';
    expect(await contents('Lib')).toEqual(
      published('lib/lib.csproj', '-f', 'net10.0', '-c', 'Release', config, '--self-contained', 'false'),
    );
    expect(await contents('One')).toEqual(published('one/one.cs', '-c', 'Release', config, '--self-contained', 'false'));
    const again = await packageCi();
    expect(again.document.result.artifacts.map((item: { published: boolean }) => item.published)).toEqual([false, false]);
    expect(readdirSync(workspace.temporary).filter((name) => name.startsWith('lambda-tool-'))).toEqual([]);
  }, 180_000);

  it('refuses a framework that the runtime cannot run, before anything is built, also when it stands elsewhere', async () => {
    write('lib/Directory.Build.props', '<Project><PropertyGroup><Base>net10</Base></PropertyGroup></Project>');
    csproj('lib/lib.csproj', { TargetFramework: '$(Base).0' });
    template({ Lib: { Runtime: 'dotnet8', Handler: 'lib::L.F::H', CodeUri: './lib' } });
    const { document, stderr } = await packageCi();
    expect(document.error).toMatchObject({
      code: 'TEMPLATE_INVALID',
      message: 'The runtime dotnet8 cannot run lib.csproj, which targets net10.0.',
    });
    expect(stderr).not.toContain('Determining projects');
  });

  it('says what to type when dotnet is not there', async () => {
    const bin = join(workspace.folder, 'empty-bin');
    mkdirSync(bin);
    template({ Lib: { Runtime: 'dotnet10', Handler: 'lib::L.F::H', CodeUri: './lib' } });
    const { document } = await packageCi({ PATH: bin });
    expect(document.error).toMatchObject({ code: 'BUILD_TOOL_NOT_FOUND', hint: expect.stringContaining('--use-container-for-build') });
  });
});

/** Takes the place of the SDK in the image: notes how it was called and what it found. */
const FAKE_SDK = `#!/bin/busybox sh
args="$*"
while [ $# -gt 0 ]; do case "$1" in --output) out="$2";; esac; shift; done
echo "publishing in $(/bin/busybox pwd)"
if [ -f lost ]; then echo "targets(2205,5): warning MSB9008: The referenced project ../Shared/Shared.csproj does not exist. [App.csproj]"; fi
if [ -f fail ]; then echo "Program.cs(1,1): error CS1002: ; expected"; exit 1; fi
if [ -f hang ]; then echo "hanging"; /bin/busybox sleep 600; fi
/bin/busybox mkdir -p "$out/sub"
echo "$args" > "$out/args"
(cd /tmp/source && /bin/busybox find . -type f | /bin/busybox sort) > "$out/sub/files"
echo symbols > "$out/app.dbg"
printf '#!/bin/sh\\r\\nexec ./app\\r\\n' > "$out/bootstrap"
`;

describe.skipIf(engine === undefined)('.NET projects in a container', () => {
  const image = uniqueName('it-dotnet-sdk');
  beforeAll(() => {
    const context = join(workspace.folder, 'sdk');
    mkdirSync(context);
    copyFileSync('/bin/busybox', join(context, 'busybox'));
    writeFileSync(join(context, 'dotnet'), FAKE_SDK);
    for (const name of ['busybox', 'dotnet']) chmodSync(join(context, name), 0o755);
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY busybox dotnet /bin/\nENV PATH=/bin\n');
    const built = spawnSync('docker', ['build', '-q', '-t', image, context], { encoding: 'utf8' });
    expect(built.status, built.stderr).toBe(0);
    csproj('sol/src/App/App.csproj', { TargetFramework: 'net10.0', OutputType: 'Exe' });
    write('sol/src/App/Program.cs', 'System.Console.WriteLine("hello");\n');
    write('sol/src/App/obj/project.assets.json', 'of this machine');
    write('sol/src/Shared/Shared.cs', 'class Shared;\n');
    write('sol/Everything.slnx', '<Solution><Project Path="src/App/App.csproj" /></Solution>');
    template({ App: { Runtime: 'dotnet10', Handler: 'App', CodeUri: './sol/src/App' } });
  });
  afterAll(() => engine?.removeTag(`${image}:latest`));
  const leftovers = () => spawnSync('docker', ['ps', '-aq', '--filter', `ancestor=${image}`], { encoding: 'utf8' }).stdout;

  it('are published from a copy of the solution, and leave nothing behind', async () => {
    const run = await packageCi({}, '--container-image-for-build', image);
    expect(run.code, run.stderr).toBe(0);
    const { args, ...files } = await contents('App');
    expect(args).toMatch(/^publish \/tmp\/source\/src\/App\/App\.csproj --output .* --runtime linux-x64 --self-contained false\n$/);
    expect(files).toEqual({
      bootstrap: '#!/bin/sh\nexec ./app\n',
      'sub/files': './Everything.slnx\n./src/App/App.csproj\n./src/App/Program.cs\n./src/Shared/Shared.cs\n',
    });
    expect(run.stderr).toContain('publishing in /tmp/source/src/App');
    expect(leftovers()).toBe('');
    expect(existsSync(join(project, 'sol/src/App/bin'))).toBe(false);
    expect(readdirSync(workspace.temporary).filter((name) => name.startsWith('lambda-tool-'))).toEqual([]);
  });

  it('get what --code-mount-directory names, and need no dotnet here', async () => {
    const bin = join(workspace.folder, 'no-bin');
    mkdirSync(bin);
    const run = await packageCi({ PATH: bin }, '-cifb', image, '-cmd', 'sol/src/App');
    expect(run.code, run.stderr).toBe(0);
    expect((await contents('App'))['sub/files']).toBe('./App.csproj\n./Program.cs\n');
    const outside = await packageCi({}, '-cifb', image, '-cmd', 'sol/src/Shared');
    expect(outside.document.error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('--code-mount-directory') });
  });

  it('show the compiler’s errors, and why an image cannot be had', async () => {
    write('sol/src/App/fail', '');
    const failed = await packageCi({}, '-cifb', image);
    expect(failed.document.error).toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('App.csproj failed (exit code 1)'),
    });
    expect(failed.stderr).toContain('Program.cs(1,1): error CS1002: ; expected');
    write('sol/src/App/lost', '');
    const lost = await packageCi({}, '-cifb', image);
    rmSync(join(project, 'sol/src/App/lost'));
    expect(lost.document.error?.hint).toMatch(/a copy of \S*\/sol only, and \.\.\/Shared\/Shared\.csproj .*--code-mount-directory DIR/);
    const unknown = await packageCi({}, '-cifb', '127.0.0.1:9/nothing:1');
    expect(unknown.document.error).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('cannot be pulled') });
    expect(leftovers()).toBe('');
  });

  it('end with their container when the run is interrupted', async () => {
    rmSync(join(project, 'sol/src/App/fail'));
    write('sol/src/App/hang', '');
    let told = false;
    const { code } = await workspace.run(
      ['package-ci', '-t', 'serverless.template', '-ot', 'out.template', '-sb', 'builds', '--local', '-cifb', image],
      {
        cwd: project,
        onStderr: (text, child) => {
          if (text.includes('hanging') && !told) told = child.kill('SIGINT');
        },
      },
    );
    expect(code).toBe(130);
    expect(leftovers()).toBe('');
    expect(readdirSync(workspace.temporary).filter((name) => name.startsWith('lambda-tool-'))).toEqual([]);
  });

  it('say that the engine is missing, and why it is needed', async () => {
    const { document } = await packageCi({ DOCKER_HOST: 'tcp://127.0.0.1:9' }, '--use-container-for-build');
    expect(document.error).toMatchObject({
      code: 'ENGINE_NOT_FOUND',
      message:
        'The project is built in a container of public.ecr.aws/sam/build-dotnet10:latest-x86_64 (as asked for), and no container engine answers.',
    });
  });
});
