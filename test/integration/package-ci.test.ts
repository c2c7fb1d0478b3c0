import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { openWorkspace, type Workspace } from '../support/cli.ts';

const hasAws = spawnSync('aws', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasAws) console.log('aws is not on this machine: a packaged template is not deployed with it');

const TEMPLATE = `# The shop
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31

Resources:
  # sells
  Seller: { Type: 'AWS::Serverless::Function', Properties: { Runtime: nodejs22.x, Handler: index.handler, CodeUri: ./code } }   # inline

  Buyer:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ./code
      Runtime: nodejs22.x
      Handler: index.handler
      Events: { Any: { Type: HttpApi } }

Outputs:
  Url: { Value: !Sub 'https://\${ServerlessHttpApi}.execute-api.\${AWS::Region}.amazonaws.com/' }
`;

describe('package-ci', () => {
  let workspace: Workspace;
  let project: string;
  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'shop');
    mkdirSync(join(project, 'code'), { recursive: true });
    writeFileSync(join(project, 'code', 'index.js'), 'exports.handler = async () => ({ statusCode: 200, body: "sold" });\n');
    writeFileSync(join(project, 'serverless.template'), TEMPLATE);
  });
  afterAll(() => workspace.close());

  const packageCi = (...args: string[]) =>
    workspace.json(['package-ci', '-sb', 'ci-bucket', '-sp', 'shop/', '--local', ...args], { cwd: project });

  it('writes the packaged template and nothing else, changing only what it publishes', async () => {
    const before = readdirSync(project);
    const { code, document, stderr } = await packageCi('-ot', 'packaged.template');
    expect(code, stderr).toBe(0);
    expect(readdirSync(project).toSorted()).toEqual([...before, 'packaged.template'].toSorted());
    const location = document.result.artifacts[0].location as string;
    expect(location).toMatch(/^s3:\/\/ci-bucket\/shop\/[0-9a-f]{64}\.zip$/);
    expect(document.result.artifacts).toHaveLength(1);
    expect(readFileSync(join(project, 'packaged.template'), 'utf8')).toBe(TEMPLATE.replaceAll('./code', location));
  });

  it('leaves what it writes out of the code it lies in, so that a second run is the first', async () => {
    const cwd = join(workspace.folder, 'flat');
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'index.js'), 'exports.handler = async () => 1;\n');
    const code = { Type: 'AWS::Serverless::Function', Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', CodeUri: '.' } };
    const template = { Transform: 'AWS::Serverless-2016-10-31', Resources: { Only: code } };
    writeFileSync(join(cwd, 'serverless.template'), JSON.stringify(template));
    const run = async (...args: string[]) => {
      const { document } = await workspace.json([...args, '-sb', 'ci-bucket', '--local'], { cwd });
      return [document.ok, document.result?.artifacts?.[0]?.location];
    };
    const first = await run('package-ci', '-ot', 'packaged.template');
    expect(first).toEqual([true, expect.stringMatching(/^s3:/)]);
    expect(await run('package-ci', '-ot', 'packaged.template')).toEqual(first);
    // Without the switch it is a file like any other.
    expect(await run('package-ci')).not.toEqual(first);
  });

  it('changes nothing when it is given its own output, and publishes nothing', async () => {
    const { document, stderr } = await packageCi('-t', 'packaged.template', '-ot', '-');
    expect(document, stderr).toMatchObject({ ok: true, result: { artifacts: [] } });
    expect(document.result.template).toBe(readFileSync(join(project, 'packaged.template'), 'utf8'));
  });

  it('writes to stdout, and in the other format when asked', async () => {
    const { code, stdout } = await workspace.run(
      ['package-ci', '-sb', 'ci-bucket', '-sp', 'shop/', '--local', '-ot', '-', '--output-format', 'json'],
      { cwd: project },
    );
    expect(code).toBe(0);
    const json = JSON.parse(stdout) as { Outputs: { Url: { Value: unknown } }; AWSTemplateFormatVersion: string };
    expect(json.AWSTemplateFormatVersion).toBe('2010-09-09');
    expect(json.Outputs.Url.Value).toEqual({ 'Fn::Sub': 'https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com/' });
    writeFileSync(join(project, 'as.json'), stdout);
    const back = await workspace.run(['package-ci', '--local', '-t', 'as.json', '-ot', '-', '--output-format', 'yaml'], { cwd: project });
    expect(parse(back.stdout)).toEqual(json);
  });

  it('says what is missing, and writes nothing then', async () => {
    const missing = await packageCi();
    expect(missing.code).toBe(2);
    expect(missing.document.error).toMatchObject({ code: 'MISSING_OPTION', hint: expect.stringContaining('--output-template') as string });
    const nowhere = await packageCi('-ot', 'no/such/folder/x');
    expect(nowhere.code).toBe(1);
    expect(nowhere.document.error?.code).toBe('FILE_NOT_WRITABLE');
    // Told before anything is published.
    expect(nowhere.stderr).not.toContain('[zip');
    writeFileSync(join(project, 'broken.template'), 'Resources: [');
    const broken = await packageCi('-t', 'broken.template', '-ot', 'never');
    expect(broken.code).toBe(1);
    expect(existsSync(join(project, 'never'))).toBe(false);
  });

  it('gives a template that deploy-serverless takes as it is', async () => {
    const { code, document, stderr } = await workspace.json(
      ['deploy-serverless', '-sn', 'Packaged', '-t', 'packaged.template', '--local'],
      { cwd: project },
    );
    expect(code, stderr).toBe(0);
    expect(await (await fetch(document.result.outputs.Url as string)).text()).toBe('sold');
  });

  it.skipIf(!hasAws)('gives a template that aws cloudformation deploy takes', async () => {
    const { document } = await workspace.json(['local', 'env']);
    const env = { ...workspace.env, ...(document.result as Record<string, string>) };
    const aws = (...args: string[]): string =>
      execFileSync('aws', ['cloudformation', ...args, '--output', 'text'], { cwd: project, env, encoding: 'utf8' }).trim();
    const capabilities = ['--capabilities', 'CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'];
    // It waits for a stack in steps of 30 seconds; so it makes the change set only.
    const made = aws('deploy', '--template-file', 'packaged.template', '--stack-name', 'ByAws', ...capabilities, '--no-execute-changeset');
    aws('execute-change-set', '--change-set-name', /arn:\S+/.exec(made)?.[0] ?? '');
    const { document: watched } = await workspace.json(['watch', 'ByAws', '--local']);
    expect(watched.result).toMatchObject({ status: 'CREATE_COMPLETE' });
    const url = aws('describe-stacks', '--stack-name', 'ByAws', '--query', 'Stacks[0].Outputs[0].OutputValue');
    expect(await (await fetch(url)).text()).toBe('sold');
  });

  it('publishes nested templates with what they refer to', async () => {
    mkdirSync(join(project, 'child'), { recursive: true });
    writeFileSync(join(project, 'child', 'handler.js'), 'exports.handler = async () => 1;\n');
    writeFileSync(
      join(project, 'child', 'child.yaml'),
      'Transform: AWS::Serverless-2016-10-31\nResources:\n  Fn:\n    Type: AWS::Serverless::Function\n    Properties: { Runtime: nodejs22.x, Handler: handler.handler, CodeUri: . }\n',
    );
    writeFileSync(
      join(project, 'parent.yaml'),
      'Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      TemplateURL: child/child.yaml\n',
    );
    const { code, document, stderr } = await packageCi('-t', 'parent.yaml', '-ot', '-');
    expect(code, stderr).toBe(0);
    expect(document.result.template).toMatch(/TemplateURL: https:\/\/\S*ci-bucket\S*\/shop\/[0-9a-f]{64}\.\w+/);
    const deployed = await workspace.json(['deploy-serverless', '-sn', 'Parent', '-t', 'parent.yaml', '-sb', 'ci-bucket', '--local'], {
      cwd: project,
    });
    expect(deployed.code, deployed.stderr).toBe(0);
  });

  it('says nothing but its own lines, however much goes on at a time', async () => {
    const many = join(workspace.folder, 'many');
    const functions = Array.from({ length: 40 }, (_, index) => {
      mkdirSync(join(many, `f${index}`), { recursive: true });
      writeFileSync(join(many, `f${index}`, 'index.js'), `exports.handler = async () => ${index};\n`);
      return `  F${index}:\n    Type: AWS::Serverless::Function\n    Properties: { Runtime: nodejs22.x, Handler: index.handler, CodeUri: f${index} }\n`;
    });
    writeFileSync(join(many, 'serverless.template'), `Transform: AWS::Serverless-2016-10-31\nResources:\n${functions.join('')}`);
    const { code, stderr } = await workspace.run(['package-ci', '-sb', 'ci-bucket', '--local', '-ot', 'out.template'], { cwd: many });
    expect(code, stderr).toBe(0);
    const others = stderr.split('\n').filter((line) => !/^\[zip f\d+\]/.test(line) && line !== '');
    expect(others).toEqual([expect.stringMatching(/^Account /), 'serverless.template · 40 functions · 40 artifacts · package only']);
  });
});
