import type { OptionSpec } from './option-spec.ts';

/** The switches about builds with `dotnet publish`: a part of the table in options.ts. */
export const DOTNET_OPTIONS = {
  configuration: {
    type: 'string',
    short: 'c',
    value: 'NAME',
    group: 'Artifacts',
    describe: 'Build configuration for dotnet publish (default Release)',
  },
  framework: {
    type: 'string',
    short: 'f',
    value: 'TFM',
    group: 'Artifacts',
    describe: "Target framework for .NET code in the template's own directory (net10.0, …)",
  },
  'msbuild-parameters': {
    type: 'string',
    value: 'TEXT',
    group: 'Artifacts',
    describe: 'Further arguments for dotnet publish; /p:… arguments are added to it',
  },
  'use-container-for-build': {
    type: 'boolean',
    short: 'ucfb',
    group: 'Artifacts',
    describe: 'Publish .NET projects in a container; by default only native AOT does, where this machine cannot',
  },
  'container-image-for-build': {
    type: 'string',
    short: 'cifb',
    value: 'IMAGE',
    group: 'Artifacts',
    describe: 'Image to publish .NET projects in (default: that of AWS SAM for the framework)',
  },
  'code-mount-directory': {
    type: 'string',
    short: 'cmd',
    value: 'DIR',
    group: 'Artifacts',
    describe: 'What such a container gets of the code (default: the nearest directory with a solution, else the project)',
  },
  'disable-version-check': {
    type: 'boolean',
    short: 'dvc',
    group: 'Artifacts',
    persist: false,
    describe: 'Taken for the sake of old pipelines; there is nothing left to check',
  },
} as const satisfies Record<string, OptionSpec>;
