import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseTemplate } from '../../src/template/parse.ts';
import { openWorkspace, type Workspace } from '../support/cli.ts';

/** Templates such as `dotnet new` and public samples give, in own words; each is tested in its own format and in the other. */
const FOLDER = fileURLToPath(new URL('../fixtures/blueprints/', import.meta.url));
/** Where esbuild is, which one of them is built with. */
const PROGRAMS = fileURLToPath(new URL('../../node_modules/.bin/', import.meta.url));
const NAMES = readdirSync(FOLDER).toSorted();

const FILES: Readonly<Record<string, string>> = {
  'Functions.cs': '// code\n',
  'src/api/index.js': 'exports.handler = async () => ({ statusCode: 200, body: "api" });\n',
  'src/api/take.ts': 'export const handler = async () => ({ statusCode: 200, body: "taken" });\n',
  'src/auth/index.js': 'exports.handler = async () => ({ isAuthorized: true });\n',
  'src/native/bootstrap': '#!/bin/sh\n',
  'layers/shared/nodejs/shared.js': 'exports.one = 1;\n',
  'statemachine/orders.asl.json': '{ "StartAt": "Done", "States": { "Done": { "Type": "Succeed" } } }\n',
  'nested/mail.yaml':
    'Parameters: { Stage: { Type: String } }\nResources:\n  Mails: { Type: "AWS::SQS::Queue" }\n  Log:\n    Type: AWS::Lambda::LayerVersion\n    Properties: { Content: ../layers/shared }\n',
};
const MACHINE = '{ "StartAt": "Greet", "States": { "Greet": { "Type": "Task", "Resource": "${GreetingTask.Arn}", "End": true } } }\n';

/** What a user adds on the command line, as the template's own documentation says. */
const SWITCHES: Readonly<Record<string, readonly string[]>> = {
  'StepFunctionsHelloWorld.template': ['-ts', "$.Resources.StateMachine.Properties.DefinitionString['Fn::Sub']=state-machine.json"],
};
/** Resolved by AWS only: stacks that name values which are not there. */
const NOT_DEPLOYED: Readonly<Record<string, string>> = {
  'large-shop.yaml': 'values in Systems Manager, which the local target does not have',
  'large-network.template': 'values in Systems Manager, which the local target does not have',
};

describe('templates of dotnet new and of public samples', () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = openWorkspace();
  });
  afterAll(() => workspace.close());

  const env = { PATH: `${PROGRAMS}${delimiter}${process.env['PATH']}` };
  const run = (cwd: string, args: readonly string[]) => workspace.run([...args, '-sb', 'blueprints', '--local'], { cwd, env });
  const packageCi = (cwd: string, template: string, output: string, more: readonly string[] = []) =>
    run(cwd, ['package-ci', '-t', template, '-ot', output, ...more]);

  function project(name: string): string {
    const folder = join(workspace.folder, name);
    for (const [file, text] of Object.entries({ ...FILES, 'state-machine.json': MACHINE })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    copyFileSync(join(FOLDER, name), join(folder, name));
    // What is packaged must not lie in the folder that is packaged: it would change the next zip.
    mkdirSync(join(workspace.folder, `${name}.out`));
    return folder;
  }

  async function value(path: string): Promise<unknown> {
    return (await parseTemplate(readFileSync(path, 'utf8'), path)).value;
  }

  it.each(NAMES)('%s: a second package-ci changes nothing, in both formats, and the result is deployed', async (name) => {
    const cwd = project(name);
    const more = SWITCHES[name] ?? [];
    const extension = extname(name);
    const out = (file: string): string => join(workspace.folder, `${name}.out`, file);
    const first = await packageCi(cwd, name, out(`one${extension}`), more);
    expect(first.code, first.stderr).toBe(0);
    const second = await packageCi(cwd, out(`one${extension}`), out(`two${extension}`));
    expect(second.stderr).toContain('0 artifacts');
    expect(readFileSync(out(`two${extension}`))).toEqual(readFileSync(out(`one${extension}`)));

    // The other format of the same template, packaged from the start.
    const other = extension === '.yaml' ? 'json' : 'yaml';
    const converted = await packageCi(cwd, name, out(`one.${other}`), [...more, '--output-format', other]);
    expect(converted.code, converted.stderr).toBe(0);
    await packageCi(cwd, out(`one.${other}`), out(`two.${other}`));
    expect(readFileSync(out(`two.${other}`))).toEqual(readFileSync(out(`one.${other}`)));
    expect(await value(out(`two.${other}`))).toEqual(await value(out(`one${extension}`)));

    if (NOT_DEPLOYED[name] !== undefined) return;
    const stack = name.replace(/[^A-Za-z]/g, '');
    const deployed = await run(cwd, ['deploy-serverless', '-sn', stack, '-t', out(`one${extension}`)]);
    expect(deployed.code, deployed.stderr).toBe(0);
  });

  it('changes in a template only the places of what it publishes', async () => {
    const text = readFileSync(join(FOLDER, 'large-shop.yaml'), 'utf8');
    const out = readFileSync(join(workspace.folder, 'large-shop.yaml.out', 'one.yaml'), 'utf8');
    // Whether a name is in quotes depends on its first characters.
    const lines = (content: string): string[] =>
      content
        .replaceAll(/"?([0-9a-f]{64}\.json)"?/g, '$1')
        .replaceAll(/[0-9a-f]{64}/g, '<name>')
        .split('\n');
    const [before, after] = [lines(text), lines(out)];
    const differs = (from: readonly string[], to: readonly string[]) =>
      from.filter((line) => !to.includes(line)).map((line) => line.trim());
    expect(differs(before, after)).toEqual([
      'CodeUri: "src/auth"',
      'ContentUri: ./layers/shared',
      'DefinitionUri: statemachine/orders.asl.json',
      'Location: nested/mail.yaml',
    ]);
    expect(differs(after, before)).toEqual([
      'CodeUri: s3://blueprints/<name>.zip', // what Globals said, for one function
      'CodeUri: "s3://blueprints/<name>.zip"',
      'ContentUri: s3://blueprints/<name>.zip',
      'DefinitionUri: {Bucket: blueprints, Key: <name>.json}',
      'Location: https://s3.us-east-1.amazonaws.com/blueprints/<name>.template',
    ]);
    expect(after).toHaveLength(before.length + 1);
  });

  it('gives what holds no code back byte for byte', () => {
    const name = 'large-network.template';
    expect(readFileSync(join(workspace.folder, `${name}.out`, 'one.template'))).toEqual(readFileSync(join(FOLDER, name)));
  });
});
