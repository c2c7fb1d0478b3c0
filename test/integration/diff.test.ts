import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { whyNoDotnet } from '../support/dotnet.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';
import { BUSYBOX, writeBootstrap, writeImageProject } from '../support/image-project.ts';

const { engine, reason } = await engineOrReason();
const noImage = engine === undefined ? reason : BUSYBOX === undefined ? 'busybox is not on this machine' : undefined;
if (noImage !== undefined) console.log(`Comparisons of images are not tested: ${noImage}`);
const noDotnet = await whyNoDotnet();
if (noDotnet !== undefined) console.log(`Comparisons of .NET projects are not tested: ${noDotnet}`);

const SECRET = 'correct-horse-battery';

const TEMPLATE = {
  AWSTemplateFormatVersion: '2010-09-09',
  Transform: 'AWS::Serverless-2016-10-31',
  Parameters: {
    Stage: { Type: 'String', Default: 'dev' },
    Password: { Type: 'String', NoEcho: true, Default: 'first-secret' },
  },
  Resources: {
    Hello: {
      Type: 'AWS::Serverless::Function',
      Properties: {
        Runtime: 'nodejs24.x',
        Handler: 'app.handler',
        CodeUri: 'src',
        MemorySize: 256,
        Environment: { Variables: { STAGE: { Ref: 'Stage' }, PASSWORD: { Ref: 'Password' } } },
      },
    },
  },
  Outputs: { Name: { Value: { Ref: 'Hello' } } },
};

