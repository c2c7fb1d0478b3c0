import { describe, expect, it } from 'vitest';

import type { DriftDetection, ResourceDrift, Stacks } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import { checkDriftDetectable, findDrift } from '../../src/inventory/drift.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

const CHILD_ARN = 'arn:aws:cloudformation:eu-west-1:1:stack/Shop-Child-1/uuid';
const TEMPLATES: Readonly<Record<string, string>> = {
  'arn:Shop': `
Parameters: { Word: { Type: String, NoEcho: true } }
Resources:
  Topic: { Type: AWS::SNS::Topic, Properties: { DisplayName: a, Tags: [{ Key: word, Value: !Ref Word }] } }
  Queue: { Type: AWS::SQS::Queue }
  Deployment: { Type: AWS::ApiGateway::Deployment }
  Db: { Type: AWS::RDS::DBInstance, Properties: { MasterUserPassword: plain } }
  Child: { Type: AWS::CloudFormation::Stack }
`,
  [CHILD_ARN]: `
Parameters: { Inner: { Type: String, NoEcho: true } }
Resources:
  Role: { Type: AWS::IAM::Role, Properties: { Description: !Sub 'is \${Inner}' } }
`,
};
const RESOURCES: Readonly<Record<string, readonly (readonly [string, string, string])[]>> = {
  'arn:Shop': [
    ['Topic', 'AWS::SNS::Topic', 'arn:topic'],
    ['Queue', 'AWS::SQS::Queue', 'https://queue'],
    ['Deployment', 'AWS::ApiGateway::Deployment', 'd1'],
    ['Db', 'AWS::RDS::DBInstance', 'db'],
    ['Child', 'AWS::CloudFormation::Stack', CHILD_ARN],
  ],
  [CHILD_ARN]: [['Role', 'AWS::IAM::Role', 'role']],
};

const modified = (logicalId: string, ...changes: [path: string, expected: string, actual: string][]): ResourceDrift => ({
  logicalId,
  physicalId: logicalId.toLowerCase(),
  resourceType: '',
  status: 'MODIFIED',
  differences: changes.map(([path, expected, actual]) => ({ path, kind: 'NOT_EQUAL', expected, actual })),
});

async function drift(
  found: Readonly<Record<string, readonly ResourceDrift[]>>,
  answers: readonly DriftDetection[],
  refused: readonly string[] = [],
) {
  const asked: string[] = [];
  const pending = new Map<string, DriftDetection[]>();
  const stacks: Partial<Stacks> = {
    resources: (id) =>
      Promise.resolve(
        (RESOURCES[id] ?? []).map(([logicalId, resourceType, physicalId]) => ({
          logicalId,
          resourceType,
          physicalId,
          status: 'CREATE_COMPLETE',
          reason: undefined,
        })),
      ),
    template: (id) => Promise.resolve(TEMPLATES[id]),
    detectDrift(id) {
      if (refused.includes(id)) return Promise.reject(new UserError('TEMPLATE_INVALID', 'is in UPDATE_FAILED'));
      asked.push(id);
      pending.set(id, [...answers]);
      return Promise.resolve(id);
    },
    driftDetection: (id) =>
      Promise.resolve(pending.get(id)?.shift() ?? { status: 'DETECTION_COMPLETE', reason: undefined, driftStatus: undefined }),
    drifts: (id) => Promise.resolve([...(found[id] ?? [])]),
  };
  const clock = fakeClock();
  const reporter = recordingReporter();
  const deps = { stacks: stacks as Stacks, clock, reporter, signal: new AbortController().signal };
  const report = await findDrift('Shop', await readInventory('arn:Shop', deps), deps);
  return { report, asked, slept: clock.slept, lines: reporter.lines };
}

const RUNNING: DriftDetection = { status: 'DETECTION_IN_PROGRESS', reason: undefined, driftStatus: undefined };

describe('drift', () => {
  it('is told by resource and property, in nested stacks too; what nobody can tell is named', async () => {
    const { report, asked } = await drift(
      {
        'arn:Shop': [
          modified('Topic', ['/DisplayName', 'a', 'b']),
          { ...modified('Queue'), status: 'DELETED' },
          { ...modified('Db'), status: 'IN_SYNC' },
        ],
        [CHILD_ARN]: [modified('Role', ['/MaxSessionDuration', '3600', '7200'])],
      },
      [],
    );
    expect(asked).toEqual(['arn:Shop', CHILD_ARN]);
    expect(report.status).toBe('DRIFTED');
    expect(report.resources.map(({ resource, status, differences }) => [resource, status, differences[0]?.actual])).toEqual([
      ['Topic', 'MODIFIED', 'b'],
      ['Queue', 'DELETED', undefined],
      ['Child/Role', 'MODIFIED', '7200'],
    ]);
    expect(report.notChecked).toEqual(['Deployment']);
  });

  it('shows no value of a NoEcho parameter, and none of a property that is named like a secret', async () => {
    const { report } = await drift(
      {
        'arn:Shop': [
          modified('Topic', ['/Tags/0/Value', 'hidden-one', 'other'], ['/DisplayName', 'a', 'b']),
          modified('Db', ['/MasterUserPassword', 'hidden-two', 'other']),
        ],
        [CHILD_ARN]: [modified('Role', ['/Description', 'is hidden-three', 'is other'])],
      },
      [],
    );
    expect(JSON.stringify(report)).not.toMatch(/hidden|other/);
    expect(report.resources[0]?.differences.map(({ expected }) => expected)).toEqual(['****', 'a']);
  });

  it('is waited for, ever more slowly, and an incomplete answer is a warning', async () => {
    const failed: DriftDetection = { status: 'DETECTION_FAILED', reason: 'throttled', driftStatus: undefined };
    const { lines, report, slept } = await drift({}, [...Array.from({ length: 12 }, () => RUNNING), failed]);
    expect(report.status).toBe('IN_SYNC');
    expect(Math.max(...slept)).toBe(5000);
    expect(lines).toContain('warn: Not all drift could be found: throttled');
    expect(lines.some((line) => line.startsWith('progress: looking for drift · '))).toBe(true);
  });

  it('of a nested stack that cannot be looked at leaves its resources unchecked', async () => {
    const { lines, report } = await drift({}, [], [CHILD_ARN]);
    expect(report.notChecked).toContain('Child/Role');
    expect(lines.some((line) => line.startsWith(`warn: Drift of ${CHILD_ARN} cannot be looked for`))).toBe(true);
  });

  it('is not looked for where CloudFormation would refuse', () => {
    expect(() => checkDriftDetectable({ name: 'Shop', status: 'UPDATE_COMPLETE' })).not.toThrow();
    expect(() => checkDriftDetectable({ name: 'Shop', status: 'UPDATE_IN_PROGRESS' })).toThrow(
      expect.objectContaining({ code: 'STACK_STATE' }),
    );
  });
});
