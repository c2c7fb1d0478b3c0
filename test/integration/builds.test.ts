import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { publishedZip } from '../support/published-zip.ts';

const modules = join(import.meta.dirname, '../../node_modules');

describe('code that is built', () => {
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

  const template = (resources: Record<string, unknown>, globals: object = {}): void =>
    write('serverless.template', JSON.stringify({ Transform: 'AWS::Serverless-2016-10-31', Globals: globals, Resources: resources }));
  const fn = (metadata: object, properties: object = {}): object => ({
    Type: 'AWS::Serverless::Function',
    Metadata: metadata,
    Properties: { Runtime: 'nodejs24.x', Handler: 'app.handler', CodeUri: './src', ...properties },
  });
  const packageCi = (...more: string[]) =>
    workspace.json(['package-ci', '-t', 'serverless.template', '-ot', 'out.template', '-sb', 'builds', '--local', ...more], {
      cwd: project,
    });

  const contents = (logicalId: string, property?: string): Promise<Record<string, string>> =>
    publishedZip(workspace, join(project, 'out.template'), logicalId, property);

  it('bundles with the project’s esbuild, also what is imported from outside, and sees changes there', async () => {
    write('src/app.ts', "import { word } from '../shared/word';\nexport const handler = async (): Promise<string> => word;\n");
    write('shared/word.ts', "export const word: string = 'first';\n");
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    symlinkSync(join(modules, '.bin'), join(project, 'node_modules/.bin'));
    template({ Fn: fn({ BuildMethod: 'esbuild', BuildProperties: { EntryPoints: ['app.ts'], Minify: false, Sourcemap: true } }) });
    const first = await packageCi();
    expect(first.code, first.stderr).toBe(0);
    const files = await contents('Fn');
    expect(Object.keys(files)).toEqual(['app.js', 'app.js.map']);
    expect(files['app.js']).toContain('"first"');
    expect((JSON.parse(files['app.js.map'] ?? '') as { sources: string[] }).sources).toEqual(['app.ts', '../shared/word.ts']);
    const again = await packageCi();
    expect(again.document.result.artifacts).toEqual([expect.objectContaining({ built: false, published: false })]);
    write('shared/word.ts', "export const word: string = 'second';\n");
    await packageCi();
    expect((await contents('Fn'))['app.js']).toContain('"second"');
    expect(readdirSync(join(project, 'src'))).toEqual(['app.ts']);
  });

  it('says what esbuild has to say, and where esbuild comes from when there is none', async () => {
    write('src/app.ts', "import nothing from './nothing';\nexport const handler = nothing;\n");
    const failed = await packageCi();
    expect(failed.document.error).toMatchObject({ code: 'BUILD_FAILED', message: expect.stringContaining('./app.ts') });
    expect(failed.stderr).toContain('Could not resolve "./nothing"');
    template({ Fn: fn({ BuildMethod: 'esbuild', BuildProperties: { EntryPoints: ['none'] } }) });
    expect((await packageCi()).document.error?.message).toContain('The entry point none does not exist');
    template({ Fn: fn({ BuildMethod: 'esbuild', BuildProperties: { Outdir: 'x' } }) });
    const refused = await packageCi();
    expect(refused.document.error).toMatchObject({
      code: 'TEMPLATE_INVALID',
      message: expect.stringContaining('Outdir cannot be chosen here'),
    });
  });

  it('runs make in a copy, once for the same files, and for a layer too', async () => {
    write(
      'src/Makefile',
      'build-Made build-Layer:\n\tmkdir -p "$(ARTIFACTS_DIR)/python"\n\tcp lib.py "$(ARTIFACTS_DIR)/python/"\n\ttouch stray\n\techo run >> $(RUNS)\n',
    );
    write('src/lib.py', 'x = 1\n');
    write('src/notes.txt', 'not for the build\n');
    write('src/.lambdaignore', 'notes.txt\n');
    template({
      Made: fn({ BuildMethod: 'makefile' }, { Runtime: 'provided.al2023', Handler: 'none' }),
      Layer: { Type: 'AWS::Serverless::LayerVersion', Metadata: { BuildMethod: 'makefile' }, Properties: { ContentUri: './src' } },
    });
    const runs = join(workspace.folder, 'runs');
    const run = () =>
      workspace.json(['package-ci', '-t', 'serverless.template', '-ot', 'out.template', '-sb', 'builds', '--local'], {
        cwd: project,
        env: { RUNS: runs },
      });
    const first = await run();
    expect(first.code, first.stderr).toBe(0);
    expect(await contents('Made')).toEqual({ 'python/lib.py': 'x = 1\n' });
    expect(await contents('Layer', 'ContentUri')).toEqual({ 'python/lib.py': 'x = 1\n' });
    expect(existsSync(join(project, 'src/stray'))).toBe(false);
    write('src/notes.txt', 'changed, and ignored\n');
    const again = await run();
    expect(again.document.result.artifacts.map((item: { built: boolean }) => item.built)).toEqual([false, false]);
    expect(readFileSync(runs, 'utf8')).toBe('run\nrun\n');
    write('src/lib.py', 'x = 2\n');
    await run();
    expect(await contents('Made')).toEqual({ 'python/lib.py': 'x = 2\n' });
  });

  it('runs a command of the user’s, without a shell, with one where it needs one, or where the source is', async () => {
    write(
      'cmd/build.mjs',
      "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('dist');\nwriteFileSync('dist/app.js', process.argv[2]);\n",
    );
    write('cmd/.lambdaignore', 'dist\n');
    const code = { CodeUri: './cmd' };
    template({
      Plain: fn({ BuildCommand: "node build.mjs 'a b'", BuildOutput: 'dist' }, code),
      Shell: fn(
        { BuildCommand: 'node build.mjs $LAMBDA_ARCHITECTURE && cp dist/* "$ARTIFACTS_DIR"' },
        { ...code, Architectures: ['arm64'] },
      ),
      Single: fn({ BuildCommand: ['node', 'build.mjs', 'one'], BuildOutput: 'dist/app.js' }, code),
    });
    const { code: exit, stderr } = await packageCi();
    expect(exit, stderr).toBe(0);
    expect(await contents('Plain')).toEqual({ 'app.js': 'a b' });
    expect(await contents('Shell')).toEqual({ 'app.js': 'arm64' });
    expect(await contents('Single')).toEqual({ 'app.js': 'one' });
    expect(existsSync(join(project, 'cmd/dist'))).toBe(false);
    template({ Here: fn({ BuildCommand: 'node build.mjs here', BuildOutput: 'dist', BuildInSource: true }, code) });
    await packageCi();
    expect(await contents('Here')).toEqual({ 'app.js': 'here' });
    expect(existsSync(join(project, 'cmd/dist/app.js'))).toBe(true);
  });

  it.each([
    ['a program that fails', { BuildCommand: 'sh fail.sh' }, 'BUILD_FAILED', 'sh fail.sh failed (exit code 4)'],
    ['a program that is not there', { BuildCommand: 'no-such-program x' }, 'BUILD_TOOL_NOT_FOUND', 'no-such-program is not installed'],
    ['nothing made', { BuildCommand: 'true' }, 'BUILD_FAILED', 'made nothing in the directory that ARTIFACTS_DIR names'],
    ['no output', { BuildCommand: 'true', BuildOutput: 'dist' }, 'BUILD_FAILED', 'made nothing in dist'],
    ['an output that leads out', { BuildCommand: 'true', BuildOutput: '../x' }, 'TEMPLATE_INVALID', 'BuildOutput leads out of'],
    ['two methods', { BuildCommand: 'true', BuildMethod: 'makefile' }, 'TEMPLATE_INVALID', 'one of them is enough'],
    ['a command that is a number', { BuildCommand: 3 }, 'TEMPLATE_INVALID', 'neither a text nor a list of words'],
  ])('says what is wrong: %s', async (_, metadata, code, message) => {
    write('bad/fail.sh', 'echo last words >&2\nexit 4\n');
    template({ Fn: fn(metadata, { CodeUri: './bad' }) });
    const { document, stderr } = await packageCi();
    expect(document.error).toMatchObject({ code, message: expect.stringContaining(message) });
    if (message.includes('fail.sh')) expect(stderr).toContain('last words');
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });

  it('adds up a function and its layers before anything is built or uploaded', async () => {
    for (const name of ['code', 'deps', 'fonts']) {
      write(`large/${name}/index.js`, '');
      truncateSync(join(project, `large/${name}/index.js`), 100_000_000);
    }
    const layer = (name: string) => ({ Type: 'AWS::Lambda::LayerVersion', Properties: { Content: `./large/${name}` } });
    const resources = {
      Fn: fn({}, { CodeUri: './large/code', Layers: [{ Ref: 'Deps' }] }),
      Deps: layer('deps'),
      Fonts: layer('fonts'),
    };
    template(resources, { Function: { Layers: [{ Ref: 'Fonts' }] } });
    const { code, document } = await packageCi();
    expect(code).toBe(1);
    expect(document.error).toMatchObject({
      code: 'ARTIFACT_TOO_LARGE',
      message: 'Fn is 286 MB unzipped with its layers; Lambda takes 250 MB at most.',
      details: ['95.4 MB  Fn (its code)', '95.4 MB  Fonts', '95.4 MB  Deps'],
    });
  });

  it('names the target that a Makefile lacks', async () => {
    write('bad-make/Makefile', 'build-Other:\n\ttrue\n');
    template({ Fn: fn({ BuildMethod: 'makefile' }, { CodeUri: './bad-make' }) });
    const { document } = await packageCi();
    expect(document.error).toMatchObject({ code: 'BUILD_FAILED', hint: expect.stringContaining('The Makefile needs a target build-Fn') });
  });

  it('packages the directory and says so when it does not know the method; leaves alone what sam build has built', async () => {
    write('.aws-sam/build/Fn/app.js', 'built');
    write('bad/app.js', 'as it is');
    template({
      Fn: fn({ BuildMethod: 'rust-cargolambda' }, { CodeUri: './bad' }),
      Sam: fn({ BuildMethod: 'esbuild' }, { CodeUri: './.aws-sam/build/Fn' }),
    });
    const { document, code } = await packageCi();
    expect(code).toBe(0);
    expect(document.warnings).toEqual([expect.stringContaining('Fn: BuildMethod rust-cargolambda is not known')]);
    expect(await contents('Sam')).toEqual({ 'app.js': 'built' });
  });

  it('ends the build with everything it started when it is interrupted', async () => {
    const mark = `86${Math.floor(Math.random() * 1e6)}`;
    write('slow/Makefile', `build-Slow:\n\techo begun\n\tsleep ${mark}\n`);
    template({ Slow: fn({ BuildMethod: 'makefile' }, { CodeUri: './slow' }) });
    let told = false;
    const { code } = await workspace.run(['package-ci', '-t', 'serverless.template', '-ot', 'out.template', '-sb', 'builds', '--local'], {
      cwd: project,
      onStderr: (text, child) => {
        // A second signal would end it at once.
        if (text.includes('begun') && !told) told = child.kill('SIGINT');
      },
    });
    expect(code).toBe(130);
    expect(spawnSync('pgrep', ['-fx', `sleep ${mark}`]).status).toBe(1);
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });

  it('leaves nothing of a run that was killed when the next one has ended, and nothing of one that goes on is touched', async () => {
    write('src/app.js', 'exports.handler = async () => "killed";\n');
    // It outlives the kill, but not for long.
    const wait = 'echo working; sleep 1.5; cp app.js "$ARTIFACTS_DIR"';
    const slow = (command: string): void => template({ Fn: fn({ BuildCommand: command }) });
    slow(wait);
    const killed = await workspace.run(['package-ci', '-t', 'serverless.template', '-ot', 'out.template', '-sb', 'builds', '--local'], {
      cwd: project,
      onStderr: (text, child) => text.includes('working') && child.kill('SIGKILL'),
    });
    expect(killed.code).toBe(null);
    const left = readdirSync(workspace.temporary);
    expect(left).toEqual([expect.stringMatching(/^lambda-tool-[0-9a-z]+\.[0-9a-f]+\.[0-9a-f]{4}-\w{6}$/)]);

    let during: string[] = [];
    let second: ReturnType<typeof packageCi> | undefined;
    const first = await workspace.run(['package-ci', '-t', 'serverless.template', '-ot', 'one.template', '-sb', 'builds', '--local'], {
      cwd: project,
      onStderr: (text) => {
        if (!text.includes('working') || second !== undefined) return;
        during = readdirSync(workspace.temporary);
        slow('cp app.js "$ARTIFACTS_DIR"');
        second = packageCi();
      },
    });
    expect(first.code, first.stderr).toBe(0);
    expect((await second)?.code).toBe(0);
    expect(during.filter((name) => !left.includes(name))).toHaveLength(1);
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });
});
