import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type CliResult, type Workspace } from '../support/cli.ts';

const probe = (properties: object, more: object = {}) => ({ Type: 'LocalTarget::Test::Probe', Properties: properties, ...more });
const SECRET = 'a-very-secret-word';
const GOOD = {
  Parameters: { Key: { Type: 'String', NoEcho: true, Default: 'none' } },
  Resources: { One: probe({ Value: 'x' }), Two: probe({ Value: 'y', HoldMs: 60 }, { DependsOn: 'One' }) },
  Outputs: {
    Address: { Value: 'https://example.com/a?b=1&c=2' },
    Lines: { Value: 'first\nsecond | third' },
    Markup: { Value: '<script>alert(1)</script>' },
    Quoted: { Value: "it's $HOME" },
  },
};
const BAD = {
  Parameters: GOOD.Parameters,
  Resources: {
    First: probe({ Value: 'x' }),
    Broken: probe({ Value: { 'Fn::Sub': '${Key}' }, FailOn: 'create' }, { DependsOn: 'First' }),
    Waiting: probe({}, { DependsOn: 'Broken' }),
  },
};

let workspace: Workspace;
let count = 0;

beforeAll(() => {
  workspace = openWorkspace();
});
afterAll(() => workspace.close());

interface Actions {
  readonly env: Record<string, string>;
  outputs(): string;
  summary(): string;
}

/** A project of its own, and files as GitHub Actions makes them for a step. */
function project(template: object, more: Readonly<Record<string, object>> = {}): { cwd: string; actions: Actions } {
  const cwd = join(workspace.folder, `project-${(count += 1)}`);
  mkdirSync(cwd);
  for (const [name, content] of Object.entries({ 'serverless.template': template, ...more })) {
    writeFileSync(join(cwd, name), `${JSON.stringify(content, null, 2)}\n`);
  }
  const [outputs, summary] = [join(cwd, '.outputs'), join(cwd, '.summary')];
  for (const file of [outputs, summary]) writeFileSync(file, '');
  const env = { GITHUB_ACTIONS: 'true', GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary, GITHUB_WORKSPACE: workspace.folder };
  return { cwd, actions: { env, outputs: () => readFileSync(outputs, 'utf8'), summary: () => readFileSync(summary, 'utf8') } };
}

