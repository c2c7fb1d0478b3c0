import { describe, expect, it } from 'vitest';
import { checkWithLayers, type SizedArtifact } from '../../src/artifacts/layer-size.ts';
import type { ArtifactUse } from '../../src/artifacts/types.ts';

const zip = (
  bytes: number | undefined,
  ...uses: [logicalId: string, resourceType: string, layers?: readonly string[]][]
): SizedArtifact => ({
  artifact: {
    kind: 'zip',
    path: '/app',
    source: 'directory',
    architecture: 'x86_64',
    uses: uses.map(([logicalId, resourceType, layers]): ArtifactUse => ({
      logicalId,
      resourceType,
      path: [],
      form: { type: 's3-uri' },
      layers,
    })),
  },
  bytes,
});
const FUNCTION = 'AWS::Serverless::Function';
const LAYER = 'AWS::Serverless::LayerVersion';

describe('the size of a function with its layers', () => {
  it('is refused by name when together they are too large, and all sizes are told', () => {
    const artifacts = [
      zip(40, ['Deps', LAYER]),
      zip(35, ['Fonts', 'AWS::Lambda::LayerVersion']),
      zip(30, ['Small', FUNCTION, ['Deps']], ['Api', FUNCTION, ['Deps', 'Fonts', 'Elsewhere']]),
    ];
    expect(() => checkWithLayers(artifacts, 105)).not.toThrow();
    expect(() => checkWithLayers(artifacts, 104)).toThrow(
      expect.objectContaining({
        code: 'ARTIFACT_TOO_LARGE',
        message: 'Api is 105 B unzipped with its layers; Lambda takes 104 B at most.',
        details: ['30 B  Api (its code)', '40 B  Deps', '35 B  Fonts'],
      }),
    );
  });

  it('counts what is known: not what has to be built, and of a choice the smaller one', () => {
    const layers = [zip(80, ['Deps', LAYER]), zip(20, ['Deps', LAYER])];
    expect(() => checkWithLayers([...layers, zip(50, ['Api', FUNCTION, ['Deps']])], 70)).not.toThrow();
    expect(() => checkWithLayers([zip(undefined, ['Deps', LAYER]), zip(50, ['Api', FUNCTION, ['Deps']])], 50)).not.toThrow();
    expect(() => checkWithLayers([zip(80, ['Deps', LAYER]), zip(undefined, ['Api', FUNCTION, ['Deps']])], 70)).toThrow('Api is 80 B');
  });
});