describe('diff on the local target', () => {
  let workspace: Workspace;
  let project: string;

  const write = (template: object): void => writeFileSync(join(project, 'serverless.template'), JSON.stringify(template, null, 2));
  const writeCode = (text: string): void => writeFileSync(join(project, 'src/app.mjs'), text);
  const ARGS = ['diff', '-sn', 'Shop', '--local'];
  const CODE = 'export const handler = async () => "one";\n';
  const unchanged = (): void => {
    write(TEMPLATE);
    writeCode(CODE);
  };
  const stackText = async (): Promise<string> => {
    const { document } = await workspace.json(['deploy-serverless', '-sn', 'Shop', '-sb', 'shop-bucket', '--local'], { cwd: project });
    return document.result.action as string;
  };

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'shop');
    mkdirSync(join(project, 'src'), { recursive: true });
    unchanged();
  });
  afterAll(() => workspace.close());

  it('says that everything is new when there is no stack, and makes none', async () => {
    const { code, stdout, stderr } = await workspace.run(ARGS, { cwd: project });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('Stack Shop does not exist yet: 1 resource to add');
    expect(stdout).toMatch(/^ {2}\+ {2}Hello +AWS::Serverless::Function$/m);
    expect(stderr).toMatch(/^Account 000000000000 · us-east-1 · /m);
    const { code: failing, document } = await workspace.json([...ARGS, '--fail'], { cwd: project });
    expect(failing).toBe(3);
    expect(document).toMatchObject({ ok: true, command: 'diff', result: { stackName: 'Shop', exists: false, same: false } });
    expect(document.result.changes.resources).toEqual([
      { logicalId: 'Hello', type: 'AWS::Serverless::Function', action: 'added', properties: [] },
    ]);
  });

  it('finds nothing after the deployment, with and without a bucket', async () => {
    expect(await stackText()).toBe('created');
    for (const more of [[], ['-sb', 'shop-bucket'], ['--fail'], ['--resolve-s3']]) {
      const { code, stdout, stderr } = await workspace.run([...ARGS, ...more], { cwd: project });
      expect(code, stderr).toBe(0);
      expect(stdout).toBe('No differences: stack Shop is what the template says.\n');
    }
    const { document } = await workspace.json(ARGS, { cwd: project });
    expect(document.result).toMatchObject({ exists: true, same: true, status: 'CREATE_COMPLETE', undecided: [] });
    expect(Object.values(document.result.changes as Record<string, unknown[]>).flat()).toEqual([]);
  });

  it('finds nothing in the same template written another way', async () => {
    const yaml = `Transform: [AWS::Serverless-2016-10-31]
Resources:
  Hello:
    Properties:
      Environment: {Variables: {PASSWORD: !Ref Password, STAGE: !Ref Stage}}
      MemorySize: "256"
      CodeUri: ./src
      Handler: app.handler
      Runtime: nodejs24.x
    Type: AWS::Serverless::Function
Parameters:
  Password: {Type: String, NoEcho: "true", Default: first-secret}
  Stage: {Type: String, Default: dev}
Outputs:
  Name: {Value: !Ref Hello}
AWSTemplateFormatVersion: 2010-09-09
`;
    writeFileSync(join(project, 'other.yaml'), yaml);
    const { code, stdout, stderr } = await workspace.run([...ARGS, '-t', 'other.yaml', '--fail'], { cwd: project });
    expect(stdout, stderr).toContain('No differences');
    expect(code).toBe(0);
  });

  it('tells code, memory, tags, parameters and outputs that differ, and --fail ends with 3', async () => {
    writeCode(`${CODE}// changed\n`);
    write({
      ...TEMPLATE,
      Resources: {
        Hello: { ...TEMPLATE.Resources.Hello, Properties: { ...TEMPLATE.Resources.Hello.Properties, MemorySize: 512 } },
        Topic: { Type: 'AWS::SNS::Topic' },
      },
      Outputs: {},
    });
    const args = [...ARGS, '-tp', 'Stage=prod', '--tags', 'team=web'];
    const { code, stdout, stderr } = await workspace.run(args, { cwd: project });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^Stack Shop: 1 resource to add, 1 to change$/m);
    expect(stdout).toMatch(/CodeUri {2}s3:\/\/shop-bucket\/[0-9a-f]{12}….zip → s3:\/\/shop-bucket\/[0-9a-f]{12}….zip {2}\(src differs\)$/m);
    expect(stdout).toMatch(/^ +MemorySize {2}256 → 512$/m);
    expect(stdout).toMatch(/^ {2}~ {2}Stage {2}dev → prod$/m);
    expect(stdout).toMatch(/^ {2}\+ {2}team {2}web$/m);
    expect(stdout).toMatch(/^ {2}- {2}Name$/m);
    expect(stdout).not.toContain('\u001B');

    const { code: failing, document } = await workspace.json([...args, '--fail'], { cwd: project });
    expect(failing).toBe(3);
    expect(document.ok).toBe(true);
    expect(document.result.same).toBe(false);
    const { resources, parameters, tags, outputs } = document.result.changes;
    expect(resources).toEqual([
      {
        logicalId: 'Hello',
        type: 'AWS::Serverless::Function',
        action: 'changed',
        properties: [
          expect.objectContaining({ path: 'Properties.CodeUri', note: 'src differs' }),
          { path: 'Properties.MemorySize', before: 256, after: 512 },
        ],
      },
      { logicalId: 'Topic', type: 'AWS::SNS::Topic', action: 'added', properties: [] },
    ]);
    expect(parameters).toEqual([{ name: 'Stage', action: 'changed', before: 'dev', after: 'prod', noEcho: false, properties: [] }]);
    expect(tags).toEqual([{ name: 'team', action: 'added', after: 'web' }]);
    expect(outputs).toEqual([{ name: 'Name', action: 'removed', properties: [] }]);
    unchanged();
    expect(await stackText()).toBe('unchanged');
  });

  it('predicts what a deployment writes', async () => {
    writeCode(`${CODE}// another change\n`);
    const { document } = await workspace.json(ARGS, { cwd: project });
    const [{ after }] = document.result.changes.resources[0].properties;
    const { document: deployed } = await workspace.json(['deploy-serverless', '-sn', 'Shop', '-sb', 'shop-bucket', '--local'], {
      cwd: project,
    });
    expect(deployed.result.action).toBe('updated');
    expect(deployed.result.artifacts[0].location).toBe(after);
    expect((await workspace.run([...ARGS, '--fail'], { cwd: project })).code).toBe(0);
  });

  it('shows nothing of a NoEcho value, and says that it cannot be compared', async () => {
    const runs = [
      await workspace.run([...ARGS, '-tp', `Password=${SECRET}`, '--fail'], { cwd: project }),
      await workspace.run([...ARGS, '-tp', `Password=${SECRET}`, '--fail', '--output', 'json'], { cwd: project }),
    ];
    for (const { code, stdout, stderr } of runs) {
      expect(code, stderr).toBe(3);
      expect(`${stdout}${stderr}`).not.toContain(SECRET);
      expect(`${stdout}${stderr}`).not.toContain('first-secret');
      expect(stdout).toContain('Parameter Password');
    }
    write({ ...TEMPLATE, Parameters: { ...TEMPLATE.Parameters, Password: { Type: 'String', NoEcho: true, Default: SECRET } } });
    const { stdout } = await workspace.run(ARGS, { cwd: project });
    expect(stdout).toContain('Default  **** → ****');
    expect(stdout).not.toContain(SECRET);
    write(TEMPLATE);
  });

  it('warns of parameters that a deployment would miss or leave out', async () => {
    write({ ...TEMPLATE, Parameters: { ...TEMPLATE.Parameters, Needed: { Type: 'String' } } });
    const { code, document } = await workspace.json([...ARGS, '-tp', 'Unknown=1'], { cwd: project });
    expect(code).toBe(0);
    expect(document.warnings).toEqual([expect.stringContaining('Needed'), expect.stringContaining('Unknown')]);
    write(TEMPLATE);
  });

  it('refuses wrong usage and missing code like a deployment', async () => {
    const usage = await workspace.run([...ARGS, '--failing'], { cwd: project });
    expect(usage.code).toBe(2);
    write({
      ...TEMPLATE,
      Resources: { Hello: { ...TEMPLATE.Resources.Hello, Properties: { ...TEMPLATE.Resources.Hello.Properties, CodeUri: 'nowhere' } } },
    });
    const missing = await workspace.json(ARGS, { cwd: project });
    expect(missing.code).toBe(1);
    expect(missing.document.error?.code).toBe('TEMPLATE_PATH_NOT_FOUND');
    write(TEMPLATE);
  });

  it('takes a stack that never came up for none, and makes no bucket', async () => {
    const Properties = { ...TEMPLATE.Resources.Hello.Properties, CodeUri: 's3://shop-bucket/missing.zip' };
    writeFileSync(
      join(project, 'broken.template'),
      JSON.stringify({ ...TEMPLATE, Resources: { Hello: { ...TEMPLATE.Resources.Hello, Properties } } }),
    );
    const args = ['-sn', 'Broken', '-t', 'broken.template', '--local'];
    expect((await workspace.run(['deploy-serverless', ...args], { cwd: project })).code).toBe(1);
    const { code, document, stderr } = await workspace.json(['diff', ...args, '-sb', 'no-such-bucket', '--fail'], { cwd: project });
    expect(code).toBe(3);
    expect(document.result).toMatchObject({ exists: false, same: false, status: 'ROLLBACK_COMPLETE' });
    expect(stderr).toContain('Stack Broken could not be created and was rolled back');
    const bucket = await workspace.json(['bucket', 'delete', 'no-such-bucket', '--local', '--yes'], { cwd: project });
    expect(bucket.document.result?.deleted ?? false).toBe(false);
  });

  it('compares nested templates, and everything they refer to, by their content', async () => {
    const nested = {
      Resources: { Fn: { ...TEMPLATE.Resources.Hello, Properties: { Runtime: 'nodejs24.x', Handler: 'app.handler', CodeUri: 'src' } } },
      Transform: TEMPLATE.Transform,
    };
    writeFileSync(join(project, 'nested.template'), JSON.stringify(nested));
    writeFileSync(
      join(project, 'parent.template'),
      JSON.stringify({ Resources: { Inner: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'nested.template' } } } }),
    );
    const args = ['-sn', 'Parent', '-t', 'parent.template', '--local'];
    const deployed = await workspace.run(['deploy-serverless', ...args, '-sb', 'shop-bucket', '-sp', 'a b/'], { cwd: project });
    expect(deployed.code, deployed.stderr).toBe(0);
    const same = await workspace.run(['diff', ...args, '--fail'], { cwd: project });
    expect(same.stdout).toContain('No differences');
    expect(same.code).toBe(0);
    writeCode(`${readFileSync(join(project, 'src/app.mjs'), 'utf8')}// once more\n`);
    const { code, document } = await workspace.json(['diff', ...args, '--fail'], { cwd: project });
    expect(code).toBe(3);
    expect(document.result.changes.resources).toMatchObject([
      { logicalId: 'Inner', properties: [{ path: 'Properties.TemplateURL', note: 'nested.template differs' }] },
      { logicalId: 'Inner/Fn', type: 'AWS::Serverless::Function', properties: [{ path: 'Properties.CodeUri', note: 'src differs' }] },
    ]);
  });

  it('tells what differs in stacks within stacks by their names, and what their parameters become', async () => {
    const topic = (name: string) => ({ Type: 'AWS::SNS::Topic', Properties: { DisplayName: name } });
    const nested = (name: string) => ({
      Parameters: { Stage: { Type: 'String', Default: 'dev' }, Size: { Type: 'String', Default: '1' } },
      Resources: { Topic: topic(name), Deep: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'deep.template' } } },
    });
    const writeAll = (name: string, size: string): void => {
      writeFileSync(join(project, 'deep.template'), JSON.stringify({ Resources: { Far: topic(name) } }));
      writeFileSync(join(project, 'middle.template'), JSON.stringify(nested('same')));
      const Properties = { TemplateURL: 'middle.template', Parameters: { Stage: { Ref: 'Stage' }, Size: size } };
      writeFileSync(
        join(project, 'top.template'),
        JSON.stringify({
          Parameters: { Stage: { Type: 'String', Default: 'dev' } },
          Resources: { Middle: { Type: 'AWS::CloudFormation::Stack', Properties } },
        }),
      );
    };
    writeAll('one', '1');
    const args = ['-sn', 'Top', '-t', 'top.template', '--local'];
    const deployed = await workspace.run(['deploy-serverless', ...args, '-sb', 'shop-bucket'], { cwd: project });
    expect(deployed.code, deployed.stderr).toBe(0);
    expect((await workspace.run(['diff', ...args], { cwd: project })).stdout).toContain('No differences');
    writeAll('two', '2');
    const { document, stderr } = await workspace.json(['diff', ...args, '-tp', 'Stage=prod'], { cwd: project });
    expect(document.ok, stderr).toBe(true);
    const { resources, parameters } = document.result.changes;
    expect(resources.at(-1)).toEqual({
      logicalId: 'Middle/Deep/Far',
      type: 'AWS::SNS::Topic',
      action: 'changed',
      properties: [{ path: 'Properties.DisplayName', before: 'one', after: 'two' }],
    });
    expect(parameters.map((change: { name: string; after: string }) => `${change.name}=${change.after}`)).toEqual([
      'Stage=prod',
      'Middle/Stage=prod',
      'Middle/Size=2',
    ]);
  });

  it('compares code of every round of a loop', async () => {
    for (const name of ['Alpha', 'Beta']) {
      mkdirSync(join(project, name), { recursive: true });
      writeFileSync(join(project, name, 'app.mjs'), `${CODE}// ${name}\n`);
    }
    const Properties = { Runtime: 'nodejs24.x', Handler: 'app.handler', CodeUri: './${Name}' };
    writeFileSync(
      join(project, 'loop.template'),
      JSON.stringify({
        Transform: ['AWS::LanguageExtensions', 'AWS::Serverless-2016-10-31'],
        Parameters: { Names: { Type: 'CommaDelimitedList', Default: 'Alpha' } },
        Resources: {
          'Fn::ForEach::Functions': ['Name', { Ref: 'Names' }, { '${Name}Fn': { Type: 'AWS::Serverless::Function', Properties } }],
        },
      }),
    );
    const args = ['-sn', 'Loop', '-t', 'loop.template', '--local', '-tp', 'Names=Alpha,Beta'];
    const deployed = await workspace.run(['deploy-serverless', ...args, '-sb', 'shop-bucket'], { cwd: project });
    expect(deployed.code, deployed.stderr).toBe(0);
    for (const more of [[], ['-sb', 'shop-bucket']]) {
      const same = await workspace.run(['diff', ...args, ...more, '--fail'], { cwd: project });
      expect(same.stdout, same.stderr).toContain('No differences');
    }
    writeFileSync(join(project, 'Beta/app.mjs'), CODE);
    const { document } = await workspace.json(['diff', ...args], { cwd: project });
    expect(document.result.changes.resources).toEqual([]);
    expect(document.result.changes.mappings).toMatchObject([
      { action: 'changed', properties: [{ path: 'Beta.Location', note: 'Beta differs' }] },
    ]);
  });

  it('tells that another role would do the work', async () => {
    const role = 'arn:aws:iam::000000000000:role/deployer';
    const { document } = await workspace.json([...ARGS, '-cfrole', role], { cwd: project });
    expect(document.result.changes.stack).toEqual([{ name: 'RoleArn', action: 'added', after: role }]);
  });
});

