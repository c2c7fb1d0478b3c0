import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type * as api from '../../src/index.ts';
import { openWorkspace, type Workspace } from '../support/cli.ts';

let workspace: Workspace;
beforeAll(() => {
  workspace = openWorkspace();
});
afterAll(() => workspace.close());

function project(name: string, template: string): string {
  const cwd = join(workspace.folder, name);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'serverless.template'), template);
  return cwd;
}

/** A bucket whose name is the parameter: the reason of its failure quotes the value. */
const NO_ECHO = `Parameters:
  Secret: { Type: String, NoEcho: true }
  Stage: { Type: String, Default: dev }
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: { BucketName: !Ref Secret }
`;
const TOPIC = 'Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n';
const FUNCTION = `Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: { Runtime: nodejs22.x, Handler: index.handler, CodeUri: ./ }
`;

describe('stdout', () => {
  it('is empty when only a family of commands is named, but for a document', async () => {
    const plain = await workspace.run(['bucket']);
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toContain('bucket create');
    const machine = await workspace.json(['bucket']);
    expect(machine).toMatchObject({ code: 2, document: { ok: false, error: { code: 'USAGE' } } });
    expect((await workspace.json([])).document).toMatchObject({ ok: false, error: { code: 'USAGE' } });
  });

  it('names the command in the document of a usage error, whatever the case of the format', async () => {
    const { code, stdout } = await workspace.run(['deploy-serverless', '--bogus', '--output', 'JSON']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, command: 'deploy-serverless', error: { code: 'USAGE' } });
  });

  it('holds one document although the step summary cannot be written', async () => {
    const cwd = project('summary', TOPIC.concat('Outputs:\n  Name: { Value: !Ref Topic }\n'));
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(workspace.folder, 'nowhere', 'summary.md') };
    const { code, document, stderr } = await workspace.json(['deploy-serverless', '-sn', 'Summary', '--local'], { cwd, env });
    expect(code).toBe(0);
    expect(document.ok).toBe(true);
    expect(stderr).toContain('could not be written');
  });

  it.skipIf(!existsSync('/dev/full'))('that takes nothing is a failure', () => {
    const bin = fileURLToPath(new URL('../../bin/lambda-tool.js', import.meta.url));
    const script = '"$0" "$1" new --list > /dev/full';
    const attempt = () => execFileSync('sh', ['-c', script, process.execPath, bin], { env: { ...workspace.env }, stdio: 'pipe' });
    expect(attempt).toThrow(/output could not be written/);
  });
});

describe('the value of a NoEcho parameter', () => {
  it('is in no message, event or error', async () => {
    const cwd = project('quoted', NO_ECHO);
    expect((await workspace.run(['bucket', 'create', 'hidden-value', '--local'])).code).toBe(0);
    const args = ['deploy-serverless', '-sn', 'Quoted', '--local', '-tp', 'Secret=hidden-value', '--verbose'];
    const people = await workspace.run(args, { cwd });
    const machine = await workspace.run([...args, '--output', 'ndjson'], { cwd });
    for (const { code, stdout, stderr } of [people, machine]) {
      expect(code).toBe(1);
      expect(stderr).toContain("'****' already exists");
      expect(stdout + stderr).not.toContain('hidden-value');
    }
    expect(machine.stdout).toContain("'****' already exists");
    expect((await workspace.run(['delete-serverless', 'Quoted', '--local'])).code).toBe(0);
  });

  it('is not explained, and the others are', async () => {
    const cwd = project('explained', NO_ECHO);
    const args = ['deploy-serverless', '-tp', 'Secret=hidden-value;Stage=prod', '--explain-settings'];
    const { stdout } = await workspace.run(args, { cwd });
    expect(stdout).toContain('"Secret"="****";"Stage"="prod"');
    const withoutTemplate = await workspace.run([...args, '-t', 'nowhere'], { cwd });
    expect(withoutTemplate.stdout).toContain('"Secret"="****";"Stage"="****"');
  });

  it('is not saved to the defaults file, and the next run goes on without it', async () => {
    const cwd = project('saved', NO_ECHO);
    const first = await workspace.run(
      ['deploy-serverless', '-sn', 'Saved', '--local', '-tp', 'Secret=saved-value;Stage=prod', '--persist-config-file'],
      { cwd },
    );
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('NoEcho: Secret');
    const file = readFileSync(join(cwd, 'aws-lambda-tools-defaults.json'), 'utf8');
    expect(JSON.parse(file)).toMatchObject({ 'stack-name': 'Saved', 'template-parameters': '"Stage"="prod"' });
    const again = await workspace.json(['deploy-serverless', '--local'], { cwd });
    expect(again.document.result).toMatchObject({ stackName: 'Saved', action: 'unchanged' });
    expect((await workspace.run(['delete-serverless', '--local'], { cwd })).code).toBe(0);
  });
});

