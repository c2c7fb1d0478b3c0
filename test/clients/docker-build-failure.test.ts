import { describe, expect, it } from 'vitest';

import { buildFailed } from '../../src/clients/docker-build-failure.ts';

const BY_HAND = 'docker build --platform=linux/arm64 -f Dockerfile .';

/** What engines have been seen to say: Docker 20.10 and 28 with BuildKit, Docker's classic builder, Podman 4.3. */
const SAID: readonly (readonly [reason: string, step: string | undefined, message: RegExp, hint: RegExp])[] = [
  [
    'executor failed running [/bin/sh -c echo; exit 7]: exit code: 7',
    'RUN echo; exit 7',
    /at "RUN echo; exit 7": exit code: 7$/,
    /above\. By itself: docker build/,
  ],
  ['failed to solve: process "/bin/sh -c x" did not complete successfully: exit code: 127', 'RUN x', /: exit code: 127$/, /By itself/],
  ["The command '/bin/sh -c x' returned a non-zero code: 2", 'RUN x', /: exit code: 2$/, /By itself/],
  ['failed to compute cache key: "/a.txt" not found: not found', 'COPY a.txt /', /: "\/a.txt" not found$/, /\.dockerignore/],
  [
    'failed to solve: failed to compute cache key: failed to calculate checksum of ref k::1: "/a.txt": not found',
    'COPY a.txt /',
    /: "\/a.txt": not found$/,
    /\.dockerignore/,
  ],
  [
    'COPY failed: file not found in build context or excluded by .dockerignore: stat a.txt: file does not exist',
    'COPY a.txt /',
    /COPY failed/,
    /build context/,
  ],
  ['failed to create LLB definition: target stage nope could not be found', undefined, /built: target stage nope/, /--target/],
  [
    'failed to create LLB definition: dockerfile parse error line 2: unknown instruction: FOO',
    undefined,
    /built: dockerfile parse error line 2/,
    /Correct the Dockerfile/,
  ],
  [
    'failed to create LLB definition: pulling from host h failed with status code [manifests v1]: 401 Unauthorized',
    'load metadata for h/x:v1',
    /401/,
    /docker login/,
  ],
  [
    "pull access denied for x, repository does not exist or may require 'docker login': denied",
    'FROM x',
    /pull access denied/,
    /docker login/,
  ],
  ['h/x:nope: not found', 'load metadata for h/x:nope', /nope: not found$/, /tag of the base image/],
  ['manifest for h/x:1 not found: manifest unknown: gone', 'FROM h/x:1', /manifest unknown/, /tag of the base image/],
  [
    'failed to do request: Head "https://h/v2/": dial tcp: lookup h: no such host',
    'load metadata for h/x',
    /no such host$/,
    /cannot reach the registry/,
  ],
  ['aborted', 'RUN x', /the engine broke the connection off \(aborted\)$/, /docker version/],
  ['read ECONNRESET', undefined, /broke the connection off/, /docker version/],
  ['write /var/lib/docker/x: no space left on device', 'RUN x', /no space left/, /docker system prune/],
];

describe('a build that failed', () => {
  it.each(SAID)('because of %j at %j says so and what to do', (reason, step, message, hint) => {
    const error = buildFailed({ tag: 'shop:v1', platform: 'linux/arm64', reason, step, lastLines: ['a', 'b'], byHand: BY_HAND });
    expect(error.code).toBe('BUILD_FAILED');
    expect(error.message).toMatch(/^The image shop:v1 could not be built/);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.details).toEqual(['a', 'b']);
  });

  it('for want of an emulator names the one for its architecture', () => {
    const lastLines = ['[2/3] RUN npm ci', 'exec /bin/sh: exec format error'];
    const error = buildFailed({
      tag: 'shop:v1',
      platform: 'linux/arm64',
      reason: 'exit code: 1',
      step: 'RUN npm ci',
      lastLines,
      byHand: BY_HAND,
    });
    expect(error.hint).toMatch(/tonistiigi\/binfmt --install arm64$/);
  });

  it('is not explained by what a program of it has said about its own network', () => {
    const lastLines = ['npm error network read ECONNRESET', 'npm error 401 Unauthorized'];
    const error = buildFailed({
      tag: 'shop:v1',
      platform: 'linux/amd64',
      reason: 'exit code: 1',
      step: 'RUN npm ci',
      lastLines,
      byHand: BY_HAND,
    });
    expect(error.hint).toBe(`The last lines of the build are above. By itself: ${BY_HAND}`);
  });
});
