import type { OptionSpec } from './option-spec.ts';

/** The switches of container images and of the repositories they go to; a part of the table in `options.ts`. */
export const IMAGE_OPTIONS = {
  'docker-build-options': {
    type: 'string',
    short: 'dbo',
    value: 'TEXT',
    group: 'Artifacts',
    describe:
      'Further options of the image build: --build-arg, --target, --no-cache, --pull, --secret, --ssh, --build-context, --cache-from, --cache-to',
  },
  builder: {
    type: 'string',
    value: 'NAME',
    group: 'Artifacts',
    choices: ['engine', 'cli', 'docker', 'podman', 'finch', 'nerdctl'],
    describe:
      "Who builds images: the engine's API (engine), the engine's own command (cli), or a command by name (default: engine, or cli where a build needs it: --secret, --ssh, …)",
  },
  'ecr-scan-on-push': {
    type: 'boolean',
    group: 'Artifacts',
    describe: 'A repository that has to be made scans what is pushed',
  },
  'ecr-encryption': {
    type: 'string',
    value: 'KEY',
    group: 'Artifacts',
    describe: 'Encryption of a repository that has to be made: AES256 (default), KMS, or a KMS key',
  },
  'ecr-lifecycle-policy': {
    type: 'string',
    value: 'FILE',
    group: 'Artifacts',
    describe: 'Lifecycle policy (JSON) of a repository that has to be made, relative to the project',
  },
  'ecr-tags': {
    type: 'map',
    value: 'KEY=V;…',
    group: 'Artifacts',
    describe: 'Tags of a repository that has to be made',
  },
  'image-tag': {
    type: 'string',
    short: 'it',
    value: 'NAME[:TAG]',
    group: 'Artifacts',
    describe: 'Name of the image: repository and tag in ECR (default: after the directory)',
  },
  dockerfile: { type: 'string', short: 'df', value: 'FILE', group: 'Artifacts', describe: 'Dockerfile, relative to the project' },
  'docker-build-working-dir': {
    type: 'string',
    short: 'dbwd',
    value: 'DIR',
    group: 'Artifacts',
    describe: 'Build context, relative to the project (default: the project, or its solution when the Dockerfile copies that)',
  },
  'local-docker-image': {
    type: 'string',
    short: 'ldi',
    value: 'IMAGE',
    group: 'Artifacts',
    inFile: false,
    describe: 'Push this image of the engine, or this archive or OCI layout, and build nothing',
  },
  'publish-options': {
    type: 'string',
    short: 'po',
    value: 'TEXT',
    group: 'Artifacts',
    describe: 'Further arguments for the dotnet publish before the image build',
  },
  'function-architecture': {
    type: 'string',
    short: 'farch',
    value: 'NAME',
    group: 'Artifacts',
    choices: ['x86_64', 'arm64'],
    describe: 'Architecture the image is for (default x86_64)',
  },
  'force-build': {
    type: 'boolean',
    group: 'Artifacts',
    persist: false,
    inFile: false,
    describe: 'Build images although ECR has one of the same inputs',
  },
  pull: {
    type: 'boolean',
    group: 'Artifacts',
    describe: 'Ask the registries for the base images of today; what they are decides as well whether an image is built',
  },
  'docker-host-build-output-dir': {
    type: 'string',
    value: 'DIR',
    group: 'Artifacts',
    describe: 'Run dotnet publish into this directory of the project before the image is built',
  },
} as const satisfies Record<string, OptionSpec>;
