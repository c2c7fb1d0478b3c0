import { CloudFormationClient } from '@aws-sdk/client-cloudformation';

import type { Workspace } from './cli.ts';

/** Starts the local target of a workspace; a client of AWS's own for its CloudFormation. */
export async function openStackClient(workspace: Workspace): Promise<CloudFormationClient> {
  const { document } = await workspace.json(['local', 'start']);
  const { document: env } = await workspace.json(['local', 'env']);
  return new CloudFormationClient({
    endpoint: document.result.endpoint as string,
    region: 'us-east-1',
    credentials: { accessKeyId: env.result.AWS_ACCESS_KEY_ID as string, secretAccessKey: env.result.AWS_SECRET_ACCESS_KEY as string },
  });
}
