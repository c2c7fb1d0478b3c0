import { describe, expect, it } from 'vitest';
import { buildSettings } from '../../src/artifacts/docker-options.ts';
import { imageNameOf } from '../../src/artifacts/image-name.ts';
import type { ImageArtifact } from '../../src/artifacts/types.ts';

describe('imageNameOf', () => {
  it.each([
    [undefined, '/home/me/My App', 'myapp', 'latest'],
    [undefined, '/x/Shop.Web_API-v2', 'shop.web_api-v2', 'latest'],
    [undefined, '/x/..hidden--thing..', 'hidden-thing', 'latest'],
    [undefined, '/x/日本', 'lambda', 'latest'],
    ['MyApp:V1', '/x', 'myapp', 'v1'],
    ['team/app', '/x', 'team/app', 'latest'],
    ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v2', '/x', '123456789012.dkr.ecr.eu-west-1.amazonaws.com/app', 'v2'],
    ['localhost:5000/app', '/x', 'app', 'latest'],
    ['my.team/app', '/x', 'my.team/app', 'latest'],
  ])('%s in %s → %s:%s', (wish, directory, repository, tag) => expect(imageNameOf(wish, directory)).toEqual({ repository, tag }));

  it.each(['-app', 'a b', 'app:tag:more', 'x', 'a'.repeat(257), 'a//b', 'app:'.padEnd(200, 't')])('refuses %s', (wish) => {
    expect(() => imageNameOf(wish, '/x')).toThrow(/cannot name an image/);
  });
});

describe('buildSettings', () => {
  const artifact = (buildArgs: Record<string, string | null>, target?: string): ImageArtifact => ({
    kind: 'image',
    context: '/x',
    dockerfile: '/x/Dockerfile',
    buildArgs,
    target,
    architecture: 'x86_64',
    uses: [],
  });

  const noExtras = { secrets: [], ssh: [], contexts: [], cacheFrom: [], cacheTo: [], further: [] };

  it('takes values from the template, and from the environment where it says null', () => {
    const settings = buildSettings(artifact({ B: 'two words', A: null, C: null }), '--build-arg Z=1', { A: 'one' });
    expect(settings).toEqual({ buildArgs: { A: 'one', B: 'two words' }, target: undefined, noCache: false, pull: false, extras: noExtras });
  });

  it('reads --docker-build-options for images without arguments of their own', () => {
    const settings = buildSettings(
      artifact({}, undefined),
      '--build-arg A="x y" --build-arg=B --target prod --no-cache --provenance=false',
      { B: 'b' },
    );
    expect(settings).toEqual({ buildArgs: { A: 'x y', B: 'b' }, target: 'prod', noCache: true, pull: false, extras: noExtras });
    expect(() => buildSettings(artifact({}), '--squash', {})).toThrow(/--docker-build-options/);
  });
});