describe('diff of what belongs to the stack itself', () => {
  const TOPIC = 'arn:aws:sns:us-east-1:000000000000:events';
  const ALARM = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:High';
  let workspace: Workspace;
  let project: string;

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'settings');
    mkdirSync(project);
    const topic = (DisplayName: string) =>
      JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic', Properties: { DisplayName } } } });
    writeFileSync(join(project, 'serverless.template'), topic('one'));
    writeFileSync(join(project, 'other.template'), topic('two'));
  });
  afterAll(() => workspace.close());

  const diffWith = (...args: string[]) => workspace.json(['diff', '-sn', 'Own', '--local', '--fail', ...args], { cwd: project });
  const deployWith = (...args: string[]) => workspace.json(['deploy-serverless', '-sn', 'Own', '--local', ...args], { cwd: project });
  const asked = ['--notification-arns', TOPIC, '--rollback-alarms', 'High', '--monitoring-time', '7', '--termination-protection'];

  it('tells each setting that a switch asks for, says which of them need another change, and nothing after they are deployed', async () => {
    expect((await deployWith()).document.result.action).toBe('created');
    expect((await diffWith()).code).toBe(0);
    const { code, document } = await diffWith(...asked);
    expect(code).toBe(3);
    expect(document.result).toMatchObject({ same: false, changes: { resources: [] } });
    expect(document.result.changes.stack).toEqual([
      { name: 'NotificationARNs', action: 'added', after: TOPIC },
      { name: 'RollbackTriggers', action: 'added', after: ALARM },
      { name: 'MonitoringTimeInMinutes', action: 'changed', before: '0', after: '7' },
      { name: 'EnableTerminationProtection', action: 'changed', before: 'false', after: 'true' },
    ]);
    expect(document.warnings).toEqual([
      'CloudFormation takes another NotificationARNs, RollbackTriggers, MonitoringTimeInMinutes only together with another change',
    ]);
    expect((await diffWith(...asked, '-t', 'other.template')).document.warnings).toEqual([]);
    expect((await deployWith(...asked, '-t', 'other.template', '--monitoring-time', '0')).document.ok).toBe(true);
    expect((await diffWith('-t', 'other.template')).code).toBe(0);
    const { document: rest } = await diffWith(...asked, '-t', 'other.template');
    expect(rest.result.changes.stack).toEqual([{ name: 'MonitoringTimeInMinutes', action: 'changed', before: '0', after: '7' }]);
  });

  it('reads the switches of the defaults file, and shows what would go to people', async () => {
    writeFileSync(join(project, 'defaults.json'), JSON.stringify({ 'notification-arns': [], 'termination-protection': false }));
    const args = ['diff', '-sn', 'Own', '--local', '-t', 'other.template', '--config-file', 'defaults.json'];
    const { stdout, stderr } = await workspace.run(args, { cwd: project });
    expect(stdout, stderr).toMatch(
      /^Stack\n {2}- {2}NotificationARNs {2}arn:aws:sns\S+\n {2}~ {2}EnableTerminationProtection {2}true → false$/m,
    );
  });
});

