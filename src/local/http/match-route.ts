/** Finds the route of a request. */
import type { Route } from './types.ts';

export interface Match {
  readonly route: Route;
  /** What the placeholders of the path held, still percent-encoded. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * REST APIs choose the resource first, by its path alone, and then its method; so a resource without the method hides a
 * less specific one that has it. Undefined when nothing answers.
 */
export function matchRestRoute(routes: readonly Route[], method: string, path: string): Match | undefined {
  const fitting = fittingRoutes(routes, path.length > 1 ? path.replace(/\/$/, '') : path);
  const best = fitting[0];
  if (best === undefined) return undefined;
  const sameResource = fitting.filter(({ route }) => route.path === best.route.path);
  return sameResource.find(({ route }) => route.method === method) ?? sameResource.find(({ route }) => route.method === 'ANY');
}

/** HTTP APIs choose among the routes that have the method: a full match, then a greedy one, then `$default`. */
export function matchHttpRoute(routes: readonly Route[], method: string, path: string): Match | undefined {
  const fitting = fittingRoutes(routes, path).filter(({ route }) => route.method === method || route.method === 'ANY');
  const best = fitting[0];
  if (best !== undefined) return fitting.find(({ route }) => route.path === best.route.path && route.method === method) ?? best;
  const route = routes.find((candidate) => candidate.path === '$default');
  return route === undefined ? undefined : { route, params: {} };
}

/** All routes whose path fits, most specific first. */
function fittingRoutes(routes: readonly Route[], path: string): readonly Match[] {
  const segments = path.split('/').slice(1);
  const matches = routes.flatMap((route) => {
    const params = route.path === '$default' ? undefined : matchSegments(route.path.split('/').slice(1), segments);
    return params === undefined ? [] : [{ route, params }];
  });
  return matches.toSorted((a, b) => compareRank(rankOf(a.route.path), rankOf(b.route.path)));
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const placeholder = /^\{([^}+]+)(\+?)\}$/.exec(part);
    const name = placeholder?.[1];
    if (name !== undefined && placeholder?.[2] === '+') {
      const rest = segments.slice(index).join('/');
      if (rest === '') return undefined;
      params[name] = rest;
      return params;
    }
    const segment = segments[index];
    if (segment === undefined || (name !== undefined && segment === '')) return undefined;
    if (name !== undefined) params[name] = segment;
    else if (part !== segment && part !== safeDecode(segment)) return undefined;
  }
  return pattern.length === segments.length ? params : undefined;
}

/** A number for each segment: fixed before a placeholder before a greedy one. */
function rankOf(path: string): readonly number[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => (part.startsWith('{') ? (part.endsWith('+}') ? 2 : 1) : 0));
}

function compareRank(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 3) - (b[index] ?? 3);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Decodes what can be decoded; anything else stays as it came. */
export function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
