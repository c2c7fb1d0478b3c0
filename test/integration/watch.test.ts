import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudFormationClient, DescribeStacksCommand, paginateDescribeStackEvents } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type CliOptions, type CliResult, type Workspace } from '../support/cli.ts';
import { openHold, type Hold } from '../support/hold.ts';
import { startSlowCloudFormation } from '../support/slow-cloudformation.ts';
import { openStackClient } from '../support/stack-client.ts';

let workspace: Workspace;
let client: CloudFormationClient;
let throttled: Throttled;

beforeAll(async () => {
  workspace = openWorkspace();
  client = await openStackClient(workspace);
  throttled = await deployThrottled();
});
afterAll(async () => {
  await throttled.stop();
  client.destroy();
  workspace.close();
});

type Probes = Readonly<Record<string, object>>;

function template(probes: Probes, nested: Readonly<Record<string, string>> = {}): string {
  const own = Object.entries(probes).map(([name, Properties]) => [name, { Type: 'LocalTarget::Test::Probe', Properties }]);
  const stacks = Object.entries(nested).map(([name, TemplateURL]) => [
    name,
    { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL } },
  ]);
  return JSON.stringify({ Resources: Object.fromEntries([...own, ...stacks]) });
}

let projects = 0;
function project(files: Readonly<Record<string, string>>): string {
  const cwd = join(workspace.folder, `project-${(projects += 1)}`);
  mkdirSync(cwd);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

interface Throttled {
  readonly ended: Promise<CliResult>;
  stop(): Promise<void>;
}

/** A deployment whose questions are refused until it has said so. It is half a minute of mere waiting, beside which the other tests run. */
async function deployThrottled(): Promise<Throttled> {
  const slow = await startSlowCloudFormation({ throttles: true });
  const env = { AWS_ENDPOINT_URL: slow.endpoint, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'eu-west-1' };
  let running: ChildProcess | undefined;
  const ended = workspace.run(['deploy-serverless', '-sn', 'Slow'], {
    cwd: project({ 'serverless.template': 'Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n' }),
    env,
    onStart: (child) => (running = child),
    onStderr: (text) => {
      if (text.includes('CloudFormation throttles our questions for')) slow.recover();
    },
  });
  const stop = async (): Promise<void> => {
    running?.kill('SIGKILL');
    await ended;
    slow.close();
  };
  return { ended, stop };
}

const deploy = (name: string, probes: Probes, ...args: string[]): Promise<CliResult> =>
  workspace.run(['deploy-serverless', '-sn', name, '--local', ...args], { cwd: project({ 'serverless.template': template(probes) }) });
const watch = (name: string, options: CliOptions = {}) => workspace.run(['watch', name, '--local'], options);

async function statusOf(name: string): Promise<string | undefined> {
  return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]?.StackStatus;
}

/** Ids of all events that a stack has had. */
async function eventCount(name: string): Promise<number> {
  let count = 0;
  for await (const page of paginateDescribeStackEvents({ client }, { StackName: name })) count += page.StackEvents?.length ?? 0;
  return count;
}

interface Line {
  readonly type: string;
  readonly logicalId: string;
  readonly path?: readonly string[];
  readonly physicalId: string;
  readonly status: string;
  readonly timestamp: string;
}

function eventsIn({ stdout }: CliResult): Line[] {
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Line).filter(({ type }) => type === 'stack-event');
}

