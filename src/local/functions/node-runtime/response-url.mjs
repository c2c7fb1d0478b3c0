/**
 * Custom resources answer to the ResponseURL of their request, and most do it with `https` on port 443, whatever the URL
 * says (AWS's own cfn-response does). The address of the local target is plain http on a port of its own: requests for it
 * are led there.
 */
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const PATH = '/_lambda-tool/custom-resource/';

export function installResponseUrl(endpoint = process.env['AWS_ENDPOINT_URL'] ?? '') {
  if (!URL.canParse(endpoint)) return;
  const { hostname, port } = new URL(endpoint);
  const original = https.request;
  https.request = (...args) => {
    const [first, second, third] = args;
    const given = typeof first === 'string' || first instanceof URL ? urlOptions(new URL(first)) : first;
    const options = Object.assign({}, given, typeof second === 'object' ? second : {});
    const path = options.path ?? '';
    const host = options.hostname ?? options.host;
    if (host !== hostname || !path.startsWith(PATH)) return original(...args);
    const { agent: _agent, protocol: _protocol, ...plain } = options;
    return http.request({ ...plain, hostname, port }, typeof second === 'function' ? second : third);
  };
  syncBuiltinESMExports();
}

function urlOptions(url) {
  return { hostname: url.hostname, path: `${url.pathname}${url.search}` };
}
