import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { whyNoDotnet } from '../support/dotnet.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const why = engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : undefined;
if (why !== undefined) console.log(`Host builds of images are not tested: ${why}`);
const noDotnet = await whyNoDotnet();
if (noDotnet !== undefined) console.log(`Host builds of images with the .NET SDK are not tested: ${noDotnet}`);

/** Takes the place of the SDK: notes how it was called, and takes its time over the files. */
const FAKE_DOTNET = (log: string, shell: string) => `#!${shell}
[ "$1" = publish ] || exit 0
echo "$*" >> ${log}
args="$*"
while [ $# -gt 0 ]; do case "$1" in --output) out="$2";; esac; shift; done
mkdir -p "$out"
echo "$args" > "$out/args"
sleep 0.5
echo complete > "$out/complete"
`;
const DOCKERFILE = `FROM scratch AS base
COPY out/args out/complete /
COPY busybox /busybox
ENTRYPOINT ["/busybox"]
FROM base AS first
FROM base AS second
COPY Dockerfile /second
`;

describe.skipIf(why !== undefined)('dotnet publish before an image is built', () => {
  let workspace: Workspace;
  let project: string;
  let log: string;
  let fakes: string;
  let nothing: string;
  /** What was pushed last. */
  let last: string;
  const name = uniqueName('it-host');
  const tags = new Set<string>();

  beforeAll(() => {
    workspace = openWorkspace();
    log = join(workspace.folder, 'calls');
    fakes = join(workspace.folder, 'bin');
    nothing = join(workspace.folder, 'no-bin');
    for (const folder of [fakes, nothing]) mkdirSync(folder);
    writeFileSync(join(fakes, 'dotnet'), FAKE_DOTNET(log, '/bin/sh'), { mode: 0o755 });
  });
  afterAll(async () => {
    workspace.close();
    for (const tag of tags) await engine?.removeTag(tag).catch(() => undefined);
  });
  beforeEach(() => {
    project = join(workspace.folder, `app-${process.hrtime.bigint()}`);
    rmSync(log, { force: true });
    write(
      'App.csproj',
      '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup></Project>',
    );
    write('Program.cs', 'System.Console.WriteLine("hello");\n');
    write('Dockerfile', DOCKERFILE);
    copyFileSync(BUSYBOX ?? '', join(project, 'busybox'));
    chmodSync(join(project, 'busybox'), 0o755);
  });

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  }

  function template(functions: Record<string, { target?: string; architecture?: string }>): void {
    const resources = Object.entries(functions).map(([id, { target, architecture = 'x86_64' }]) => {
      const tag = `${name}:${id.toLowerCase()}`;
      tags.add(tag);
      return [
        id,
        {
          Type: 'AWS::Serverless::Function',
          Metadata: { DockerContext: '.', Dockerfile: 'Dockerfile', DockerTag: tag, DockerBuildTarget: target },
          Properties: { PackageType: 'Image', Architectures: [architecture] },
        },
      ] as const;
    });
    const text = { Transform: 'AWS::Serverless-2016-10-31', Resources: Object.fromEntries(resources) };
    write('serverless.template', JSON.stringify(text));
    write('.dockerignore', 'serverless.template\nout.template\n');
  }

  const withFake = () => ({ PATH: `${fakes}:${process.env['PATH']}` });
  const packageCi = (env: Record<string, string>, ...more: string[]) =>
    workspace.json(['package-ci', '-ot', 'out.template', '--local', '--docker-host-build-output-dir', 'out', ...more], {
      cwd: project,
      env,
    });
  const push = (env: Record<string, string>, ...more: string[]) => {
    // A name that moves would leave an image without one behind.
    last = `${name}:v${tags.size}`;
    tags.add(last);
    return workspace.json(['push-image', '--local', '-it', last, '--docker-host-build-output-dir', 'out', ...more], {
      cwd: project,
      env,
    });
  };
  const calls = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);

  /** A file of an image that the engine has. */
  function fileOf(tag: string, path: string): string {
    const container = execFileSync('docker', ['create', tag], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    try {
      const file = join(workspace.folder, 'copied');
      execFileSync('docker', ['cp', `${container}:${path}`, file], { stdio: 'ignore' });
      return readFileSync(file, 'utf8');
    } finally {
      execFileSync('docker', ['rm', container], { stdio: 'ignore' });
    }
  }

  it('runs once for all images that are made of it, and for each architecture while no other reads it', async () => {
    template({ One: { target: 'first' }, Two: { target: 'second' }, Arm: { target: 'first', architecture: 'arm64' } });
    const { code, document, stderr } = await packageCi(withFake());
    expect(code, stderr).toBe(0);
    expect(document.result.artifacts).toHaveLength(3);
    const runtimes = calls().map((call) => / --runtime (\S+)/.exec(call)?.[1] ?? '');
    expect(runtimes.toSorted()).toEqual(['linux-arm64', 'linux-x64']);
    for (const [tag, runtime] of [
      ['one', 'linux-x64'],
      ['two', 'linux-x64'],
      ['arm', 'linux-arm64'],
    ]) {
      expect(fileOf(`${name}:${tag}`, '/args')).toContain(`--runtime ${runtime} `);
      expect(fileOf(`${name}:${tag}`, '/complete')).toBe('complete\n');
    }
  });

  it('is done in a container where that is asked for, and needs no dotnet then', async () => {
    const sdk = join(workspace.folder, 'sdk');
    mkdirSync(sdk);
    const image = `${name}-sdk`;
    tags.add(`${image}:latest`);
    copyFileSync(BUSYBOX ?? '', join(sdk, 'busybox'));
    writeFileSync(join(sdk, 'dotnet'), FAKE_DOTNET('/tmp/calls', '/bin/sh'), { mode: 0o755 });
    const install = 'RUN ["/bin/busybox", "--install", "-s", "/bin"]';
    writeFileSync(join(sdk, 'Dockerfile'), `FROM scratch\nCOPY busybox dotnet /bin/\n${install}\nENV PATH=/bin\n`);
    const made = spawnSync('docker', ['build', '-q', '-t', image, sdk], { encoding: 'utf8' });
    expect(made.status, made.stderr).toBe(0);
    const { code, document, stderr } = await push({ PATH: nothing }, '--container-image-for-build', image);
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ built: true, published: true });
    expect(stderr).toContain(`dotnet publish in ${image} (as asked for; linux/amd64`);
    expect(readFileSync(join(project, 'out/args'), 'utf8')).toMatch(/^publish \/tmp\/source\/App\.csproj --output .* --runtime linux-x64 /);

    template({ One: { target: 'first' }, Two: { target: 'second' } });
    const several = await packageCi({ PATH: nothing }, '-cifb', image);
    expect(several.code, several.stderr).toBe(0);
    expect(several.stderr.match(/dotnet publish in /g)).toHaveLength(1);
  });

  it('is compared after a build, also in a container, without a file that another reads being written', async () => {
    template({ One: { target: 'first' }, Two: { target: 'second' } });
    const args = ['-sn', 'Host', '--local', '--docker-host-build-output-dir', 'out'];
    const deployed = await workspace.run(['deploy-serverless', ...args], { cwd: project, env: withFake() });
    expect(deployed.code, deployed.stderr).toBe(0);
    const diff = (env: Record<string, string>, ...more: string[]) =>
      workspace.run(['diff', ...args, '--build', '--fail', ...more], { cwd: project, env });
    const same = await diff(withFake());
    expect(same.stdout, same.stderr).toContain('No differences');
    writeFileSync(join(fakes, 'dotnet'), FAKE_DOTNET(log, '/bin/sh').replace('echo complete', 'echo changed'), { mode: 0o755 });
    const changed = await diff(withFake());
    writeFileSync(join(fakes, 'dotnet'), FAKE_DOTNET(log, '/bin/sh'), { mode: 0o755 });
    expect([changed.code, changed.stdout.includes('One'), changed.stdout.includes('Two')], changed.stderr).toEqual([3, true, true]);
    const inContainer = await diff({ PATH: nothing }, '-cifb', `${name}-sdk`);
    expect(inContainer.stderr.match(/dotnet publish in /g), inContainer.stderr).toHaveLength(2);
    expect(inContainer.code).toBe(3);
    expect((await workspace.run(['delete-serverless', 'Host', '--local'])).code).toBe(0);
  });

  it('says what helps when dotnet is not there: alone, and among others before anything is published', async () => {
    template({ One: { target: 'first' }, Two: { target: 'second' } });
    for (const run of [push({ PATH: nothing }), packageCi({ PATH: nothing })]) {
      const { document, stderr } = await run;
      expect(document.error).toMatchObject({
        code: 'BUILD_TOOL_NOT_FOUND',
        message: 'App.csproj cannot be published here: dotnet is not installed, or not on the PATH.',
        hint: 'Add --use-container-for-build to build it in a container, install what is missing (https://dot.net), or build the project in the Dockerfile.',
      });
      expect(stderr).not.toMatch(/build started|pushed/);
    }
    const never = await push({ PATH: nothing }, '--use-container-for-build', 'false');
    expect(never.document.error?.hint).toMatch(/^Leave out --use-container-for-build false /);
    const unreachable = await push({ PATH: nothing, DOCKER_HOST: 'tcp://127.0.0.1:9' }, '--use-container-for-build');
    expect(unreachable.document.error).toMatchObject({
      code: 'ENGINE_NOT_FOUND',
      message: expect.stringContaining('build-dotnet10:latest-x86_64 (as asked for), and no container engine answers'),
    });
  });

  it('finds the project of an image that is built of its solution', async () => {
    rmSync(join(project, 'Dockerfile'));
    for (const file of ['App.csproj', 'Program.cs']) rmSync(join(project, file));
    write('All.slnx', '<Solution><Project Path="src/App/App.csproj" /></Solution>');
    write(
      'src/App/App.csproj',
      '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>',
    );
    write('src/App/Dockerfile', 'FROM scratch\nCOPY *.slnx ./\nCOPY src/App/out/args busybox /\nENTRYPOINT ["/busybox"]\n');
    const { code, document, stderr } = await push(withFake(), '-pl', 'src/App');
    expect(code, stderr).toBe(0);
    expect(document.result.built).toBe(true);
    expect(calls()).toEqual([expect.stringMatching(/^publish \S+\/src\/App\/App\.csproj --output \S+\/src\/App\/out /)]);
    expect(fileOf(last, '/args')).toContain('publish ');
  });

  it('refuses a directory without one project file, and one that must not be emptied', async () => {
    write('Other.csproj', '<Project />');
    const { document } = await push(withFake());
    expect(document.error).toMatchObject({
      code: 'TEMPLATE_PATH_NOT_FOUND',
      message: expect.stringContaining('several .NET project files'),
      hint: expect.stringContaining('--docker-host-build-output-dir'),
    });
    rmSync(join(project, 'Other.csproj'));
    const unsafe = await push(withFake(), '--docker-host-build-output-dir', '..');
    expect(unsafe.document.error).toMatchObject({ code: 'USAGE' });
    expect(unsafe.code).toBe(2);
    expect(readdirSync(project)).toContain('Program.cs');
    expect(calls()).toEqual([]);
  });

  it.skipIf(noDotnet !== undefined)('puts into the image what the SDK makes', async () => {
    write('Dockerfile', 'FROM scratch\nCOPY out/App.dll out/App.runtimeconfig.json busybox /\nENTRYPOINT ["/busybox"]\n');
    const first = await push({});
    expect(first.code, first.stderr).toBe(0);
    expect(fileOf(last, '/App.runtimeconfig.json')).toContain('"tfm": "net10.0"');
    const digest = first.document.result.digest as string;
    const again = await push({});
    expect(again.document.result, again.stderr).toMatchObject({ built: false, digest });
  });
});
