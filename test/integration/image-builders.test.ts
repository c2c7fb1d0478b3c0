import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeImageProject } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const isDocker = engine?.name.startsWith('Docker') === true;
const why =
  engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : isDocker ? undefined : 'Docker is needed';
if (why !== undefined) console.log(`Builders of images are not tested: ${why}`);

/**
 * A command of an engine that is not on this machine, over the engine that is: writes down how it was called, and builds with Docker's
 * first builder, which knows no secrets.
 */
const WRAPPER = (real: string, log: string) => `#!/bin/sh
echo "$0 $*" >> ${log}
env > ${log}.env
case "$1 $2" in
  "buildx version") echo v0.30.0; exit 0;;
  "buildx build") shift 2;;
  "build "*) shift;;
  "save -o") exec ${real} "$@";;
  "--version "*) echo 1.0; exit 0;;
  *) exec ${real} "$@";;
esac
for word in "$@"; do
  shift
  case "$word" in
    --platform=*|--provenance=*|--sbom=*|--progress=*|--load|--secret=*|--ssh=*|--network=*) ;;
    *) set -- "$@" "$word";;
  esac
done
DOCKER_BUILDKIT=0 exec ${real} build "$@"
`;

describe.skipIf(why !== undefined)('commands that build images', () => {
  let workspace: Workspace;
  let project: string;
  let log: string;
  let path: string;
  const name = uniqueName('it-builders');
  const names = new Set<string>();
  const push = (...more: string[]) => ['push-image', '--local', '-it', `${name}:v1`, ...more];
  const env = () => ({ PATH: path, MY_TOKEN: 'much-too-secret' });
  const calls = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) : []);

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'app');
    writeImageProject(project, name);
    log = join(workspace.folder, 'calls.txt');
    const bin = join(workspace.folder, 'bin');
    mkdirSync(bin);
    const real = execFileSync('which', ['docker'], { encoding: 'utf8' }).trim();
    for (const command of ['docker', 'finch']) writeFileSync(join(bin, command), WRAPPER(real, log), { mode: 0o755 });
    path = `${bin}:${process.env['PATH']}`;
  });
  afterEach(() => writeFileSync(log, ''));
  afterAll(async () => {
    workspace.close();
    names.add(`${name}:v1`);
    for (const one of names) await engine?.removeTag(one);
  });

  it('are not started for ordinary builds', async () => {
    const { code, stderr } = await workspace.run(push(), { cwd: project, env: env() });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/build started \(linux\/\w+, (?:BuildKit|classic), Docker/);
    expect(calls()).toEqual([]);
  });

  it('build what the API of Docker does not carry: buildx, with the secret by its place only', async () => {
    const wish = ['-dbo', '--secret id=token,env=MY_TOKEN', '--verbose'];
    const { code, document, stderr } = await workspace.json(push(...wish), { cwd: project, env: env() });
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ built: true, published: true });
    expect(stderr).toMatch(/build started \(linux\/\w+, docker buildx for --secret, Docker/);
    expect(stderr).not.toContain('much-too-secret');
    const [version, build, ...more] = calls();
    expect(version).toMatch(/docker buildx version$/);
    expect(build).toMatch(/docker buildx build --platform=linux\/\w+ --provenance=false --sbom=false --progress=plain --load --file=/);
    expect(build).toContain('--secret=id=token,env=MY_TOKEN');
    expect(build).not.toContain('much-too-secret');
    expect(readFileSync(`${log}.env`, 'utf8')).toContain('BUILDX_NO_DEFAULT_ATTESTATIONS=1');
    expect(more).toEqual([]);
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });

  it('are not started when ECR has the image, whatever the secret is now', async () => {
    const wish = ['-dbo', '--secret id=token,src=elsewhere'];
    const { document, stderr } = await workspace.json(push(...wish), { cwd: project, env: { ...env(), DOCKER_HOST: 'unix:///nowhere' } });
    expect(document.result, stderr).toMatchObject({ built: false, published: false });
    expect(calls()).toEqual([]);
  });

  it('need no engine when they are asked for by name: what they save is pushed from here', async () => {
    const { code, document, stderr } = await workspace.json(push('--builder', 'finch', '--force-build'), {
      cwd: project,
      env: { ...env() },
    });
    expect(code, stderr).toBe(0);
    expect(document.result).toMatchObject({ built: true, published: true });
    expect(stderr).toMatch(/build started \(linux\/\w+, finch build for --builder finch\)/);
    expect(calls().map((call) => / (--version|build|save)\b/.exec(call)?.[1])).toEqual(['--version', 'build', 'save']);
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });

  const hasBuildx = spawnSync('docker', ['buildx', 'version']).status === 0;
  it.each(hasBuildx ? [['--builder', 'engine']] : [['--builder', 'engine'], []])(
    'are not needed for secrets where the engine has BuildKit %s',
    async (...builder) => {
      const folder = join(workspace.folder, 'told');
      mkdirSync(folder, { recursive: true });
      copyFileSync(BUSYBOX ?? '', join(folder, 'busybox'));
      const tell = 'RUN --mount=type=secret,id=token --mount=type=secret,id=long ["/bin/sh", "-c", "cat /run/secrets/* | wc -c"]';
      writeFileSync(join(folder, 'Dockerfile'), `FROM scratch\nCOPY busybox /bin/sh\n${tell}\nCMD ["/bin/sh"]\n`);
      writeFileSync(join(workspace.folder, 'long'), 'x'.repeat(70_000));
      const options = `--no-cache --secret id=token,env=MY_TOKEN --secret id=long,src=${join(workspace.folder, 'long')}`;
      names.add(`${name}-told:latest`);
      const wish = ['package', '-pt', 'image', '-it', `${name}-told`, '-dbo', options, '--verbose', ...builder];
      const { code, stderr } = await workspace.run(wish, { cwd: folder, env: { MY_TOKEN: 'much-too-secret' } });
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/build started \(linux\/\w+, BuildKit, Docker/);
      expect(stderr).toMatch(/\| 70015$/m);
      expect(stderr).not.toContain('much-too-secret');
    },
  );

  it('are told with the switch that made them necessary when they are missing', async () => {
    const missing = await workspace.json(push('--builder', 'nerdctl', '--force-build'), { cwd: project });
    expect(missing.document.error).toMatchObject({
      code: 'BUILD_TOOL_NOT_FOUND',
      hint: expect.stringContaining('--builder nerdctl needs'),
    });
    expect((await workspace.run(push('--builder', 'kaniko'), { cwd: project })).code).toBe(2);
  });

  it('end with everything they have started when the run is interrupted', async () => {
    const pids = join(workspace.folder, 'pids');
    const bin = join(workspace.folder, 'slow');
    mkdirSync(bin);
    const slow = `#!/bin/sh\n[ "$1" = --version ] && exit 0\ntrap '' TERM\nsleep 300 &\necho "$$ $!" > ${pids}\necho working\nwait\nsleep 300\n`;
    writeFileSync(join(bin, 'nerdctl'), slow, { mode: 0o755 });
    const { code, stderr } = await workspace.run(push('--builder', 'nerdctl', '--force-build'), {
      cwd: project,
      env: { PATH: `${bin}:${process.env['PATH']}` },
      onStderr: (text, child) => text.includes('working') && child.kill('SIGINT'),
    });
    expect(code, stderr).toBe(130);
    for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) {
      // One that has ended, and whose end nobody has asked for yet, is in the list as a zombie.
      expect(spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout).toMatch(/^(?:Z.*)?\s*$/);
    }
    expect(readdirSync(workspace.temporary)).toEqual([]);
  });

  it('refuse an image that Lambda could not start, unless the function says what to start', async () => {
    const folder = join(workspace.folder, 'mute');
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), 'x');
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY file /file\n');
    names.add(`${name}-mute:latest`);
    const template = (config: string) =>
      writeFileSync(
        join(folder, 'serverless.template'),
        `Transform: AWS::Serverless-2016-10-31
Resources:
  Mute:
    Type: AWS::Serverless::Function
    Metadata: { DockerTag: ${name}-mute }
    Properties: { PackageType: Image${config} }
`,
      );
    template('');
    const pack = ['package-ci', '--local', '-ot', join(folder, 'out.json')];
    const refused = await workspace.json(pack, { cwd: folder });
    expect(refused.document.error).toMatchObject({
      code: 'IMAGE_INVALID',
      message: expect.stringContaining('and Mute has no ImageConfig'),
    });
    template(', ImageConfig: { Command: [/file] }');
    expect((await workspace.json(pack, { cwd: folder })).document.ok).toBe(true);
    const pushed = await workspace.json(['push-image', '--local', '-it', `${name}-mute`, '--force-build'], { cwd: folder });
    expect(pushed.document.warnings).toEqual([expect.stringContaining('has neither an ENTRYPOINT nor a CMD')]);
  });

  it('build three images for ten functions, into one repository made as wished; and none the second time', async () => {
    const application = `${name}-shop`;
    const root = join(workspace.folder, application);
    for (const image of ['web', 'work', 'mail']) {
      const folder = join(root, 'src', image);
      mkdirSync(folder, { recursive: true });
      copyFileSync(BUSYBOX ?? '', join(folder, 'busybox'));
      writeFileSync(join(folder, 'which'), image);
      writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY busybox which /\nENTRYPOINT ["/busybox"]\n');
    }
    names.add(`${application}:latest`);
    const functions = Array.from({ length: 10 }, (_, index) => {
      const image = ['web', 'work', 'mail'][index % 3];
      return `  F${index}: { Type: AWS::Serverless::Function, Metadata: { DockerContext: src/${image} }, Properties: { PackageType: Image } }`;
    });
    writeFileSync(join(root, 'serverless.template'), `Transform: AWS::Serverless-2016-10-31\nResources:\n${functions.join('\n')}\n`);
    writeFileSync(join(root, 'policy.json'), '{ "rules": [] }');
    const wish = ['--ecr-scan-on-push', '--ecr-encryption', 'kms', '--ecr-lifecycle-policy', 'policy.json', '--ecr-tags', 'team=shop'];
    const deploy = ['deploy-serverless', '-sn', 'Ten', '--local', ...wish];

    const first = await workspace.json(deploy, { cwd: root });
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr.match(/build started/g)).toHaveLength(3);
    expect(first.stderr.match(/built · pushed/g)).toHaveLength(3);
    const artifacts = first.document.result.artifacts as { logicalIds: string[]; location: string; published: boolean }[];
    expect(artifacts.map(({ logicalIds, published }) => [logicalIds.length, published])).toEqual([
      [4, true],
      [3, true],
      [3, true],
    ]);
    const locations = new Set(artifacts.map(({ location }) => location.split('@')[0]));
    expect([...locations]).toEqual([expect.stringMatching(new RegExp(`/${application}$`))]);

    const second = await workspace.json(deploy, { cwd: root, env: { DOCKER_HOST: 'unix:///nowhere' } });
    expect(second.document.result, second.stderr).toMatchObject({ action: 'unchanged' });
    expect(second.stderr).not.toMatch(/build started|pushed/);

    const { result } = (await workspace.json(['local', 'env'])).document as { result: Record<string, string> };
    const sdk = await import('@aws-sdk/client-ecr');
    const client = new sdk.ECRClient({
      region: 'us-east-1',
      endpoint: result['AWS_ENDPOINT_URL'] ?? '',
      credentials: { accessKeyId: result['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: result['AWS_SECRET_ACCESS_KEY'] ?? '' },
    });
    const { repositories = [] } = await client.send(new sdk.DescribeRepositoriesCommand({ repositoryNames: [application] }));
    expect(repositories).toEqual([
      expect.objectContaining({ imageScanningConfiguration: { scanOnPush: true }, encryptionConfiguration: { encryptionType: 'KMS' } }),
    ]);
    const { tags } = await client.send(new sdk.ListTagsForResourceCommand({ resourceArn: repositories[0]?.repositoryArn }));
    expect(tags).toEqual([{ Key: 'team', Value: 'shop' }]);
    const policy = await client.send(new sdk.GetLifecyclePolicyCommand({ repositoryName: application }));
    expect(policy.lifecyclePolicyText).toBe('{"rules":[]}');
  });
});
