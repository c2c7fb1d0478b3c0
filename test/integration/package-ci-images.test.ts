import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { engineOrReason, removeImagesNamed, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeBootstrap, writeImageProject } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const hasDocker = spawnSync('docker', ['--version'], { stdio: 'ignore' }).status === 0;
const lacks = BUSYBOX === undefined ? 'busybox' : hasDocker ? undefined : 'the docker command, which makes the archive,';
const why = engine === undefined ? reason : lacks === undefined ? undefined : `${lacks} is not on this machine`;
if (why !== undefined) console.log(`Packaging of images is not tested: ${why}`);

/** Answers with the build argument WHO. */
const WHO = 'ARG WHO=nobody\nARG ENDING=.\nRUN sed -i "s/@who@/$WHO$ENDING/" /var/task/bootstrap\n';

describe.skipIf(why !== undefined)('package-ci with images', () => {
  let workspace: Workspace;
  let project: string;
  const name = uniqueName('it-ci');
  const archived = uniqueName('it-ci-archived');
  const present = uniqueName('it-ci-present');

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'images');
    writeImageProject(join(project, 'app'), name);
    writeBootstrap(join(project, 'app'), 'hello @who@');
    const dockerfile = readFileSync(join(project, 'app', 'Dockerfile'), 'utf8').replace('WORKDIR', `${WHO}WORKDIR`);
    mkdirSync(join(project, 'app', 'docker'));
    writeFileSync(join(project, 'app', 'docker', 'Who.Dockerfile'), dockerfile);
    mkdirSync(join(project, 'zip'));
    writeFileSync(join(project, 'zip', 'index.js'), 'exports.handler = async () => ({ statusCode: 200, body: "a zip" });\n');
    // An image that the engine has, and one that only an archive has.
    const build = (tag: string, who: string): void => {
      const args = ['build', '-q', '-t', tag, '--build-arg', `WHO=${who}`, '-f', 'docker/Who.Dockerfile', '.'];
      execFileSync('docker', args, { cwd: join(project, 'app'), stdio: 'ignore' });
    };
    build(`${present}:v1`, 'the engine');
    build(`${archived}:v1`, 'an archive');
    mkdirSync(join(project, 'deploy'));
    execFileSync('docker', ['save', '-o', join(project, 'deploy', 'image.tar'), `${archived}:v1`]);
    execFileSync('docker', ['rmi', '-f', `${archived}:v1`], { stdio: 'ignore' });
    copyFileSync(join(project, 'app', 'Dockerfile'), join(project, 'app', 'Plain.Dockerfile'));
  });
  afterAll(async () => {
    workspace.close();
    for (const part of [name, present, archived]) await removeImagesNamed(part);
  });

  const fn = (id: string, properties: string, metadata = ''): string => `  ${id}:
    Type: AWS::Serverless::Function
${metadata === '' ? '' : `    Metadata: { ${metadata} }\n`}    Properties:
      ${properties}
      Events: { Get: { Type: HttpApi, Properties: { Path: /${id.toLowerCase()}, Method: GET } } }
`;

  it('publishes zips and images of one template, each as its resource says', async () => {
    // The template lies in a folder of its own: contexts and paths are relative to it.
    const context = 'DockerContext: ../app, Dockerfile: docker/Who.Dockerfile';
    const text = `Transform: AWS::Serverless-2016-10-31
Resources:
${fn('Map', 'PackageType: Image', `${context}, DockerTag: '${name}-Map:latest', DockerBuildArgs: { WHO: a map, ENDING: '!' }`)}${fn(
      'Text',
      'PackageType: Image',
      `${context}, DockerTag: ${name}-text, DockerBuildArgs: '--build-arg WHO="a text" --build-arg ENDING=?'`,
    )}${fn('Same', 'PackageType: Image', `${context}, DockerTag: '${name}-map:latest', DockerBuildArgs: 'WHO=a map;ENDING=!'`)}${fn(
      'Present',
      `PackageType: Image\n      ImageUri: '${present}:v1'`,
    )}${fn('Archive', 'PackageType: Image\n      ImageUri: image.tar', `DockerTag: ${name}-archive`)}${fn(
      'Zip',
      'Runtime: nodejs24.x\n      Handler: index.handler\n      CodeUri: ../zip',
    )}  Plain:
    Type: AWS::Lambda::Function
    Properties: { PackageType: Image, Role: !GetAtt MapRole.Arn, Code: { ImageUri: ../app } }
    Metadata: { DockerTag: ${name}-other }
Outputs:
  Url: { Value: !Sub 'https://\${ServerlessHttpApi}.execute-api.\${AWS::Region}.amazonaws.com' }
`;
    writeFileSync(join(project, 'deploy', 'app.yaml'), text);
    const { code, document, stderr } = await workspace.json(
      ['package-ci', '-t', 'deploy/app.yaml', '-ot', 'packaged.yaml', '-sb', 'ci-images', '--local'],
      { cwd: project },
    );
    expect(code, stderr).toBe(0);
    const artifacts = document.result.artifacts as { logicalIds: string[]; kind: string; location: string }[];
    expect(artifacts.map(({ kind, logicalIds }) => [kind, logicalIds])).toEqual([
      ['image', ['Map', 'Same']],
      ['image', ['Text']],
      ['image', ['Present']],
      ['image', ['Archive']],
      ['zip', ['Zip']],
      ['image', ['Plain']],
    ]);
    const uri = (repository: string) =>
      expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:\\d+/${repository}@sha256:[0-9a-f]{64}$`)) as string;
    const resources = parse(readFileSync(join(project, 'packaged.yaml'), 'utf8'), { logLevel: 'error' }).Resources as Record<string, any>;
    const uris = Object.fromEntries(
      Object.entries(resources).map(([id, { Properties }]) => [id, Properties.ImageUri ?? Properties.Code?.ImageUri]),
    );
    expect(uris).toEqual({
      Map: uri(`${name}-map`),
      Same: uri(`${name}-map`),
      Text: uri(`${name}-text`),
      Present: uri(present),
      Archive: uri(`${name}-archive`),
      Zip: undefined,
      Plain: uri(`${name}-other`),
    });
    expect(resources['Map'].Metadata.DockerTag).toBe(`${name}-Map:latest`);
  }, 180_000);

  it('changes nothing the second time, and needs no engine for it', async () => {
    const { code, stderr } = await workspace.run(
      ['package-ci', '-t', 'packaged.yaml', '-ot', 'again.yaml', '-sb', 'ci-images', '--local'],
      {
        cwd: project,
        env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
      },
    );
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(project, 'again.yaml'))).toEqual(readFileSync(join(project, 'packaged.yaml')));
  });

  it('gives a template whose functions answer', async () => {
    const { code, document, stderr } = await workspace.json(
      ['deploy-serverless', '-sn', 'CiImages', '-t', 'packaged.yaml', '-sb', 'ci-images', '--local'],
      { cwd: project },
    );
    expect(code, stderr).toBe(0);
    const get = async (path: string): Promise<string> => (await fetch(`${document.result.outputs.Url}/${path}`)).text();
    expect(await Promise.all(['map', 'text', 'same', 'present', 'archive', 'zip'].map(get))).toEqual([
      'hello a map!',
      'hello a text?',
      'hello a map!',
      'hello the engine.',
      'hello an archive.',
      'a zip',
    ]);
  });

  it.each([
    ['an image that the engine does not have', "PackageType: Image\n      ImageUri: 'nobody-has-this:v1'", '', 'nobody-has-this:v1'],
    ['a Dockerfile that is not there', 'PackageType: Image', 'DockerContext: ../app, Dockerfile: No.Dockerfile', 'No.Dockerfile'],
    ['an archive that is none', 'PackageType: Image\n      ImageUri: app.yaml', '', 'neither a directory nor an image archive'],
  ])('says so before anything is published: %s', async (_, properties, metadata, words) => {
    writeFileSync(
      join(project, 'deploy', 'bad.yaml'),
      `Transform: AWS::Serverless-2016-10-31\nResources:\n${fn('Zip', 'Runtime: nodejs24.x\n      Handler: index.handler\n      CodeUri: ../zip')}${fn('Bad', properties, metadata)}`,
    );
    const { code, document } = await workspace.json(
      ['package-ci', '-t', 'deploy/bad.yaml', '-ot', 'never.yaml', '-sb', 'never-made', '--local'],
      { cwd: project },
    );
    expect(code).toBe(1);
    expect(JSON.stringify(document.error)).toContain(words);
  });
});
