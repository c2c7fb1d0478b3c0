import { announce, requireStackName, type Identity } from '../deployment/identity.ts';
import { pollingPauseMs, stackDeps } from '../deployment/stack-deps.ts';
import { formatSeconds } from '../output/format.ts';
import type { Answer } from '../output/reporter.ts';
import { defineCommand } from './define.ts';
import { REPORT_OPTIONS } from './option-sets.ts';
import type { WatchOutcome } from '../stack/watch.ts';

export const watch = defineCommand({
  name: 'watch',
  summary: 'Follow the operation that runs on a stack, from its beginning to its end',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name or ARN of the stack; --stack-name beats it', option: 'stack-name' }],
  options: [
    'stack-name',
    'max-wait',
    'on-interrupt',
    'stack-polling-delay',
    'template',
    'template-substitutions',
    ...REPORT_OPTIONS,
    'port',
  ],
  persist: ['stack-name', 'template', 'template-substitutions'],
  examples: [
    { command: 'lambda-tool watch Shop', describe: 'takes up again what a run has left: exit code 0 or 1, as it would have had' },
    { command: 'lambda-tool watch Shop --max-wait 30m --output ndjson', describe: 'one event a line, for a program' },
  ],
  async run(options, context) {
    const stackName = await requireStackName(options, context);
    const identity = await announce(context);
    const deps = await stackDeps(context);
    const [{ watchStack }, { laterPlacesIn }] = await Promise.all([
      import('../stack/watch.ts'),
      import('../deployment/belonging-template.ts'),
    ]);
    const placesOf = await laterPlacesIn(options, context);
    const outcome = await watchStack({ stackName, longestPauseMs: pollingPauseMs(options), placesOf }, deps);
    if (outcome.kind === 'ended') context.reporter.info(`${outcome.status} after ${formatSeconds(outcome.durationMs)}.`);
    context.reporter.result(answer(outcome, identity));
  },
});

function answer(outcome: WatchOutcome, identity: Identity): Answer {
  const { stack } = outcome;
  const outputs = stack?.outputs ?? [];
  const ended = outcome.kind === 'ended';
  const name = ended ? outcome.name : outcome.stack.name;
  const status = ended ? outcome.status : outcome.stack.status;
  return {
    data: {
      stackName: name,
      stackId: ended ? outcome.stackId : outcome.stack.id,
      ...identity,
      watched: ended,
      status,
      outputs: Object.fromEntries(outputs.map((output) => [output.name, output.value])),
      ...(ended ? { durationMs: outcome.durationMs } : {}),
    },
    human: [
      ended
        ? stack === undefined
          ? `Stack ${name} is deleted.`
          : `Stack ${name} is ${status}.`
        : `Nothing runs: stack ${name} is ${status}.`,
      ...(outputs.length === 0 || !ended
        ? []
        : [{ columns: ['Output', 'Value'], rows: outputs.map((output) => [output.name, output.value]) }]),
    ],
  };
}
