import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImageRepositories, type ImageRepositories } from '../../src/clients/ecr.ts';
import { ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { motoMissing, startMoto, type Moto } from '../support/moto.ts';

const missing = motoMissing();
if (missing !== undefined) console.warn(`skipped: ECR against moto: ${missing}`);

describe.skipIf(missing !== undefined)('the image repositories, against moto', () => {
  let moto: Moto;
  let repositories: ImageRepositories;
  beforeAll(async () => {
    moto = await startMoto();
    repositories = await createImageRepositories(moto.config());
  });
  afterAll(() => moto.close());

  it('finds a repository once it has made it, and makes it twice without harm', async () => {
    expect(await repositories.findRepository('shop')).toBeUndefined();
    const made = await repositories.createRepository('shop');
    expect(made).toMatchObject({
      name: 'shop',
      uri: expect.stringMatching(/^\d{12}\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/shop$/),
    });
    expect(made.isTagImmutable('any')).toBe(false);
    expect(await repositories.createRepository('shop')).toMatchObject({ uri: made.uri });
    expect(await repositories.findRepository('shop')).toMatchObject({ uri: made.uri });
  });

  it('finds an image by tag and by digest', async () => {
    await repositories.createRepository('images');
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
    const imageManifest = JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'x', size: 1, digest: `sha256:${'0'.repeat(64)}` },
      layers: [],
    });
    await new ECRClient(moto.config()).send(
      new PutImageCommand({ repositoryName: 'images', imageManifest, imageManifestMediaType: mediaType, imageTag: 'v1' }),
    );
    const byTag = await repositories.findImage('images', 'v1');
    expect(byTag).toMatchObject({ digest: expect.stringMatching(/^sha256:/), status: 'ACTIVE' });
    expect(await repositories.findImage('images', byTag?.digest ?? '')).toMatchObject({ digest: byTag?.digest });
    expect(await repositories.findImage('images', 'v2')).toBeUndefined();
    expect(await repositories.findImage('none', 'v1')).toBeUndefined();
  });

  it('asks for a token once and never prints it', async () => {
    const [one, two] = await Promise.all([repositories.getAuthorization(), repositories.getAuthorization()]);
    expect(two).toBe(one);
    expect(await repositories.getAuthorization()).toBe(one);
    expect(one.username).toBe('AWS');
    expect(one.password()).not.toBe('');
    expect(inspect(one, { showHidden: true, depth: 9 }) + JSON.stringify(one)).not.toContain(one.password());
  });

  it('says that a name is not one that ECR takes', async () => {
    await expect(repositories.createRepository('Not--Good')).rejects.toMatchObject({ code: 'REPOSITORY' });
  });
});
