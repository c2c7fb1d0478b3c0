import { withLocal } from '../local-edge.ts';
import { defineCommand } from './define.ts';

export const localLogs = defineCommand({
  name: 'local logs',
  summary: 'Print what the functions on the local target have written',
  group: 'Local target',
  aws: false,
  options: ['function', 'follow'],
  examples: [
    { command: 'lambda-tool local logs', describe: 'all functions, oldest first' },
    { command: 'lambda-tool local logs --function HelloFunction --follow', describe: '' },
  ],
  async run(options, context) {
    const follow = options.follow === true;
    const events: { readonly timestamp: string; readonly group: string; readonly message: string }[] = [];
    await withLocal(async (local) => {
      const folder = local.defaultLocalFolder(context.env);
      for await (const event of local.readLocalLogs(folder, { name: options.function, follow, signal: context.signal })) {
        const line = { timestamp: new Date(event.timestampMs).toISOString(), group: event.group, message: event.message.trimEnd() };
        context.reporter.event({ type: 'log', ...line });
        if (follow) context.reporter.line(`${line.timestamp} ${line.group} ${line.message}`);
        else events.push(line);
      }
    });
    context.reporter.result({ data: { events }, human: events.map((event) => `${event.timestamp} ${event.group} ${event.message}`) });
  },
});
