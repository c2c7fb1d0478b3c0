import { LOCAL_DEFAULT_REGION, startLocal } from '../local-edge.ts';
import { defineCommand } from './define.ts';

export const localEnv = defineCommand({
  name: 'local env',
  summary: 'Print the exports that point other clients (aws, docker, terraform) at the local target',
  group: 'Local target',
  aws: false,
  options: ['port', 'region'],
  examples: [{ command: 'eval "$(lambda-tool local env)"', describe: 'then: aws s3 ls' }],
  async run(options, context) {
    const target = await startLocal({ env: context.env, installation: context.installation, port: options.port });
    const region = options.region ?? LOCAL_DEFAULT_REGION;
    const variables = {
      AWS_ENDPOINT_URL: target.endpoint,
      AWS_ACCESS_KEY_ID: target.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: target.credentials.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      // Leftovers of a real sign-in would make a client send them here, or use them elsewhere.
      AWS_SESSION_TOKEN: undefined,
      AWS_PROFILE: undefined,
    };
    context.reporter.result({
      data: variables,
      human: [
        ...Object.entries(variables).map(([name, value]) => (value === undefined ? `unset ${name}` : `export ${name}='${value}'`)),
        `# docker: aws ecr get-login-password | docker login --username AWS --password-stdin ${target.registry}`,
      ],
    });
  },
});