describe.skipIf(noImage !== undefined)('diff of container images', () => {
  let workspace: Workspace;
  let project: string;
  const repository = uniqueName('it-diff');
  const ARGS = ['diff', '-sn', 'Img', '--local', '--fail'];
  const noEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'img');
    writeImageProject(project, repository);
  });
  afterAll(async () => {
    workspace.close();
    await engine?.removeTag(`${repository}:latest`);
  });

  it('finds nothing after the deployment, without an engine', async () => {
    const deployed = await workspace.run(['deploy-serverless', '-sn', 'Img', '--local'], { cwd: project });
    expect(deployed.code, deployed.stderr).toBe(0);
    const { code, stdout, stderr } = await workspace.run(ARGS, { cwd: project, env: noEngine });
    expect(stdout, stderr).toBe('No differences: stack Img is what the template says.\n');
    expect(code).toBe(0);
  });

  it('tells that an image would be built, and builds none', async () => {
    writeBootstrap(project, 'changed');
    const { code, stdout, stderr } = await workspace.run(ARGS, { cwd: project, env: noEngine });
    expect(code, stderr).toBe(3);
    expect(stdout).toContain('Stack Img: 2 resources to change');
    expect(stdout).toMatch(
      /ImageUri {2}.*@sha256:[0-9a-f]{12}… → \(Dockerfile, to be built\) {2}\(Dockerfile differs and would be built\)/,
    );
  });

  it('knows the image once it has been built for another stack', async () => {
    const other = await workspace.run(['deploy-serverless', '-sn', 'Other', '--local'], { cwd: project });
    expect(other.code, other.stderr).toBe(0);
    const { code, document } = await workspace.json(ARGS, { cwd: project, env: noEngine });
    expect(code).toBe(3);
    expect(document.result.changes.resources[0].properties).toEqual([
      {
        path: 'Properties.ImageUri',
        before: expect.stringContaining('@sha256:'),
        after: expect.stringContaining('@sha256:'),
        note: 'Dockerfile differs',
      },
    ]);
  });
});

