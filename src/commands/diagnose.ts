import { announce, requireStackName } from '../deployment/identity.ts';
import { stackDeps } from '../deployment/stack-deps.ts';
import { defineCommand } from './define.ts';

export const diagnose = defineCommand({
  name: 'diagnose',
  summary: 'Say what the last operation on a stack failed of, and the way out',
  group: 'Applications',
  aws: true,
  positionals: [{ name: 'stack-name', describe: 'Name or ARN of the stack; --stack-name beats it', option: 'stack-name' }],
  options: ['stack-name', 'template', 'template-substitutions', 'port'],
  persist: ['stack-name', 'template', 'template-substitutions'],
  examples: [
    { command: 'lambda-tool diagnose Shop', describe: '' },
    { command: 'lambda-tool diagnose Shop -t api.yaml', describe: 'with the lines of that template' },
    { command: 'lambda-tool diagnose arn:aws:cloudformation:eu-west-1:123456789012:stack/Shop/8f1…', describe: 'also of a deleted stack' },
  ],
  async run(options, context) {
    const name = await requireStackName(options, context);
    const identity = await announce(context);
    const deps = await stackDeps(context);
    const [{ diagnoseStack, findStackToDiagnose }, { placesInTemplateOf }, { answerDiagnosis }] = await Promise.all([
      import('../stack/diagnose.ts'),
      import('../deployment/belonging-template.ts'),
      import('../deployment/diagnosis-answer.ts'),
    ]);
    const stack = await findStackToDiagnose(name, identity.region, deps);
    const placeOf = await placesInTemplateOf(stack, options, context);
    context.reporter.result(answerDiagnosis(await diagnoseStack(stack, placeOf, deps), identity));
  },
});
