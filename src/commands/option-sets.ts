import type { OptionName } from './options.ts';

type OptionSet = readonly OptionName[];

/** Where artifacts and records lie. */
export const BUCKET_OPTIONS = ['s3-bucket', 's3-prefix', 'resolve-s3'] as const satisfies OptionSet;

/** A creation or an update: who does it, how it is waited for, and the ways out of what a stack may be in. */
export const OPERATION_OPTIONS = [
  'cloudformation-role',
  'disable-capabilities',
  'stack-wait',
  'detach',
  'max-wait',
  'on-interrupt',
  'stack-polling-delay',
  'wait-for-stack',
  'recreate',
  'continue-rollback',
  'skip-resources',
  'resume',
  'express',
  'disable-rollback',
] as const satisfies OptionSet;

/** What a stack is told beside its template, and a look before that. */
export const STACK_SETTINGS_OPTIONS = [
  'notification-arns',
  'rollback-alarms',
  'monitoring-time',
  'import-existing-resources',
  'termination-protection',
  'validation',
  'preview',
  'fail-on-changes',
] as const satisfies OptionSet;

/** How .NET projects are published. */
export const DOTNET_BUILD_OPTIONS = [
  'configuration',
  'framework',
  'msbuild-parameters',
  'use-container-for-build',
  'container-image-for-build',
  'code-mount-directory',
] as const satisfies OptionSet;

/** How the images of a template are built. */
export const IMAGE_BUILD_OPTIONS = [
  'docker-build-options',
  'docker-host-build-output-dir',
  'force-build',
  'pull',
  'builder',
] as const satisfies OptionSet;

/** How ECR repositories are made. */
export const REPOSITORY_OPTIONS = ['ecr-scan-on-push', 'ecr-encryption', 'ecr-lifecycle-policy', 'ecr-tags'] as const satisfies OptionSet;

/** What is told of a run besides its answer. */
export const REPORT_OPTIONS = ['timeline', 'report', 'outputs-file'] as const satisfies OptionSet;
