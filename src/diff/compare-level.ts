import type { Artifact, ArtifactUse, TemplateArtifact } from '../artifacts/types.ts';
import type { Stack } from '../clients/cloudformation.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import type { Template } from '../template/types.ts';
import { pathText } from '../template/value.ts';
import { compareParameters } from './compare-stack.ts';
import { compareTemplates } from './compare-templates.ts';
import { nestedParameters } from './nested-parameters.ts';
import { planCode, type CodeWish } from './planned-code.ts';
import type { LevelChanges, Undecided } from './types.ts';

export interface DeployedStack {
  readonly stack: Stack;
  readonly template: Template;
}

/** A stack, or one nested in it: the template to deploy and what is deployed. */
export interface Level {
  readonly template: Template;
  readonly artifacts: readonly Artifact[];
  /** Values for its parameters. */
  readonly given: Readonly<Record<string, string>>;
  /** Undefined when nothing is. */
  readonly deployed: DeployedStack | undefined;
}

export interface LevelAnswer {
  readonly changes: LevelChanges;
  readonly undecided: readonly Undecided[];
  /** Parameters that nothing gives a value. */
  readonly missing: readonly string[];
}

/** Compares a stack and the stacks nested in it; what differs in those is named `Nested/Resource`. */
export async function compareLevel(level: Level, wish: CodeWish, context: Context): Promise<LevelAnswer> {
  const { deployed, given } = level;
  const [{ parseAgain }, { rewriteTemplate }] = await Promise.all([import('../template/parse.ts'), import('../template/rewrite.ts')]);
  // What a deployment writes although it publishes nothing: images that are named by their pushed address.
  const template = parseAgain(level.template, rewriteTemplate(level.template, []));
  const nested = deployed === undefined ? [] : await findNested(level, deployed.stack, context);
  const isComparedInside = (artifact: Artifact): boolean => artifact.uses.every((use) => nested.some((one) => one.use === use));
  const plan = await planCode(wish, { template, artifacts: level.artifacts, isComparedInside }, deployed?.template.value, context);
  const parameters = compareParameters({ deployed: deployed?.template, stack: deployed?.stack, template: level.template, given });
  const own: LevelAnswer = {
    changes: {
      ...compareTemplates(deployed?.template.value, plan.value, (path) => noteFor(plan.notes, pathText(path))),
      parameters: parameters.changes,
    },
    undecided: [...plan.undecided, ...parameters.undecided],
    missing: parameters.missing,
  };
  const inside = await Promise.all(
    nested.map(async ({ use, artifact, deployed: inner }) => {
      const values = nestedParameters(level, use.logicalId, artifact.template);
      const answer = await compareLevel({ ...artifact, given: values, deployed: inner }, wish, context);
      return below(answer, use.logicalId);
    }),
  );
  return inside.reduce(together, own);
}

interface Nested {
  readonly use: ArtifactUse;
  readonly artifact: TemplateArtifact;
  readonly deployed: DeployedStack;
}

/** The stacks that the templates on this machine are deployed as. One that a loop or a condition decides on is not among them. */
async function findNested(level: Level, stack: Stack, context: Context): Promise<Nested[]> {
  const places = level.artifacts.flatMap((artifact) =>
    artifact.kind === 'template' ? artifact.uses.filter(isPlain).map((use) => ({ artifact, use })) : [],
  );
  if (places.length === 0) return [];
  const resources = await (await context.clients.stacks()).resources(stack.id, context.signal);
  const found = await Promise.all(
    places.map(async (place) => {
      const resource = resources.find(({ logicalId }) => logicalId === place.use.logicalId);
      if (resource?.resourceType !== 'AWS::CloudFormation::Stack' || resource.physicalId === '') return [];
      const deployed = await findDeployed(resource.physicalId, context);
      return deployed === undefined ? [] : [{ ...place, deployed }];
    }),
  );
  return found.flat();
}

function isPlain({ path, loop }: ArtifactUse): boolean {
  return loop === undefined && path.length === 4 && path[0] === 'Resources';
}

async function findDeployed(id: string, context: Context): Promise<DeployedStack | undefined> {
  const stack = await (await context.clients.stacks()).find(id, context.signal);
  return stack === undefined ? undefined : { stack, template: await deployedTemplate(stack, context) };
}

/** Throws UserError ENDPOINT_NOT_IMPLEMENTED when nobody tells what is deployed. */
export async function deployedTemplate(stack: Stack, context: Context): Promise<Template> {
  const text = await (await context.clients.stacks()).template(stack.id, context.signal);
  if (text === undefined) {
    throw new UserError('ENDPOINT_NOT_IMPLEMENTED', `The endpoint does not tell the template of stack ${stack.name}`, {
      hint: 'Without it there is nothing to compare with',
    });
  }
  const { parseTemplate } = await import('../template/parse.ts');
  return parseTemplate(text, `deployed template of ${stack.name}`);
}

/** The remark on a place, or on the map of bucket and key that it is a part of. */
function noteFor(notes: ReadonlyMap<string, string>, path: string): string | undefined {
  return notes.get(path) ?? notes.get(path.slice(0, Math.max(0, path.lastIndexOf('.'))));
}

/** The same with names that begin with that of the nested stack. */
function below({ changes, undecided }: LevelAnswer, parent: string): LevelAnswer {
  const named = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
    list.map((change) => ({ ...change, name: `${parent}/${change.name}` }));
  return {
    changes: {
      resources: changes.resources.map((change) => ({ ...change, logicalId: `${parent}/${change.logicalId}` })),
      outputs: named(changes.outputs),
      conditions: named(changes.conditions),
      mappings: named(changes.mappings),
      rules: named(changes.rules),
      metadata: named(changes.metadata),
      globals: named(changes.globals),
      hooks: named(changes.hooks),
      template: changes.template.map((change) => ({ ...change, path: `${parent}/${change.path}` })),
      parameters: named(changes.parameters),
    },
    undecided: undecided.map(({ subject, reason }) => ({ subject: `${parent}/${subject}`, reason })),
    missing: [],
  };
}

function together(a: LevelAnswer, b: LevelAnswer): LevelAnswer {
  const [own, inner] = [a.changes, b.changes];
  return {
    ...a,
    changes: {
      resources: [...own.resources, ...inner.resources],
      outputs: [...own.outputs, ...inner.outputs],
      conditions: [...own.conditions, ...inner.conditions],
      mappings: [...own.mappings, ...inner.mappings],
      rules: [...own.rules, ...inner.rules],
      metadata: [...own.metadata, ...inner.metadata],
      globals: [...own.globals, ...inner.globals],
      hooks: [...own.hooks, ...inner.hooks],
      template: [...own.template, ...inner.template],
      parameters: [...own.parameters, ...inner.parameters],
    },
    undecided: [...a.undecided, ...b.undecided],
  };
}
