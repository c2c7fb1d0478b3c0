import type { Artifact } from '../artifacts/types.ts';
import { resourcesOf } from './read.ts';
import type { Template } from './types.ts';

export interface TemplateCounts {
  readonly resources: number;
  readonly functions: number;
  /** Distinct things to publish; those of nested templates and the nested templates themselves are counted too. */
  readonly artifacts: number;
}

const FUNCTION_TYPES = new Set([
  'AWS::Serverless::Function',
  'AWS::Lambda::Function',
  'AWS::Serverless::WebFunction',
  'AWS::Lambda::WebFunction',
]);

/** Numbers for the line that says what is about to happen. A loop counts as one resource. */
export function countTemplate(template: Template, artifacts: readonly Artifact[]): TemplateCounts {
  const resources = resourcesOf(template);
  const functions = resources.filter((resource) => FUNCTION_TYPES.has(resource.type)).length;
  return { resources: resources.length, functions, artifacts: countArtifacts(artifacts) };
}

function countArtifacts(artifacts: readonly Artifact[]): number {
  return artifacts.reduce((sum, artifact) => sum + 1 + (artifact.kind === 'template' ? countArtifacts(artifact.artifacts) : 0), 0);
}

/** `3 functions · 2 artifacts` */
export function describeCounts({ functions, artifacts }: TemplateCounts): string {
  return [plural(functions, 'function'), plural(artifacts, 'artifact')].join(' · ');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
