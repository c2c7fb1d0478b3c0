import type { Architecture } from '../artifacts/types.ts';

/** What a Dockerfile says about the platform of its image, in one of its lines. */
export interface DockerPlatform {
  readonly architecture: Architecture;
  /** `FROM --platform=linux/amd64`, `FROM public.ecr.aws/lambda/nodejs:24-arm64`. */
  readonly said: string;
}

interface Stage {
  readonly name: string | undefined;
  readonly platform: string | undefined;
  readonly image: string;
}

/**
 * The architecture that a Dockerfile fixes for the stage that becomes the image, or undefined where it leaves it open or cannot be
 * understood. `target` is the stage wished for; `args` beat the defaults of `ARG` before the first `FROM`.
 */
export function platformOfDockerfile(
  text: string,
  args: Readonly<Record<string, string | null>> = {},
  target?: string,
): DockerPlatform | undefined {
  const { stages, defaults } = readStages(text);
  const known = new Map([
    ...defaults,
    ...Object.entries(args).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])),
  ]);
  const named = (name: string): Stage | undefined => stages.find((stage) => stage.name?.toLowerCase() === name.toLowerCase());
  let stage = target === undefined ? stages.at(-1) : (named(target) ?? stages[Number(target)]);
  for (let hops = 0; stage !== undefined && hops <= stages.length; hops += 1) {
    const platform = substitute(stage.platform ?? '', known);
    const image = substitute(stage.image, known);
    const architecture = architectureIn(platform) ?? architectureOfTag(image);
    if (architecture !== undefined) return { architecture, said: `FROM ${platform === '' ? '' : `--platform=${platform} `}${image}` };
    if (platform !== '') return undefined;
    stage = named(image);
  }
  return undefined;
}

function readStages(text: string): { stages: Stage[]; defaults: Map<string, string> } {
  const stages: Stage[] = [];
  const defaults = new Map<string, string>();
  for (const line of text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const argument = /^\s*ARG\s+(\w+)=(\S+)/i.exec(line);
    if (argument !== null && stages.length === 0) defaults.set(argument[1] ?? '', (argument[2] ?? '').replaceAll(/^["']|["']$/g, ''));
    const from = /^\s*FROM\s+(?:--platform=(\S+)\s+)?(\S+)(?:\s+AS\s+(\S+))?/i.exec(line);
    if (from !== null) stages.push({ platform: from[1], image: from[2] ?? '', name: from[3] });
  }
  return { stages, defaults };
}

/** `$NAME`, `${NAME}` and `${NAME:-default}`; what is not known stays. */
function substitute(text: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(
    /\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)/g,
    (whole, braced: string | undefined, fallback: string | undefined, bare: string | undefined) => {
      return known.get(braced ?? bare ?? '') ?? fallback ?? whole;
    },
  );
}

function architectureIn(platform: string): Architecture | undefined {
  const name = /^linux\/(amd64|x86_64|x86-64|arm64|aarch64)(?:\/.*)?$/i.exec(platform)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  return name === 'arm64' || name === 'aarch64' ? 'arm64' : 'x86_64';
}

/** AWS's own base images have tags for each architecture (`nodejs:24-arm64`). */
function architectureOfTag(image: string): Architecture | undefined {
  const tag = /:[\w.-]*?[.-](arm64|aarch64|arm64v8|x86_64|amd64)$/.exec(image)?.[1];
  if (tag === undefined) return undefined;
  return tag === 'x86_64' || tag === 'amd64' ? 'x86_64' : 'arm64';
}
