import type { Artifact, Location, PublishedArtifact } from '../artifacts/types.ts';
import type { Template } from '../template/types.ts';

/** In every address that is made up, so that an answer of AWS about one can be told from others. */
export const STAND_IN = 'lambda-tool-stand-in';

export interface StandInPlace {
  readonly bucket: string | undefined;
  readonly account: string;
  readonly region: string;
}

/**
 * The template as a deployment would send it, with made-up addresses where something would be built and uploaded first: what CloudFormation
 * says of the rest does not depend on them.
 */
export async function withStandIns(template: Template, artifacts: readonly Artifact[], place: StandInPlace): Promise<string> {
  const [{ rewriteTemplate }, { toStrictJson }] = await Promise.all([
    import('../template/rewrite.ts'),
    import('../template/strict-json.ts'),
  ]);
  const published = artifacts.map((artifact): PublishedArtifact => {
    return { artifact, location: standInFor(artifact, place), digest: '', built: false, published: false };
  });
  const text = rewriteTemplate(template, published, { expandAliases: true });
  return template.format === 'yaml' ? text : toStrictJson(text);
}

function standInFor({ kind }: Artifact, { bucket, account, region }: StandInPlace): Location {
  if (kind === 'image' || kind === 'local-image') {
    const repositoryUri = `${account}.dkr.ecr.${region}.amazonaws.com/${STAND_IN}`;
    return { type: 'image', repositoryUri, tag: 'none', digest: `sha256:${'0'.repeat(64)}` };
  }
  const extension = kind === 'zip' ? 'zip' : kind === 'template' ? 'template' : 'file';
  return { type: 's3', bucket: bucket ?? `${STAND_IN}-${account}`, key: `${STAND_IN}.${extension}`, versionId: STAND_IN, region };
}
