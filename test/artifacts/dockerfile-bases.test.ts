import { describe, expect, it } from 'vitest';

import { baseImagesOf } from '../../src/artifacts/dockerfile-bases.ts';

const ROWS: readonly (readonly [string, string, Record<string, string>, readonly string[] | undefined])[] = [
  ['one base', 'FROM public.ecr.aws/lambda/nodejs:24\nCOPY . .', {}, ['public.ecr.aws/lambda/nodejs:24']],
  ['nothing', 'FROM scratch\nCOPY . .', {}, []],
  ['a digest, which is part of the Dockerfile', `FROM node:24@sha256:${'a'.repeat(64)}`, {}, []],
  [
    'stages and platforms',
    'FROM --platform=$BUILDPLATFORM node:24 AS build\nFROM build AS next\nFROM alpine\nCOPY --from=build /a /a',
    {},
    ['alpine', 'node:24'],
  ],
  ['stages by number', 'FROM node:24\nFROM alpine\nCOPY --from=0 /a /a', {}, ['alpine', 'node:24']],
  [
    'images that files come from',
    'FROM scratch\nCOPY --chown=1:1 --from=busybox:1 /bin /bin\nRUN --mount=type=bind,from=golang:1.25,target=/x true',
    {},
    ['busybox:1', 'golang:1.25'],
  ],
  ['arguments with defaults', 'ARG TAG=24\nARG BASE="node:${TAG}"\nFROM node:${TAG}-slim', {}, ['node:24-slim']],
  ['arguments given', 'ARG TAG=24\nFROM node:$TAG', { TAG: '26' }, ['node:26']],
  ['a default in place', 'ARG TAG\nFROM node:${TAG:-22}', {}, ['node:22']],
  ['an argument without a value', 'ARG BASE\nFROM $BASE', {}, undefined],
  ['an argument declared too late', 'FROM scratch\nARG TAG=1\nFROM node:$TAG', {}, undefined],
  ['comments, blank lines and joined lines', '# FROM a\n\nfrom \\\n  # in between\n  node:24 \\\n  as x\n', {}, ['node:24']],
  ['another escape character', '# escape=`\nFROM `\n node:24', {}, ['node:24']],
];

describe('the base images of a Dockerfile', () => {
  it.each(ROWS)('with %s', (_, text, args, expected) => {
    expect(baseImagesOf(text, args)).toEqual(expected);
  });
});