describe('--verbose', () => {
  it('tells every call in a line, six or fewer when nothing has changed', async () => {
    const cwd = project('verbose', FUNCTION);
    writeFileSync(join(cwd, 'index.js'), 'exports.handler = async () => 1;\n');
    const args = ['deploy-serverless', '-sn', 'Verbose', '-sb', 'verbose-bucket', '--local'];
    expect((await workspace.run(args, { cwd })).code).toBe(0);
    const { code, stderr } = await workspace.run([...args, '--verbose'], { cwd });
    expect(code).toBe(0);
    expect(stderr).toContain('Nothing changed');
    const calls = stderr.split('\n').filter((line) => /^(STS|S3|CloudFormation) .* \d{3} \d+ ms$/.test(line));
    expect(calls.some((line) => line.startsWith('CloudFormation DescribeStacks 200 '))).toBe(true);
    expect(calls.length).toBeLessThanOrEqual(6);
  });
});

describe('an endpoint', () => {
  const KEYS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'eu-west-1' };
  let server: Server;
  let endpoint: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome</body></html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('that is another kind of server is told apart at the first call', async () => {
    const cwd = project('html', TOPIC);
    const { code, document } = await workspace.json(['deploy-serverless', '-sn', 'Html', '--endpoint-url', endpoint], { cwd, env: KEYS });
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'AWS_ERROR', message: expect.stringContaining('without naming an account') as string });
  });

  it('with a password in it is refused, and the password is not repeated', async () => {
    const cwd = project('userinfo', TOPIC);
    const { code, stderr } = await workspace.run(['deploy-serverless', '-sn', 'U', '--endpoint-url', 'http://me:hidden@127.0.0.1:9'], {
      cwd,
      env: KEYS,
    });
    expect(code).toBe(2);
    expect(stderr).not.toContain('hidden');
  });

  it('can be given for one service in the services section of a profile', async () => {
    const keys = 'region = eu-west-1\naws_access_key_id = a\naws_secret_access_key = b\n';
    writeFileSync(
      join(workspace.folder, 'aws-config'),
      `[profile parts]\n${keys}services = here\n[services here]\nsts =\n  endpoint_url = ${endpoint}\n`,
    );
    const { document } = await workspace.json(['deploy-serverless', '-sn', 'P', '--profile', 'parts'], { cwd: project('parts', TOPIC) });
    expect(document.error?.message).toContain(`${endpoint} answered`);
  });

  it('is not asked with other credentials when those of the named profile fail', async () => {
    writeFileSync(
      join(workspace.folder, 'aws-config'),
      `[profile broken]\nregion = eu-west-1\ncredential_process = ${process.execPath} -e process.exit(3)\n`,
    );
    const { code, document } = await workspace.json(['deploy-serverless', '-sn', 'P', '--profile', 'broken'], {
      cwd: project('broken', TOPIC),
      env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/role` },
    });
    expect(code).toBe(1);
    expect(document.error).toMatchObject({ code: 'CREDENTIALS', message: expect.stringContaining('Command failed') as string });
  });
});

describe('--package', () => {
  it('counts from the project, and is named when it is not there', async () => {
    const cwd = project('ready', FUNCTION);
    writeFileSync(join(cwd, 'ready.zip'), 'no zip');
    const args = ['deploy-serverless', '-sn', 'Ready', '-sb', 'ready-bucket', '--local', '-pl', 'ready', '-pac'];
    const broken = await workspace.json([...args, 'ready.zip']);
    expect(broken.document.error).toMatchObject({
      code: 'PACKAGE_INVALID',
      message: expect.stringContaining('cannot be used as a zip') as string,
    });
    const missing = await workspace.json([...args, 'nowhere.zip']);
    expect(missing.document.error).toMatchObject({
      code: 'PACKAGE_INVALID',
      message: expect.stringContaining(join(cwd, 'nowhere.zip')) as string,
    });
  });
});

describe('the exported API', () => {
  it('is the same to import and to require', () => {
    const program = `
      import * as imported from 'lambda-tool';
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)('lambda-tool');
      process.stdout.write(Object.keys(required).filter((name) => imported[name] === required[name]).join());`;
    const root = fileURLToPath(new URL('../..', import.meta.url));
    // Inside the package its own name leads to what others get.
    const names = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' }).split(',');
    expect(names.toSorted()).toEqual(
      ['LambdaToolError', 'deleteServerless', 'deployServerless', 'describeServerless', 'listServerless', 'runCommand'].toSorted(),
    );
  });

  it('has types under which the program of README.md compiles', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const [, example = ''] = /## From a program\n\n```js\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
    const folder = join(workspace.folder, 'typed');
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules', 'lambda-tool'), 'dir');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'main.ts'), `${example}\nexport const url: string | undefined = outputs['ApiURL'];\n`);
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [tsc, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', 'main.ts'];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect([stdout, status]).toEqual(['', 0]);
  });

  it('takes camelCase switches, maps with any text, and rejects with the documented code', async () => {
    const { deployServerless, deleteServerless, LambdaToolError } = (await import(
      new URL('../../dist/index.js', import.meta.url).href
    )) as typeof api;
    const cwd = project('api', 'Parameters:\n  Json: { Type: String }\n'.concat(TOPIC, 'Outputs:\n  Json: { Value: !Ref Json }\n'));
    const call = { cwd, env: workspace.env };
    const wish = { stackName: 'Api', local: true, output: 'table', templateParameters: { Json: '{"a":"b=c"}' } };
    expect(await deployServerless(wish, call)).toMatchObject({ stackName: 'Api', action: 'created', outputs: { Json: '{"a":"b=c"}' } });
    expect(await deployServerless(wish, call)).toMatchObject({ action: 'unchanged' });
    await expect(deployServerless({ ...wish, template: 'nowhere' }, call)).rejects.toMatchObject({ code: 'TEMPLATE_NOT_FOUND' });
    await expect(deployServerless({ ...wish, templateParameters: { Json: '{"a";1}' } }, call)).rejects.toBeInstanceOf(LambdaToolError);
    await expect(deployServerless({ local: true, arguments: ['--help'] }, call)).rejects.toMatchObject({ code: 'USAGE' });
    expect(await deleteServerless({ arguments: ['Api'], local: true }, call)).toMatchObject({ deleted: [{ stackName: 'Api' }] });
  });
});

describe('the line with account and region', () => {
  it('names an endpoint, as one in the environment is easily forgotten', async () => {
    const { stdout } = await workspace.run(['local', 'env']);
    const env = Object.fromEntries([...stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
    const { code, stderr } = await workspace.run(['list-serverless'], { env });
    expect([code, stderr.trim()]).toEqual([
      0,
      `Account 000000000000 · us-east-1 · credentials from the environment · ${env['AWS_ENDPOINT_URL']}`,
    ]);
    expect((await workspace.run(['list-serverless', '--local'])).stderr.trim()).toMatch(/^Account \d+ · us-east-1 · local target http\S+$/);
  });
});

describe('a directory that somebody has removed', () => {
  it('is told to who is in it, without a trace of the program', () => {
    const bin = fileURLToPath(new URL('../../bin/lambda-tool.js', import.meta.url));
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" validate';
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, bin], { cwd: workspace.folder, encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([
      1,
      '',
      'The directory you are in does not exist any more. Go to another one, then run it again.\n',
    ]);
  });
});
