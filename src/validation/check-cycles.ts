import { propertyOrGlobal } from '../template/function-facts.ts';
import { isIntrinsic, type ResourceEntry } from '../template/read.ts';
import type { JsonValue, Path } from '../template/types.ts';
import { isMap, member, textMember, valueAt } from '../template/value.ts';
import type { TemplateFacts } from './facts.ts';
import { isDynamic } from './names.ts';
import type { Problem } from './types.ts';

interface Edge {
  readonly to: string;
  readonly at: Path;
  readonly conditional: boolean;
}

type Graph = ReadonlyMap<string, readonly Edge[]>;

/**
 * Properties of serverless resources that surely become properties of the resource itself or of its role. What becomes a resource of
 * its own (a stage, an event, a permission) may refer back without a circle.
 */
const OWN_PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  'AWS::Serverless::Function': [
    'Environment',
    'Role',
    'Policies',
    'Layers',
    'VpcConfig',
    'KmsKeyArn',
    'DeadLetterQueue',
    'FileSystemConfigs',
    'FunctionName',
    'Description',
    'ImageConfig',
    'InlineCode',
    'Tags',
  ],
  'AWS::Serverless::Api': ['DefinitionBody', 'Name', 'Description'],
  'AWS::Serverless::HttpApi': ['DefinitionBody', 'Description'],
  'AWS::Serverless::StateMachine': ['Definition', 'DefinitionSubstitutions', 'Role', 'Policies', 'Name', 'Logging'],
};

/** Circles that exist whatever the conditions say. */
export function* circularReferences(facts: TemplateFacts): Iterable<Problem> {
  yield* circlesIn(graphOf(facts, false)).map(describe);
}

/** Circles that exist only where certain branches of `Fn::If` are taken. */
export function* conditionalCircles(facts: TemplateFacts): Iterable<Problem> {
  if (!facts.references.some(({ conditional }) => conditional)) return;
  const sure = new Set(circlesIn(graphOf(facts, false)).flatMap((circle) => circle.map(({ from }) => from)));
  for (const circle of circlesIn(graphOf(facts, true))) if (!circle.some(({ from }) => sure.has(from))) yield describe(circle);
}

function graphOf(facts: TemplateFacts, withConditional: boolean): Graph {
  const graph = new Map<string, Edge[]>();
  for (const name of facts.resourceNames.list()) graph.set(name, []);
  if (facts.serverless) for (const name of Object.values(IMPLICIT_APIS)) if (!graph.has(name)) graph.set(name, []);
  for (const { kind, name, at, conditional } of facts.references) {
    const [section, from] = at;
    if (kind === 'Condition' || kind === 'Fn::FindInMap' || section !== 'Resources' || typeof from !== 'string') continue;
    const to = name.split('.', 1)[0] ?? '';
    if ((withConditional || !conditional) && graph.has(to) && isOwn(facts, from, at)) graph.get(from)?.push({ to, at, conditional });
  }
  if (facts.serverless) for (const { from, edge } of serverlessEdges(facts)) graph.get(from)?.push(edge);
  return graph;
}

/** Whether what stands at a path is surely part of the resource itself. */
function isOwn(facts: TemplateFacts, logicalId: string, at: Path): boolean {
  if (isDynamic(logicalId) || (at[2] !== 'Properties' && at[2] !== 'DependsOn')) return false;
  const body = facts.template.value['Resources'];
  const resource = member(body, logicalId);
  const type = textMember(resource, 'Type') ?? '';
  if (!facts.serverless || !type.startsWith('AWS::Serverless::') || at[2] !== 'Properties') return true;
  // A function with a role of its own has no use for policies.
  if (at[3] === 'Policies' && member(member(resource, 'Properties'), 'Role') !== undefined) return false;
  return OWN_PROPERTIES[type]?.includes(String(at[3])) === true;
}

/** APIs that the transform makes for events that name none. */
const IMPLICIT_APIS = { Api: 'ServerlessRestApi', HttpApi: 'ServerlessHttpApi' } as const;

interface EventKind {
  /** The property of the event that names the resource. */
  readonly property: string;
  readonly resourceType: string;
  readonly implicit?: string;
}

/** Events for which the transform writes the function into another resource of the template. */
const WRITING_EVENTS: ReadonlyMap<string, EventKind> = new Map([
  ['Api', { property: 'RestApiId', resourceType: 'AWS::Serverless::Api', implicit: IMPLICIT_APIS.Api }],
  ['HttpApi', { property: 'ApiId', resourceType: 'AWS::Serverless::HttpApi', implicit: IMPLICIT_APIS.HttpApi }],
  ['S3', { property: 'Bucket', resourceType: 'AWS::S3::Bucket' }],
  ['Cognito', { property: 'UserPool', resourceType: 'AWS::Cognito::UserPool' }],
]);