describe.skipIf(noDotnet !== undefined)('diff of .NET code', () => {
  let workspace: Workspace;
  let project: string;
  const ARGS = ['diff', '-sn', 'Net', '--local'];
  const writeSource = (answer: number): void =>
    writeFileSync(join(project, 'Function.cs'), `public static class Function { public static int Handle() => ${answer}; }\n`);

  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'net');
    mkdirSync(project);
    const properties = '<TargetFramework>net10.0</TargetFramework><AssemblyName>Net</AssemblyName>';
    writeFileSync(join(project, 'Net.csproj'), `<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>${properties}</PropertyGroup></Project>\n`);
    writeSource(1);
    const Properties = { Runtime: 'dotnet10', Handler: 'Net::Function::Handle', CodeUri: '.' };
    const template = { Transform: TEMPLATE.Transform, Resources: { Fn: { Type: 'AWS::Serverless::Function', Properties } } };
    writeFileSync(join(project, 'serverless.template'), JSON.stringify(template));
  });
  afterAll(() => workspace.close());

  it('says that it is compared after a build only, and compares it after one', async () => {
    const deployed = await workspace.run(['deploy-serverless', '-sn', 'Net', '-sb', 'net-bucket', '--local'], { cwd: project });
    expect(deployed.code, deployed.stderr).toBe(0);
    const plain = await workspace.json([...ARGS, '--fail'], { cwd: project });
    expect(plain.code).toBe(3);
    expect(plain.document.result).toMatchObject({ same: false, undecided: [{ subject: 'Fn.CodeUri' }] });
    expect(plain.document.result.changes.resources).toEqual([]);
    const built = await workspace.run([...ARGS, '--fail', '--build'], { cwd: project });
    expect(built.stdout, built.stderr).toContain('No differences');
    expect(built.code).toBe(0);
    writeSource(2);
    const changed = await workspace.json([...ARGS, '--build'], { cwd: project });
    expect(changed.document.result.changes.resources[0].properties).toMatchObject([
      { path: 'Properties.CodeUri', note: 'the project differs' },
    ]);
  }, 240_000);
});
