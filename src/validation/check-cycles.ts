import { propertyOrGlobal } from '../template/function-facts.ts';
import { isIntrinsic } from '../template/read.ts';
import type { JsonValue, Path } from '../template/types.ts';
import { isMap, member, textMember } from '../template/value.ts';
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

/** Events of functions that write the function into the body of an API, and the API they mean when they name none. */
const IMPLICIT_APIS = { Api: 'ServerlessRestApi', HttpApi: 'ServerlessHttpApi' } as const;
const API_PROPERTIES = { Api: 'RestApiId', HttpApi: 'ApiId' } as const;

/** What the serverless transform adds: an API refers to the functions of its events, and functions to what Globals say. */
function* serverlessEdges(facts: TemplateFacts): Iterable<{ from: string; edge: Edge }> {
  for (const { logicalId, type, path, properties } of facts.typed) {
    if (type !== 'AWS::Serverless::Function' || isDynamic(logicalId)) continue;
    const events = member(properties, 'Events');
    for (const [name, event] of isMap(events) ? Object.entries(events) : []) {
      const from = apiOf(facts, event);
      if (from !== undefined) yield { from, edge: { to: logicalId, at: [...path, 'Properties', 'Events', name], conditional: false } };
    }
  }
  yield* globalEdges(facts);
}

function apiOf(facts: TemplateFacts, event: JsonValue): string | undefined {
  const kind = textMember(event, 'Type');
  if (kind !== 'Api' && kind !== 'HttpApi') return undefined;
  const properties = member(event, 'Properties');
  if (properties !== undefined && (!isMap(properties) || isIntrinsic(properties))) return undefined;
  const named = member(properties, API_PROPERTIES[kind]);
  if (named === undefined) return IMPLICIT_APIS[kind];
  const api = member(named, 'Ref');
  if (typeof api !== 'string') return undefined;
  const own = member(member(facts.template.value['Resources'], api), 'Properties');
  // An API with a body of its own is not written into.
  const written = member(own, 'DefinitionBody') === undefined && member(own, 'DefinitionUri') === undefined;
  return written && textMember(member(facts.template.value['Resources'], api), 'Type') === `AWS::Serverless::${kind}` ? api : undefined;
}

function* globalEdges(facts: TemplateFacts): Iterable<{ from: string; edge: Edge }> {
  const inherited = facts.references.filter(({ at, conditional }) => at[0] === 'Globals' && at[1] === 'Function' && !conditional);
  if (inherited.length === 0) return;
  for (const resource of facts.typed) {
    if (resource.type !== 'AWS::Serverless::Function' || isDynamic(resource.logicalId)) continue;
    for (const { kind, name, at } of inherited) {
      const property = String(at[2]);
      const isGlobal = property === 'Environment' || propertyOrGlobal(facts.search, resource, property)?.path[0] === 'Globals';
      if (
        kind === 'Condition' ||
        kind === 'Fn::FindInMap' ||
        !isGlobal ||
        OWN_PROPERTIES['AWS::Serverless::Function']?.includes(property) !== true
      )
        continue;
      yield { from: resource.logicalId, edge: { to: name.split('.', 1)[0] ?? '', at, conditional: false } };
    }
  }
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