const deploy = (name: string, cwd: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<CliResult> =>
  workspace.run(['deploy-serverless', '-sn', name, '--local', ...args], { cwd, env });

describe('a deployment in GitHub Actions', () => {
  it('sets step outputs and writes the summary, also when nothing changes', async () => {
    const { cwd, actions } = project(GOOD);
    const first = await deploy('Actions', cwd, [], actions.env);
    expect(first.code, first.stderr).toBe(0);
    const lines = actions.outputs().split('\n');
    expect(lines[0]).toMatch(/^stack-id=arn:aws:cloudformation:.*:stack\/Actions\//);
    expect(lines[1]).toBe('action=created');
    expect(lines).toContain('Address=https://example.com/a?b=1&c=2');
    const delimiter = /^Lines<<(\S{20,})$/m.exec(actions.outputs())?.[1] ?? '';
    expect(actions.outputs()).toContain(`Lines<<${delimiter}\nfirst\nsecond | third\n${delimiter}\n`);

    const summary = actions.summary();
    expect(summary).toMatch(/^### ✅ Actions: created, \d/);
    expect(summary).toContain('| Address | https://example.com/a?b=1&c=2 |');
    expect(summary).toContain('| Lines | first<br>second \\| third |');
    expect(summary).not.toContain('<script>');
    expect(summary).toMatch(/```text\nOne +LocalTarget::Test::Probe +█+ .*\d m?s\nTwo +LocalTarget::Test::Probe +█+ .*\d m?s\n```/);

    const again = await deploy('Actions', cwd, [], actions.env);
    expect(again.code).toBe(0);
    expect(actions.outputs()).toContain('action=unchanged');
    expect(actions.summary()).toMatch(/### ✅ Actions: nothing changed/);
  });

  it('that fails is annotated at the line of its first cause, and the summary names cause and hint', async () => {
    const { cwd, actions } = project(BAD);
    const { code, stderr } = await deploy('Annotated', cwd, ['-tp', `Key=${SECRET}`], actions.env);
    expect(code).toBe(1);
    const line =
      readFileSync(join(cwd, 'serverless.template'), 'utf8')
        .split('\n')
        .findIndex((text) => text.includes('"Broken"')) + 1;
    const annotations = stderr.split('\n').filter((text) => text.startsWith('::error'));
    expect(annotations).toHaveLength(1);
    expect(annotations[0]).toContain(
      `::error file=${cwd.split('/').at(-1)}/serverless.template,line=${line},title=STACK_FAILED::Stack Annotated`,
    );
    expect(annotations[0]).toContain('%0ABroken (LocalTarget::Test::Probe): ');
    expect(actions.summary()).toMatch(/^### ❌ Annotated: failed/);
    expect(actions.summary()).toMatch(/\*\*First cause:\*\* Broken \(LocalTarget::Test::Probe\), serverless\.template:\d+/);
    expect(actions.summary()).toContain('**Hint:**');
    expect(actions.summary()).toMatch(/Broken .*failed/);
    expect(actions.summary()).toMatch(/First .*rolled back/);
    expect(actions.outputs()).toMatch(/^stack-id=arn/);
    expect(stderr + actions.summary()).not.toContain(SECRET);
  });

  it('that fails is annotated in a folder with a space, too', async () => {
    const { cwd, actions } = project(BAD);
    renameSync(cwd, join(workspace.folder, 'My App'));
    const args = ['deploy-serverless', '-sn', 'Spaced', '--local', '-pl', 'My App', '-tp', `Key=${SECRET}`];
    const { code, stderr } = await workspace.run(args, { env: { ...actions.env, GITHUB_WORKSPACE: workspace.folder } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^::error file=My App\/serverless\.template,line=\d+,title=STACK_FAILED::Stack Spaced/m);
  });

  it('annotates each finding of a template at its own line', async () => {
    const { cwd, actions } = project({ Resources: { A: { Type: 'AWS::SNS::Topic', DependsOn: 'Nobody' } } });
    for (const command of ['validate', 'deploy-serverless']) {
      const args = command === 'validate' ? [command] : [command, '-sn', 'Findings', '--local'];
      const { code, stderr } = await workspace.run(args, { cwd, env: actions.env });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^::error file=project-\d+\/serverless\.template,line=5,col=\d+,title=[a-z-]+::.*Nobody/m);
      expect(stderr).toMatch(/^::error title=TEMPLATE_INVALID::/m);
    }
  });

  it('keeps the summary below what GitHub takes', async () => {
    const { cwd, actions } = project(GOOD);
    // Less than the outputs take; the bars of the waterfall are as long as this machine is slow.
    const room = 400;
    writeFileSync(actions.env['GITHUB_STEP_SUMMARY']!, 'x'.repeat(1024 * 1024 - room));
    expect((await deploy('Full', cwd, [], actions.env)).code).toBe(0);
    expect(Buffer.byteLength(actions.summary())).toBeLessThanOrEqual(1024 * 1024);
    expect(actions.summary()).toContain('did not fit');
  });
});

describe('--report', () => {
  it('is one document that needs nothing else, and only its owner reads it', async () => {
    const { cwd } = project(GOOD);
    const { code, stderr } = await deploy('Reported', cwd, ['--report', 'made/for/it.html', '-tp', `Key=${SECRET}`]);
    expect(code, stderr).toBe(0);
    const file = join(cwd, 'made/for/it.html');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const html = readFileSync(file, 'utf8');
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain('<title>Reported: created</title>');
    expect(html).toContain('000000000000');
    expect(html).toContain('href="https://example.com/a?b=1&amp;c=2"');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\bsrc=/);
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html.match(/<tr><th scope="row"[^>]*>(One|Two)<\/th>/g)).toHaveLength(2);
    expect(html).toMatch(/class="bar done" style="left:[\d.]+%;width:[\d.]+%"/);
    expect(readdirSync(join(cwd, 'made/for'))).toEqual(['it.html']);
  });

  it('is written after a failure as well, with the rows of nested stacks and without secrets', async () => {
    const { cwd } = project(
      {
        Parameters: BAD.Parameters,
        Resources: {
          Before: probe({}),
          Orders: {
            Type: 'AWS::CloudFormation::Stack',
            DependsOn: 'Before',
            Properties: { TemplateURL: 'orders.template', Parameters: { Key: { Ref: 'Key' } } },
          },
        },
      },
      { 'orders.template': BAD },
    );
    const args = ['-sb', 'report-artifacts', '--report', 'report.html', '-tp', `Key=${SECRET}`];
    const { code, stderr } = await deploy('Nested', cwd, args);
    expect(code).toBe(1);
    const html = readFileSync(join(cwd, 'report.html'), 'utf8');
    expect(html).toContain('<title>Nested: failed</title>');
    expect(html).toContain('STACK_FAILED');
    expect(html).toMatch(/First cause<\/b> Orders\/Broken/);
    expect(html).toContain('The probe was told to fail on create');
    expect(html).toMatch(/<th scope="row" class="name" style="padding-left:1.25rem" title="Orders\/Broken">Broken<\/th>/);
    expect(html).toMatch(/class="bar rollback"/);
    expect(html).toMatch(/s3:\/\/report-artifacts\//);
    expect(html + stderr).not.toContain(SECRET);
  });

  it('that cannot be written ends the run before anything is done', async () => {
    const { cwd } = project(GOOD);
    writeFileSync(join(cwd, 'file'), '');
    for (const args of [
      ['--report', 'file/report.html'],
      ['--report', '.'],
      ['--outputs-file', 'file/outputs.json'],
    ]) {
      const { code, document } = await workspace.json(['deploy-serverless', '-sn', 'Never', '--local', ...args], { cwd });
      expect(code).toBe(1);
      expect(document.error?.code).toBe('FILE_NOT_WRITABLE');
    }
    const { stderr } = await workspace.run(['delete-serverless', 'Never', '--local']);
    expect(stderr).toContain('Stack Never does not exist');
  });

  it('tells of a deletion', async () => {
    const { cwd } = project(GOOD);
    expect((await deploy('Leaving', cwd)).code).toBe(0);
    const { code, stderr } = await workspace.run(['delete-serverless', 'Leaving', '--local', '--report', 'gone.html', '--timeline'], {
      cwd,
    });
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(cwd, 'gone.html'), 'utf8')).toContain('<title>Leaving: deleted</title>');
    expect(stderr).toMatch(/^ +Two +LocalTarget::Test::Probe +█+ .*s$/m);
  });
});

describe('--outputs-file', () => {
  it('holds the outputs by stack, beside those of other stacks, also when nothing changed', async () => {
    const { cwd } = project(GOOD);
    const file = join(cwd, 'outputs.json');
    writeFileSync(file, '{ "Other": { "A": "b" }, "Outputs": { "Old": "gone" } }');
    expect((await deploy('Outputs', cwd, ['--outputs-file', 'outputs.json'])).code).toBe(0);
    const expected = {
      Other: { A: 'b' },
      Outputs: {
        Address: 'https://example.com/a?b=1&c=2',
        Lines: 'first\nsecond | third',
        Markup: '<script>alert(1)</script>',
        Quoted: "it's $HOME",
      },
    };
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(expected);
    rmSync(file);
    expect((await deploy('Outputs', cwd, ['--outputs-file', 'outputs.json'])).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ Outputs: expected.Outputs });
  });

  it('is read by a shell when it is called .env, and leaves other lines alone', async () => {
    const { cwd } = project(GOOD);
    const file = join(cwd, '.env');
    writeFileSync(file, '# mine\nOTHER=1\nAddress=old\nLAST="x"');
    expect((await deploy('Environment', cwd, ['--outputs-file', '.env'])).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(
      `# mine\nOTHER=1\nAddress='https://example.com/a?b=1&c=2'\nLAST="x"\nLines='first\nsecond | third'\nMarkup='<script>alert(1)</script>'\nQuoted="it's \\$HOME"\n`,
    );
    expect((await deploy('Environment', cwd, ['--outputs-file', '.env'])).code).toBe(0);
    expect(readFileSync(file, 'utf8').match(/^Lines=/gm)).toHaveLength(1);
  });

  it('is left alone by a preview and by a file that holds something else', async () => {
    const { cwd } = project(GOOD);
    expect((await deploy('Previewed', cwd, ['--outputs-file', 'outputs.json', '--preview'])).code).toBe(0);
    expect(existsSync(join(cwd, 'outputs.json'))).toBe(false);
    writeFileSync(join(cwd, 'list.json'), '[1]');
    const { code, stderr } = await deploy('Previewed', cwd, ['--outputs-file', 'list.json']);
    expect(code).toBe(1);
    expect(stderr).toContain('FILE_NOT_WRITABLE');
    expect(readFileSync(join(cwd, 'list.json'), 'utf8')).toBe('[1]');
  });
});

describe('the timeline in a pipe', () => {
  it('comes only when it is asked for, and in ASCII where the locale knows no more', async () => {
    const { cwd } = project(GOOD);
    const bars = /^ +One +LocalTarget::Test::Probe +[█#]+ .*s$/m;
    expect((await deploy('Plain', cwd, [], { LC_ALL: 'C.UTF-8' })).stderr).not.toMatch(bars);
    expect((await deploy('Drawn', cwd, ['--timeline'], { LC_ALL: 'C.UTF-8' })).stderr).toMatch(/One .*█/);
    expect((await deploy('Ascii', cwd, ['--timeline'], { LC_ALL: 'C' })).stderr).toMatch(/One +LocalTarget::Test::Probe +#+ /);
    expect((await deploy('Quiet', cwd, ['--timeline', '--quiet'])).stderr).toBe('');
  });
});

describe('describe-serverless --timeline', () => {
  it('draws the last operation, afterwards and for machines, nested stacks and the way back included', async () => {
    const good = { Resources: { A: probe({ Value: '1', HoldMs: 40 }) } };
    const outer = (value: string) => ({
      Resources: {
        Inner: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'inner.template' } },
        Last: probe({ Value: value, ...(value === '2' ? { FailOn: 'update' } : {}) }, { DependsOn: 'Inner' }),
      },
    });
    const { cwd } = project(outer('1'), { 'inner.template': good });
    const args = ['-sb', 'timeline-artifacts'];
    expect((await deploy('Waterfall', cwd, args)).code).toBe(0);
    writeFileSync(join(cwd, 'inner.template'), JSON.stringify({ Resources: { A: probe({ Value: '2', HoldMs: 40 }) } }));
    writeFileSync(join(cwd, 'serverless.template'), JSON.stringify(outer('2')));
    expect((await deploy('Waterfall', cwd, args)).code).toBe(1);

    const { stdout } = await workspace.run(['describe-serverless', 'Waterfall', '--local', '--timeline'], { env: { LC_ALL: 'C.UTF-8' } });
    expect(stdout).toMatch(/^Timeline of the last operation\nInner +AWS::CloudFormation::Stack .*█.*▒/m);
    expect(stdout).toMatch(/^ {2}A +LocalTarget::Test::Probe .*█.*▒.* rolled back$/m);
    expect(stdout).toMatch(/^Last +LocalTarget::Test::Probe .* failed/m);
    const { document } = await workspace.json(['describe-serverless', 'Waterfall', '--local', '--timeline']);
    const rows = document.result.timeline.rows as { logicalId: string; bars: { action: string; outcome: string; rollback: boolean }[] }[];
    expect(rows.map(({ logicalId }) => logicalId)).toEqual(['Inner', 'Inner/A', 'Last']);
    expect(rows[1]?.bars).toMatchObject([
      { action: 'UPDATE', outcome: 'done', rollback: false },
      { action: 'UPDATE', outcome: 'done', rollback: true },
    ]);
  });
});

describe('a report beside the code', () => {
  it('is not part of it: a deployment with a report after one with a report finds nothing to do', async () => {
    const code = { Type: 'AWS::Serverless::Function', Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', CodeUri: '.' } };
    const { cwd } = project({ Transform: 'AWS::Serverless-2016-10-31', Resources: { Only: code } }, {});
    writeFileSync(join(cwd, 'index.js'), 'exports.handler = async () => 1;\n');
    const args = ['-sb', 'beside-artifacts', '--report', 'report.html'];
    expect((await deploy('Beside', cwd, args)).stderr).toMatch(/Created in/);
    expect(existsSync(join(cwd, 'report.html'))).toBe(true);
    expect((await deploy('Beside', cwd, args)).stderr).toMatch(/Nothing changed/);
  });
});
