import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { COMMANDS } from '../../src/commands/index.ts';
import { openWorkspace, type CliDocument, type Workspace } from '../support/cli.ts';
import { schemaProblems } from '../support/json-schema.ts';

const SCHEMA = JSON.parse(readFileSync(fileURLToPath(new URL('../../docs/output.schema.json', import.meta.url)), 'utf8'));
const EVENTS = { $ref: '#/$defs/events' };
const probe = (properties: object, more: object = {}) => ({ Type: 'LocalTarget::Test::Probe', Properties: properties, ...more });

let workspace: Workspace;
let project: string;

beforeAll(async () => {
  workspace = openWorkspace();
  const made = await workspace.run(['new', 'node', '--name', 'Hello', '-o', 'hello']);
  expect(made.code, made.stderr).toBe(0);
  project = join(workspace.folder, 'hello');
});
afterAll(() => workspace.close());

/** The document of a run, held against the schema. */
async function documentOf(args: readonly string[], cwd = project): Promise<CliDocument> {
  const { document, stderr } = await workspace.json(args, { cwd });
  expect(schemaProblems(SCHEMA, document), `${args.join(' ')}\n${JSON.stringify(document, null, 2)}\n${stderr}`).toEqual([]);
  return document;
}

function write(name: string, template: object): string {
  const cwd = join(workspace.folder, name);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'serverless.template'), JSON.stringify(template));
  return cwd;
}

describe('the schema of the document', () => {
  it('describes the result of every command', () => {
    const described = SCHEMA.$defs.document.allOf.flatMap((part: any) => part.if.properties.command?.const ?? []);
    expect(COMMANDS.map(({ name }) => name).filter((name) => !described.includes(name))).toEqual([]);
  });

  it('describes what is answered about projects, templates and settings', async () => {
    expect((await documentOf(['new', '--list'])).ok).toBe(true);
    expect((await documentOf(['new', 'node', '-o', 'other', '--name', 'Other'], workspace.folder)).ok).toBe(true);
    expect((await documentOf(['validate'])).ok).toBe(true);
    const bad = write('bad', { Resources: { A: { Type: 'AWS::SNS::Topic', DependsOn: 'Nobody' } } });
    expect((await documentOf(['validate'], bad)).ok).toBe(false);
    expect((await documentOf(['deploy-serverless', '-sn', 'Bad', '--local'], bad)).ok).toBe(false);
    expect((await documentOf(['deploy-serverless', '--explain-settings'])).ok).toBe(true);
    expect((await documentOf(['deploy-serverless', '--nonsense'])).error?.code).toBe('USAGE');
    expect((await documentOf([])).command).toBe('');
  });

  it('describes what is answered in the life of a stack', async () => {
    const target = ['--local', '-sb', 'schema-artifacts'];
    const deploy = ['deploy-serverless', '-sn', 'Life', ...target];
    expect((await documentOf(['diff', 'Life', ...target])).ok).toBe(true);
    expect((await documentOf([...deploy, '--preview'])).result.action).toBe('previewed');
    expect((await documentOf(deploy)).result.action).toBe('created');
    expect((await documentOf(deploy)).result.action).toBe('unchanged');
    const template = join(project, 'serverless.template');
    const text = readFileSync(template, 'utf8');
    writeFileSync(template, text.replace(/"Timeout": \d+/, '"Timeout": 17'));
    expect(readFileSync(template, 'utf8')).not.toBe(text);
    expect((await documentOf(['diff', 'Life', ...target])).result.same).toBe(false);
    const prepared = await documentOf([...deploy, '--prepare']);
    expect(prepared.result.action).toBe('prepared');
    expect((await documentOf(['deploy-serverless', '-sn', 'Life', '--local', '--execute', prepared.result.changeSet])).result.action).toBe(
      'updated',
    );
    expect((await documentOf(['package-ci', '-ot', 'packaged.json', ...target])).ok).toBe(true);
    expect((await documentOf(['list-serverless', '--local'])).result.stacks).toHaveLength(1);
    expect((await documentOf(['describe-serverless', 'Life', '--local', '--timeline'])).ok).toBe(true);
    expect((await documentOf(['rollback-serverless', 'Life', '--local', '--list', '-sb', 'schema-artifacts'])).ok).toBe(true);
    expect((await documentOf(['diagnose', 'Life', '--local'])).result.healthy).toBe(true);
    expect((await documentOf(['gc', '--dry-run', '--local', '-sb', 'schema-artifacts'])).result.dryRun).toBe(true);
    expect((await documentOf(['watch', 'Life', '--local'])).result.watched).toBe(false);
    expect((await documentOf(['delete-serverless', 'Life', '--local', '--dry-run'])).result.dryRun).toBe(true);
    expect((await documentOf(['delete-serverless', 'Life', 'Nobody', '--local'])).result.absent).toEqual(['Nobody']);
    expect((await documentOf(['describe-serverless', 'Life', '--local'])).error?.code).toBe('STACK_NOT_FOUND');
  });

  it('describes failures of stacks, and every line of --output ndjson', async () => {
    const cwd = write('failing', {
      Resources: {
        Inner: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'inner.json' } },
        After: probe({}, { DependsOn: 'Inner' }),
      },
    });
    writeFileSync(
      join(cwd, 'inner.json'),
      JSON.stringify({ Resources: { A: probe({}), B: probe({ FailOn: 'create' }, { DependsOn: 'A' }) } }),
    );
    const args = ['deploy-serverless', '-sn', 'Failing', '--local', '-sb', 'schema-artifacts'];
    expect((await documentOf(args, cwd)).error?.code).toBe('STACK_FAILED');
    expect((await documentOf(['diagnose', 'Failing', '--local'], cwd)).ok).toBe(true);
    const { stdout } = await workspace.run([...args, '--output', 'ndjson'], { cwd });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const line of lines) expect(schemaProblems(SCHEMA, line, EVENTS), JSON.stringify(line, null, 2)).toEqual([]);
    const types = new Set(lines.map(({ type }) => type));
    expect([...types].toSorted((one, other) => String(one).localeCompare(String(other)))).toEqual([
      'artifact',
      'end',
      'identity',
      'stack-event',
      'stack-failed',
    ]);
    expect((await documentOf(['delete-serverless', 'Failing', '--local'])).ok).toBe(true);
  });

  it('describes what is answered about buckets and the local target', async () => {
    expect((await documentOf(['bucket', 'create', 'schema-bucket', '--local'])).result.created).toBe(true);
    expect((await documentOf(['bucket', 'delete', 'schema-bucket', '--local', '--yes'])).result.deleted).toBe(true);
    expect((await documentOf(['bucket', 'delete', 'schema-bucket', '--local', '--yes'])).result.deleted).toBe(false);
    for (const word of ['start', 'status', 'env', 'logs', 'stop', 'status']) await documentOf(['local', word]);
    expect((await documentOf(['local', 'reset', '--yes'])).ok).toBe(true);
  });
});
