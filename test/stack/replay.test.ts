import { describe, expect, it } from 'vitest';

import type { Stack, Stacks, UpdateRequest } from '../../src/clients/cloudformation.ts';
import { UserError } from '../../src/errors.ts';
import type { Step } from '../../src/output/reporter.ts';
import type { DeployRequest } from '../../src/stack/deploy.ts';
import { replay } from '../../src/stack/replay.ts';
import { NO_SWITCHES } from '../../src/stack/switches.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { recordingReporter } from '../support/recording-reporter.ts';

const SILENT: Step = {
  progress: () => undefined,
  note: () => undefined,
  output: () => undefined,
  summary: () => undefined,
  rows: () => undefined,
};

function failed(express: boolean): Stack {
  return {
    id: 'arn:stack',
    name: 'Shop',
    status: 'UPDATE_FAILED',
    statusReason: undefined,
    parameters: [{ name: 'Stage', value: 'dev', resolvedValue: undefined }],
    outputs: [],
    tags: {},
    terminationProtection: false,
    roleArn: undefined,
    express,
  };
}

/** Replays on an endpoint that sees nothing to do; answers with the error and what it was asked for. */
async function replayNothing(stack: Stack): Promise<{ readonly error: UserError; readonly asked: UpdateRequest | undefined }> {
  let asked: UpdateRequest | undefined;
  const stacks: Pick<Stacks, 'newestEventId' | 'updateStack'> = {
    newestEventId: () => Promise.resolve(undefined),
    updateStack: (request) => {
      asked = request;
      return Promise.reject(
        new UserError('TEMPLATE_INVALID', 'CloudFormation refuses the request (UpdateStack): No updates are to be performed.'),
      );
    },
  };
  const request = {
    stackName: 'Shop',
    template: { body: '{}' },
    declared: [{ name: 'Stage', type: 'String', hasDefault: false, noEcho: false }],
    given: {},
    capabilities: [],
    tags: { a: 'b' },
    roleArn: undefined,
    switches: NO_SWITCHES,
    wait: true,
    longestPauseMs: undefined,
  } as unknown as DeployRequest;
  const deps = { stacks: stacks as Stacks, clock: fakeClock(), reporter: recordingReporter(), signal: new AbortController().signal };
  const error = await replay({ kind: 'update', stack, resume: true }, request, deps, SILENT).catch(
    (thrown: unknown) => thrown as UserError,
  );
  return { error: error as UserError, asked };
}

describe('an update without a change set', () => {
  it('is one in express mode for a stack that failed in it, with the values that the stack has', async () => {
    const { asked } = await replayNothing(failed(true));
    expect(asked).toMatchObject({
      stackName: 'arn:stack',
      express: { disableRollback: true },
      parameters: [{ name: 'Stage', usePrevious: true }],
      tags: { a: 'b' },
    });
  });

  it('says the way out when CloudFormation finds nothing to do', async () => {
    expect((await replayNothing(failed(true))).error).toMatchObject({
      code: 'STACK_STATE',
      hint: expect.stringContaining('Change something'),
    });
    const { error, asked } = await replayNothing(failed(false));
    expect(error).toMatchObject({ code: 'STACK_STATE', hint: expect.stringContaining('Leave out --resume') });
    expect(asked).toMatchObject({ express: undefined, disableRollback: true });
  });
});