describe('watch', () => {
  let leaving: Hold;

  it('takes up what --detach has left, from its beginning to its end', async () => {
    const hold = openHold(workspace);
    leaving = openHold(workspace);
    const begun = await deploy('Taken', { A: hold.in('create'), B: leaving.in('delete') }, '--detach', '--outputs-file', 'outputs.json');
    expect(begun.code, begun.stderr).toBe(0);
    expect(begun.stderr).toContain('outputs.json is not written: the outputs are not known before the end');
    expect(begun.stderr).toContain('To see how it ends: lambda-tool watch Taken --local');
    const { code, stdout, stderr } = await watch('Taken', hold.untilSaid(/ B LocalTarget::Test::Probe CREATE_COMPLETE/));
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('[stack Taken] Stack Taken is being created (CREATE_IN_PROGRESS)');
    expect(stderr).toContain('[stack Taken] Taken AWS::CloudFormation::Stack CREATE_IN_PROGRESS');
    expect(stderr).toMatch(/\[stack Taken\] 2 A LocalTarget::Test::Probe CREATE_COMPLETE \d/);
    expect(stdout).toBe('Stack Taken is CREATE_COMPLETE.\n');
  });

  it('says at once when nothing runs, and that there is no such stack', async () => {
    const rest = await workspace.json(['watch', 'Taken', '--local']);
    expect(rest.code).toBe(0);
    expect(rest.document.result).toMatchObject({ stackName: 'Taken', watched: false, status: 'CREATE_COMPLETE' });
    const none = await workspace.json(['watch', 'Nobody', '--local']);
    expect([none.code, none.document.error?.code]).toEqual([1, 'STACK_NOT_FOUND']);
  });

  it('ends as the operation deserves: a failure with its first cause, a deletion well', async () => {
    const hold = openHold(workspace);
    await deploy('Taken', { A: { Value: 2 }, B: { FailOn: 'update', ...hold.in('update') } }, '--detach');
    const failed = await workspace.json(['watch', 'Taken', '--local'], hold.untilSaid(/ B LocalTarget::Test::Probe UPDATE_IN_PROGRESS/));
    expect([failed.code, failed.document.error?.code]).toEqual([1, 'STACK_FAILED']);
    expect(failed.document.error?.details?.join('\n')).toContain('Cause   B (LocalTarget::Test::Probe)');
    const begun = await workspace.json(['delete-serverless', 'Taken', '--local', '--detach']);
    expect(begun.document.result).toMatchObject({ deleted: [], deleting: [{ stackName: 'Taken' }] });
    const gone = await watch('Taken', leaving.untilSaid(/ B LocalTarget::Test::Probe DELETE_IN_PROGRESS/));
    expect([gone.code, gone.stdout]).toEqual([0, 'Stack Taken is deleted.\n']);
  });

  it('names the line of the template that lies here, or was named', async () => {
    const hold = openHold(workspace);
    const text = template({ A: {}, B: { FailOn: 'create', ...hold.in('create') } });
    const cwd = project({ 'serverless.template': JSON.stringify(JSON.parse(text), null, 2) });
    const run = ['deploy-serverless', '-sn', 'Lines', '--local', '--detach'];
    expect((await workspace.run(run, { cwd })).code).toBe(0);
    const said = hold.untilSaid(/ B LocalTarget::Test::Probe CREATE_IN_PROGRESS/);
    const here = await workspace.json(['watch', 'Lines', '--local'], { cwd, ...said });
    expect(here.document.error?.details?.join('\n')).toContain('Cause   B (LocalTarget::Test::Probe), serverless.template:7');
    expect(here.document.result.cause).toMatchObject({ logicalId: 'B', place: 'serverless.template:7' });

    const other = project({ 'serverless.template': template({ Other: {} }) });
    const again = openHold(workspace);
    const next = template({ A: {}, B: { FailOn: 'create', ...again.in('create') } });
    expect((await workspace.run(run, { cwd: project({ 'serverless.template': next }) })).code).toBe(0);
    const none = await workspace.json(['watch', 'Lines', '--local', '-t', 'gone.template'], { cwd: other });
    expect([none.code, none.document.error?.code]).toEqual([1, 'TEMPLATE_NOT_FOUND']);
    const far = await workspace.json(['watch', 'Lines', '--local'], {
      cwd: other,
      ...again.untilSaid(/ B LocalTarget::Test::Probe CREATE_IN_PROGRESS/),
    });
    expect(far.document.error?.code).toBe('STACK_FAILED');
    expect(far.document.result.cause).not.toHaveProperty('place');
  });

  it('ends the waiting after --max-wait, and refuses a time that is none', async () => {
    const hold = openHold(workspace);
    const late = await workspace.json(['deploy-serverless', '-sn', 'Late', '--local', '--max-wait', '1s'], {
      cwd: project({ 'serverless.template': template({ A: hold.in('create') }) }),
    });
    expect([late.code, late.document.error?.code]).toEqual([1, 'STACK_STILL_RUNNING']);
    expect(late.document.error?.hint).toContain('lambda-tool watch Late --local');
    const ended = await workspace.json(['watch', 'Late', '--local'], hold.untilSaid(/ A LocalTarget::Test::Probe CREATE_IN_PROGRESS/));
    expect(ended.document.result).toMatchObject({ status: 'CREATE_COMPLETE' });
    expect((await workspace.run(['watch', 'Late', '--local', '--max-wait', 'soon'])).code).toBe(2);
  });
});

