import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { planImage } from '../../src/artifacts/image.ts';
import type { ImageArtifact } from '../../src/artifacts/types.ts';

describe('the repository of an image', () => {
  let shop: string;
  beforeEach(() => {
    shop = join(mkdtempSync(join(tmpdir(), 'repository-test-')), 'Shop');
    mkdirSync(join(shop, 'src', 'Mail'), { recursive: true });
    writeFileSync(join(shop, 'src', 'Mail', 'Dockerfile'), 'FROM scratch\n');
  });
  afterEach(() => rmSync(join(shop, '..'), { recursive: true }));

  const never = () => Promise.reject(new Error('must not be needed'));
  const nameOf = async (more: Partial<ImageArtifact> = {}, there: readonly string[] = []) => {
    const context = join(shop, 'src', 'Mail');
    const artifact: ImageArtifact = {
      kind: 'image',
      context,
      dockerfile: join(context, 'Dockerfile'),
      buildArgs: {},
      architecture: 'x86_64',
      uses: [],
      ...more,
    };
    const asked: string[] = [];
    const plan = await planImage(artifact, {
      options: { bucket: undefined, prefix: '', region: 'eu-west-1', templateDirectory: shop },
      env: {},
      signal: new AbortController().signal,
      registry: never,
      repositories: never,
      engine: never,
      remember: (_, make) => make(),
      findRepository(name) {
        asked.push(name);
        return Promise.resolve(there.includes(name) ? { name, uri: `host/${name}`, isTagImmutable: () => false } : undefined);
      },
    });
    return { name: plan.name.repository, asked };
  };

  it('is one for the whole application, named after the directory of the template', async () => {
    expect(await nameOf()).toEqual({ name: 'shop', asked: ['mail'] });
  });

  it('is the one that `dotnet lambda` has made for the image, where that is there', async () => {
    expect((await nameOf({}, ['mail', 'shop'])).name).toBe('mail');
  });

  it('is the one that the template names, and then nothing is looked up', async () => {
    expect(await nameOf({ imageTag: 'post:v1' })).toEqual({ name: 'post', asked: [] });
  });
});
