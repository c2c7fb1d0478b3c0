import { readFile } from 'node:fs/promises';

import type { Artifact } from '../artifacts/types.ts';
import type { UserError } from '../errors.ts';
import { placeOfProblem } from '../template/collect.ts';
import { findArtifacts } from '../template/find-artifacts.ts';
import type { Template } from '../template/types.ts';
import { platformOfDockerfile } from './docker-platform.ts';
import type { Finding, Severity } from './types.ts';

export interface FilesWish {
  /** Absolute. */
  readonly templateDirectory: string;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Absolute path of the zip given with `--package`. */
  readonly packageOverride?: string | undefined;
}

export interface FilesReport {
  readonly findings: readonly Finding[];
  /** The templates nested in this one, however deep. */
  readonly nested: readonly Template[];
}

/** Rules about what lies beside the template. */
export const FILE_RULES: readonly { readonly id: string; readonly severity: Severity; readonly what: string }[] = [
  { id: 'file-missing', severity: 'error', what: 'A property names a file or directory that does not exist' },
  { id: 'dockerfile-missing', severity: 'error', what: 'An image function has no Dockerfile' },
  { id: 'nested-template', severity: 'error', what: 'A nested template cannot be read' },
  { id: 'artifact-invalid', severity: 'error', what: 'A value that is needed before the deployment cannot be used' },
  { id: 'architecture-image', severity: 'warning', what: 'A Dockerfile fixes another architecture than the function has' },
];

const RULE_OF_CODE: Readonly<Record<string, string>> = {
  TEMPLATE_PATH_NOT_FOUND: 'file-missing',
  DOCKERFILE_NOT_FOUND: 'dockerfile-missing',
  TEMPLATE_SYNTAX: 'nested-template',
};

/** Looks at every file that the template refers to, nested templates included, and goes on after the first that is missing. */
export async function checkFiles(template: Template, wish: FilesWish): Promise<FilesReport> {
  const findings: Finding[] = [];
  const { artifacts } = await findArtifacts(template, { ...wish, onProblem: (problem) => findings.push(findingOf(problem, template)) });
  const nested = nestedIn(artifacts);
  const images = await Promise.all(artifactsIn(template, artifacts).map(([owner, artifact]) => checkImage(owner, artifact)));
  return { findings: [...findings, ...images.flat()], nested };
}

function findingOf(problem: UserError, template: Template): Finding {
  const rule = RULE_OF_CODE[problem.code] ?? 'artifact-invalid';
  const place = placeOfProblem(problem);
  if (place !== undefined) {
    const hint =
      problem.hint?.startsWith('Looked for ') === true ? ` (${problem.hint.replace(/^Looked/, 'looked').replace(/;.*$/, '')})` : '';
    return {
      rule,
      severity: 'error',
      message: `${place.said}${hint}`,
      path: place.template.path,
      ...place.template.positionOf(place.path),
    };
  }
  // The reader of a nested template says the place itself.
  const [, path = template.path, line = '1', column = '1', message = problem.message] =
    /^(.*?):(\d+):(\d+): ([\s\S]*)$/.exec(problem.message) ?? [];
  return { rule, severity: 'error', message, path, line: Number(line), column: Number(column) };
}

function nestedIn(artifacts: readonly Artifact[]): Template[] {
  return artifacts.flatMap((artifact) => (artifact.kind === 'template' ? [artifact.template, ...nestedIn(artifact.artifacts)] : []));
}

function artifactsIn(owner: Template, artifacts: readonly Artifact[]): (readonly [Template, Artifact])[] {
  return artifacts.flatMap((artifact) =>
    artifact.kind === 'template' ? artifactsIn(artifact.template, artifact.artifacts) : [[owner, artifact] as const],
  );
}

async function checkImage(template: Template, artifact: Artifact): Promise<Finding[]> {
  if (artifact.kind !== 'image') return [];
  const platform = platformOfDockerfile(await readFile(artifact.dockerfile, 'utf8'), artifact.buildArgs, artifact.target);
  if (platform === undefined || platform.architecture === artifact.architecture) return [];
  return artifact.uses.map(({ logicalId, path }) => ({
    rule: 'architecture-image',
    severity: 'warning',
    message: `${logicalId} runs on ${artifact.architecture}, and its Dockerfile says ${platform.said}`,
    path: template.path,
    ...template.positionOf(path),
  }));
}
