/**
 * A router for HTTP API events, small enough to read. Routes are written as `METHOD /path/{parameter}`; a function gets
 * `{ params, query, headers, body, event }` and answers with a response, or a promise of one.
 */
export function createRouter(routes) {
  const table = Object.entries(routes).map(([pattern, answer]) => {
    const [method, path] = pattern.split(' ');
    return { method, segments: segmentsOf(path), answer };
  });

  return async function route(event) {
    const { method, path } = event.requestContext.http;
    const asked = method === 'HEAD' ? 'GET' : method;
    try {
      const segments = segmentsOf(withoutStage(path, event.requestContext.stage)).map(decodeURIComponent);
      const candidates = table
        .map((entry) => ({ entry, params: match(entry.segments, segments) }))
        .filter(({ params }) => params !== undefined);
      const found = candidates.find(({ entry }) => entry.method === asked);
      if (found) return await found.entry.answer(requestOf(event, found.params));
      if (candidates.length === 0) return json(404, { message: `There is nothing at ${path}` });
      const allow = candidates.map(({ entry }) => entry.method).join(', ');
      return json(405, { message: `${method} is not possible here` }, { allow });
    } catch (error) {
      if (error instanceof BadRequest || error instanceof URIError) return json(400, { message: error.message });
      console.error(error);
      return json(500, { message: 'Something went wrong' });
    }
  };
}

/** A response with a JSON body. */
export function json(statusCode, value, headers = {}) {
  return {
    statusCode,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

/** Throw it from a route to answer with status 400. */
export class BadRequest extends Error {}

function segmentsOf(path) {
  return path.split('/').filter((segment) => segment !== '');
}

/** A named stage is part of the path; the default stage is not. */
function withoutStage(path, stage) {
  if (!stage || stage === '$default') return path;
  return path === `/${stage}` || path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path;
}

/** The parameters when the path fits the pattern, undefined otherwise. */
function match(pattern, segments) {
  if (pattern.length !== segments.length) return undefined;
  const params = {};
  for (const [index, expected] of pattern.entries()) {
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    if (name !== undefined) params[name] = segments[index];
    else if (expected !== segments[index]) return undefined;
  }
  return params;
}

function requestOf(event, params) {
  return {
    params,
    query: new URLSearchParams(event.rawQueryString),
    headers: event.headers,
    body: bodyOf(event),
    event,
  };
}

/** JSON is parsed, any other body is text, no body is undefined. */
function bodyOf(event) {
  if (event.body === undefined || event.body === '') return undefined;
  const text = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString('utf8') : event.body;
  if (!/^application\/(\w+\+)?json\b/.test(event.headers['content-type'] ?? '')) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadRequest(`The body is not valid JSON: ${error.message}`);
  }
}