/** What the serverless transform adds: APIs and buckets refer to the functions of their events, and functions to what Globals say. */
function* serverlessEdges(facts: TemplateFacts): Iterable<{ from: string; edge: Edge }> {
  for (const { logicalId, type, path, properties } of facts.typed) {
    if (type !== 'AWS::Serverless::Function' || isDynamic(logicalId)) continue;
    const events = member(properties, 'Events');
    for (const [name, event] of isMap(events) ? Object.entries(events) : []) {
      const from = writtenInto(facts, event);
      if (from !== undefined) yield { from, edge: { to: logicalId, at: [...path, 'Properties', 'Events', name], conditional: false } };
    }
  }
  yield* globalEdges(facts);
}

function writtenInto(facts: TemplateFacts, event: JsonValue): string | undefined {
  const kind = WRITING_EVENTS.get(textMember(event, 'Type') ?? '');
  const properties = member(event, 'Properties');
  if (kind === undefined || (properties !== undefined && (!isMap(properties) || isIntrinsic(properties)))) return undefined;
  const named = member(properties, kind.property);
  if (named === undefined) return kind.implicit;
  const name = member(named, 'Ref');
  if (typeof name !== 'string') return undefined;
  const resource = member(facts.template.value['Resources'], name);
  const own = member(resource, 'Properties');
  // An API with a body of its own is not written into.
  const written = member(own, 'DefinitionBody') === undefined && member(own, 'DefinitionUri') === undefined;
  return written && textMember(resource, 'Type') === kind.resourceType ? name : undefined;
}

function* globalEdges(facts: TemplateFacts): Iterable<{ from: string; edge: Edge }> {
  const inherited = facts.references.filter(({ kind, at, conditional }) => {
    const plain = kind !== 'Condition' && kind !== 'Fn::FindInMap' && !conditional;
    return (
      plain && at[0] === 'Globals' && at[1] === 'Function' && OWN_PROPERTIES['AWS::Serverless::Function']?.includes(String(at[2])) === true
    );
  });
  for (const resource of inherited.length === 0 ? [] : facts.typed) {
    const { logicalId, type, body } = resource;
    if (type !== 'AWS::Serverless::Function' || isDynamic(logicalId) || member(body, 'IgnoreGlobals') !== undefined) continue;
    for (const { name, at } of inherited)
      if (inherits(facts, resource, at)) yield { from: logicalId, edge: { to: name.split('.', 1)[0] ?? '', at, conditional: false } };
  }
}

/** Variables of the environment are merged one by one; of other properties, only those that the function lacks are sure to be taken. */
function inherits(facts: TemplateFacts, resource: ResourceEntry, at: Path): boolean {
  if (at[2] !== 'Environment') return propertyOrGlobal(facts.search, resource, String(at[2]))?.path[0] === 'Globals';
  const own = valueAt(resource.properties, ['Environment', 'Variables']);
  return own === undefined || (isMap(own) && !isIntrinsic(own) && member(own, String(at[4])) === undefined);
}

interface Step {
  readonly from: string;
  readonly edge: Edge;
}

/** One circle for each knot, the shortest through its first resource. */
function circlesIn(graph: Graph): Step[][] {
  const knots = new Map([...graph].map(([from, edges]) => [from, edges.filter(({ to }) => graph.has(to))]));
  prune(knots);
  const seen = new Set<string>();
  return [...knots.keys()].flatMap((start) => {
    if (seen.has(start)) return [];
    const circle = shortestCircle(knots, start);
    for (const { from } of circle) seen.add(from);
    return circle.length === 0 ? [] : [circle];
  });
}

/** Takes away, again and again, what leads nowhere. */
function prune(graph: Map<string, Edge[]>): void {
  const users = new Map<string, string[]>();
  for (const [from, edges] of graph)
    for (const { to } of edges) {
      const list = users.get(to);
      if (list === undefined) users.set(to, [from]);
      else list.push(from);
    }
  const left = new Map([...graph].map(([from, edges]) => [from, edges.length]));
  const ends = [...left].filter(([, count]) => count === 0).map(([name]) => name);
  for (let name = ends.pop(); name !== undefined; name = ends.pop()) {
    graph.delete(name);
    for (const user of users.get(name) ?? []) {
      const count = (left.get(user) ?? 0) - 1;
      left.set(user, count);
      if (count === 0) ends.push(user);
    }
  }
}

function shortestCircle(graph: Graph, start: string): Step[] {
  const cameBy = new Map<string, Step>();
  const queue = [start];
  for (const from of queue) {
    for (const edge of graph.get(from) ?? []) {
      if (edge.to === start) return backTo(start, { from, edge }, cameBy);
      if (!graph.has(edge.to) || cameBy.has(edge.to)) continue;
      cameBy.set(edge.to, { from, edge });
      queue.push(edge.to);
    }
  }
  return [];
}

function backTo(start: string, last: Step, cameBy: ReadonlyMap<string, Step>): Step[] {
  const steps = [last];
  for (let from = last.from; from !== start;) {
    const step = cameBy.get(from);
    if (step === undefined) break;
    steps.unshift(step);
    from = step.from;
  }
  return steps;
}

function describe(circle: readonly Step[]): Problem {
  const names = [...circle.map(({ from }) => from), circle[0]?.from ?? ''];
  return { at: circle[0]?.edge.at ?? [], message: `circular reference: ${names.join(' → ')}` };
}
