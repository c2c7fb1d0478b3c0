import pLimit from 'p-limit';

import type { LambdaFunctions } from '../clients/lambda.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { deriveEndpoints, type Endpoint, type UnknownUrl } from './endpoints.ts';
import type { InventoryNode } from './read-inventory.ts';

/** Calls to Lambda under way at a time. */
const PARALLEL_CALLS = 8;

/** The addresses of everything in a stack that answers HTTP, as they can be reached from here. One call for each function URL. */
export async function findEndpoints(roots: readonly InventoryNode[], region: string, context: Context): Promise<Endpoint[]> {
  const { known, unknown } = deriveEndpoints(roots, region);
  const [derived, asked] = await Promise.all([toReachable(known, context), askLambda(unknown, context)]);
  return [...asked, ...derived];
}

async function toReachable(endpoints: readonly Endpoint[], context: Context): Promise<readonly Endpoint[]> {
  const { reachable } = await context.clients.edge();
  if (reachable === undefined || endpoints.length === 0) return endpoints;
  const addresses = await reachable(endpoints.map(({ url }) => url ?? ''));
  // What has no address of its own there does not answer there.
  return endpoints.flatMap((endpoint, index) => (addresses[index] === endpoint.url ? [] : [{ ...endpoint, url: addresses[index] }]));
}

async function askLambda(urls: readonly UnknownUrl[], context: Context): Promise<Endpoint[]> {
  if (urls.length === 0) return [];
  const functions = await context.clients.functions();
  const limit = pLimit(PARALLEL_CALLS);
  return Promise.all(urls.map((unknown) => limit(() => askForUrl(unknown, functions, context))));
}

async function askForUrl({ resource, functionArn }: UnknownUrl, functions: LambdaFunctions, context: Context): Promise<Endpoint> {
  try {
    const found = await functions.functionUrl(functionArn, context.signal);
    return { resource, kind: 'function-url', url: found?.url, authType: found?.authType };
  } catch (error) {
    // Everything else about the stack can be told without it.
    if (!(error instanceof UserError)) throw error;
    context.reporter.warn(`The address of the function URL ${resource} could not be found out: ${error.message}`);
    return { resource, kind: 'function-url', url: undefined };
  }
}