describe('events', () => {
  it('of 200 resources are complete, none twice, with few calls', async () => {
    const probes = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`P${index}`, { HoldMs: (index % 10) * 100 }]));
    const result = await deploy('Large', probes, '--output', 'ndjson', '--verbose');
    expect(result.code, result.stderr.slice(-2000)).toBe(0);
    const events = eventsIn(result);
    // The event of the change set that made the empty stack was there before.
    expect(events).toHaveLength((await eventCount('Large')) - 1);
    expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(events.length);
    expect(new Set(events.filter(({ status }) => status === 'CREATE_COMPLETE').map(({ logicalId }) => logicalId)).size).toBe(201);
    const looks = result.stderr.match(/CloudFormation DescribeStackEvents 200/g)?.length ?? 0;
    console.log(`200 resources: ${events.length} events, ${looks} calls of DescribeStackEvents`);
    expect(looks).toBeLessThan(60);
  });

  it('of stacks nested three deep are told under their path, in order, and counted', async () => {
    const files = {
      'serverless.template': template({ Own: {} }, { Mid: 'mid.template' }),
      'mid.template': template({ Between: {} }, { Low: 'low.template' }),
      'low.template': template({ Deep: { HoldMs: 800, Value: 1 } }),
    };
    const cwd = project(files);
    const args = ['deploy-serverless', '-sn', 'Nest', '-sb', 'nest-artifacts', '--local'];
    const created = await workspace.run(args, { cwd });
    expect(created.code, created.stderr).toBe(0);
    expect(created.stderr).toMatch(/\[stack Nest\] \d\/5 Mid\/Low\/Deep LocalTarget::Test::Probe CREATE_COMPLETE \d/);
    expect(created.stderr).toContain('[stack Nest] 5 of 5 resources');

    writeFileSync(join(cwd, 'low.template'), template({ Deep: { HoldMs: 800, Value: 2 } }));
    const updated = await workspace.run([...args, '--output', 'ndjson'], { cwd });
    const events = eventsIn(updated);
    expect(events.every(({ status }) => !status.startsWith('CREATE_'))).toBe(true);
    const places = events.map(({ path = [], logicalId, status }) => [...path, logicalId, status].join(' '));
    expect(places).toContain('Mid Low Deep UPDATE_COMPLETE');
    expect(new Set(places).size).toBe(places.length);
    expect(events.map(({ timestamp }) => timestamp)).toEqual(events.map(({ timestamp }) => timestamp).toSorted());
    expect(places.indexOf('Mid Low Deep UPDATE_COMPLETE')).toBeLessThan(places.indexOf('Mid UPDATE_COMPLETE'));
  });
});

describe('an interrupt with --on-interrupt cancel', () => {
  /** Sends signals once the resource is in progress; answers how it ended. */
  const interrupted = async (name: string, signals: readonly NodeJS.Signals[], probes: Probes) => {
    let sent = 0;
    return workspace.run(['deploy-serverless', '-sn', name, '--local', '--on-interrupt', 'cancel'], {
      cwd: project({ 'serverless.template': template(probes) }),
      onStderr: (text, child) => {
        const isMoment = sent === 0 ? / A LocalTarget::Test::Probe \w+_IN_PROGRESS/.test(text) : text.includes('another interrupt leaves');
        const signal = signals[sent];
        if (!isMoment || signal === undefined) return;
        sent += 1;
        child.kill(signal);
      },
    });
  };

  it('deletes what a creation has begun', async () => {
    const { code, stderr } = await interrupted('Made', ['SIGINT'], { A: openHold(workspace).in('create') });
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('Error INTERRUPTED: Interrupted: the creation of stack Made was stopped, and what was begun is deleted');
    await expect(statusOf('Made')).rejects.toThrow('does not exist');
  });

  it('rolls an update back and follows that to its end', async () => {
    expect((await deploy('Back', { A: { Value: 1 } })).code).toBe(0);
    const { code, stderr } = await interrupted('Back', ['SIGTERM'], { A: { Value: 2, ...openHold(workspace).in('update') } });
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('[stack Back] cancelling the update; another interrupt leaves at once');
    expect(stderr).toContain('back at its last good state (UPDATE_ROLLBACK_COMPLETE)');
    expect(await statusOf('Back')).toBe('UPDATE_ROLLBACK_COMPLETE');
  });

  it('leaves at once at the second one', async () => {
    const hold = openHold(workspace);
    expect((await deploy('Left', { A: { Value: 1, ...hold.in('update') } })).code).toBe(0);
    const { code, stderr } = await interrupted('Left', ['SIGTERM', 'SIGINT'], { A: { Value: 2, ...hold.in('update') } });
    expect(code, stderr).toBe(130);
    expect(await statusOf('Left')).toBe('UPDATE_ROLLBACK_IN_PROGRESS');
  });
});

describe('runs that create a stack at the same time', () => {
  it('all end well', async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, () => deploy('Shared', { A: { HoldMs: 200 } })));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await statusOf('Shared')).toBe('CREATE_COMPLETE');
  });
});

describe('questions that are throttled', () => {
  it('lose no event and end no run, and are told after a while', async () => {
    const { code, stderr } = await throttled.ended;
    expect(code, stderr).toBe(0);
    expect(stderr.match(/Fn AWS::Lambda::Function CREATE_IN_PROGRESS/g)).toHaveLength(1);
    expect(stderr).toContain('CloudFormation throttles our questions for');
    expect(stderr).toContain('Slow AWS::CloudFormation::Stack CREATE_COMPLETE');
  });
});
