import type { CamelCase, OptionSpec, OptionTypes } from './option-spec.ts';
import { DOTNET_OPTIONS } from './dotnet-options.ts';
import { IMAGE_OPTIONS } from './image-options.ts';
import { STACK_OPTIONS } from './stack-options.ts';

/**
 * Every switch of every command, once. Names, short forms and meanings are those of the reference tool where it has
 * them; the rest is ours. A command names the ones it takes.
 */
export const OPTIONS = {
  ...STACK_OPTIONS,
  ...IMAGE_OPTIONS,

  // ---- Template
  template: {
    type: 'string',
    short: 't',
    value: 'FILE',
    group: 'Template',
    describe: 'Path of the template, relative to the project (default: serverless.template, template.yaml, …)',
    question: 'Template',
  },
  'template-substitutions': {
    type: 'map',
    short: 'ts',
    value: 'PATH=V;…',
    group: 'Template',
    describe: 'JSONPath into the template → a file whose text is put there, or the value itself',
  },
  'output-template': {
    type: 'string',
    short: 'ot',
    value: 'FILE',
    group: 'Template',
    describe: 'Where the packaged template is written; - is stdout',
    question: 'Output template',
  },
  'output-format': {
    type: 'string',
    value: 'FORMAT',
    group: 'Template',
    choices: ['json', 'yaml'],
    describe: 'Format of the packaged template (default: as the template is)',
  },
  online: {
    type: 'boolean',
    group: 'Template',
    describe:
      'Let CloudFormation look at the template as well: ValidateTemplate and its pre-deployment validation; nothing is built or uploaded',
  },

  // ---- Artifacts
  's3-bucket': {
    type: 'string',
    short: 'sb',
    value: 'BUCKET',
    group: 'Artifacts',
    describe: 'Bucket for zips, files and large templates',
    question: 'S3 bucket for the artifacts',
  },
  's3-prefix': {
    type: 'string',
    short: 'sp',
    value: 'PREFIX',
    group: 'Artifacts',
    describe: 'Put before every key as it is; write the / yourself',
  },
  'resolve-s3': {
    type: 'boolean',
    short: 'rs',
    group: 'Artifacts',
    describe: 'Without --s3-bucket: use a bucket that lambda-tool makes for this account and region',
  },
  package: {
    type: 'string',
    short: 'pac',
    value: 'ZIP',
    group: 'Artifacts',
    persist: false,
    describe: "A ready zip for the code that lies in the template's own directory",
  },
  ...DOTNET_OPTIONS,
  'package-type': {
    type: 'string',
    short: 'pt',
    value: 'TYPE',
    group: 'Artifacts',
    choices: ['zip', 'image'],
    default: 'zip',
    describe: 'What is made',
  },
  'output-package': {
    type: 'string',
    short: 'o',
    value: 'ZIP',
    group: 'Artifacts',
    describe: 'Path of the zip (default: beside the project; for .NET below its bin)',
  },
  'function-layers': {
    type: 'list',
    short: 'fl',
    value: 'ARN,…',
    group: 'Artifacts',
    describe: 'Taken for the sake of old pipelines; a zip does not depend on layers',
  },

  'older-than': {
    type: 'string',
    value: 'AGE',
    group: 'Artifacts',
    inFile: false,
    persist: false,
    default: '7d',
    describe: 'Only what is at least that old: 30d, 12h, 45m, or 0',
  },
  'keep-deployments': {
    type: 'number',
    value: 'N',
    group: 'Artifacts',
    minimum: 1,
    describe: 'Forget the recorded deployments of a stack but for the newest N that succeeded, so that what only they need goes too',
  },

  // ---- Project
  'output-directory': {
    type: 'string',
    short: 'o',
    value: 'DIR',
    group: 'Project',
    aliases: ['output-dir'],
    inFile: false,
    describe: 'Directory to write to; made when missing',
  },
  name: { type: 'string', short: 'n', value: 'NAME', group: 'Project', inFile: false, describe: 'Name of the project' },
  list: { type: 'boolean', short: 'l', group: 'Project', inFile: false, describe: 'List what there is and do nothing else' },
  force: { type: 'boolean', group: 'Project', inFile: false, describe: 'Write over files that exist' },

  // ---- Comparison
  fail: { type: 'boolean', group: 'Output', inFile: false, persist: false, describe: 'End with 3 unless nothing differs' },
  build: {
    type: 'boolean',
    group: 'Artifacts',
    inFile: false,
    persist: false,
    describe: 'Build what can only be compared after a build (.NET code, host builds of images); nothing is uploaded',
  },

  // ---- Local target
  local: { type: 'boolean', group: 'Local target', persist: false, describe: 'Use the AWS target on this machine; no account needed' },
  port: {
    type: 'number',
    value: 'PORT',
    group: 'Local target',
    minimum: 0,
    maximum: 65_535,
    describe: 'Port of the local target (default 4577, or the next free one)',
  },
  follow: { type: 'boolean', group: 'Local target', inFile: false, describe: 'Go on printing as lines come' },
  function: { type: 'string', value: 'NAME', group: 'Local target', inFile: false, describe: 'Only the log of this function' },

  // ---- AWS
  region: { type: 'string', value: 'REGION', group: 'AWS', describe: 'AWS region', question: 'AWS region' },
  profile: { type: 'string', value: 'NAME', group: 'AWS', describe: 'Profile of the AWS configuration files' },
  'profile-location': {
    type: 'string',
    value: 'FILE',
    group: 'AWS',
    describe: 'Credentials file to use in place of ~/.aws/credentials',
  },
  'aws-access-key-id': { type: 'string', value: 'ID', group: 'AWS', persist: false, secret: true, describe: 'Access key id' },
  'aws-secret-key': {
    type: 'string',
    value: 'KEY',
    group: 'AWS',
    persist: false,
    secret: true,
    describe: 'Secret access key; anyone on this machine can read a command line, so prefer a profile',
  },
  'aws-session-token': { type: 'string', value: 'TOKEN', group: 'AWS', persist: false, secret: true, describe: 'Session token' },
  'endpoint-url': {
    type: 'string',
    value: 'URL',
    group: 'AWS',
    describe: 'Send every request to this endpoint and to no other host (AWS_ENDPOINT_URL works as well)',
  },
  'ca-bundle': {
    type: 'string',
    value: 'FILE',
    group: 'AWS',
    describe: 'PEM file of certificate authorities to trust (AWS_CA_BUNDLE works as well)',
  },

  // ---- Settings
  'project-location': {
    type: 'string',
    short: 'pl',
    value: 'DIR',
    group: 'Settings',
    persist: false,
    describe: 'Directory of the project (default: where you are)',
  },
  'config-file': {
    type: 'string',
    short: 'cfg',
    value: 'FILE',
    group: 'Settings',
    inFile: false,
    persist: false,
    describe: 'Defaults file (default: aws-lambda-tools-defaults.json)',
  },
  environment: {
    type: 'string',
    short: 'e',
    value: 'NAME',
    group: 'Settings',
    persist: false,
    describe: 'Section of the defaults file to apply on top ("environments": { "NAME": { … } })',
  },
  'persist-config-file': {
    type: 'boolean',
    short: 'pcfg',
    group: 'Settings',
    persist: false,
    describe: 'After success, save the settings of this run to the defaults file',
  },
  'disable-interactive': {
    type: 'boolean',
    group: 'Settings',
    inFile: false,
    persist: false,
    describe: 'Ask nothing; a missing value is an error',
  },
  'explain-settings': {
    type: 'boolean',
    group: 'Settings',
    inFile: false,
    persist: false,
    describe: 'Print every setting with its value and where it came from, and do nothing else',
  },
  yes: { type: 'boolean', short: 'y', group: 'Settings', inFile: false, persist: false, describe: 'Answer every question with yes' },

  // ---- Output
  output: {
    type: 'string',
    value: 'FORMAT',
    group: 'Output',
    choices: ['table', 'json', 'ndjson'],
    default: 'table',
    persist: false,
    describe: 'How the answer is written to stdout: table, json (one document) or ndjson (one event a line)',
  },
  color: { type: 'boolean', group: 'Output', persist: false, describe: 'Colours; --no-color or NO_COLOR turns them off' },
  quiet: { type: 'boolean', short: 'q', group: 'Output', persist: false, describe: 'Only the answer, warnings and errors' },
  timeline: {
    type: 'boolean',
    group: 'Output',
    persist: false,
    describe: 'Draw which resource took how long, all of them (default: the longest ones, on a terminal, of more than a few)',
  },
  report: {
    type: 'string',
    value: 'FILE',
    group: 'Output',
    persist: false,
    describe: 'Write what happened to an HTML file: outcome, first cause, artifacts, outputs, timeline; also after a failure',
  },
  'outputs-file': {
    type: 'string',
    value: 'FILE',
    group: 'Output',
    persist: false,
    describe: 'Write the outputs of the stack to a file: JSON by stack, or NAME=value when it is called .env',
  },
  verbose: { type: 'boolean', short: 'v', group: 'Output', persist: false, describe: 'Every call and every line of what is run' },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof OPTIONS;

/** What every command takes. */
export const COMMON_OPTIONS = [
  'output',
  'color',
  'quiet',
  'verbose',
  'project-location',
  'config-file',
  'environment',
  'persist-config-file',
  'disable-interactive',
  'explain-settings',
] as const satisfies readonly OptionName[];

/** What every command takes that speaks to AWS. */
export const AWS_OPTIONS = [
  'local',
  'region',
  'profile',
  'profile-location',
  'aws-access-key-id',
  'aws-secret-key',
  'aws-session-token',
  'endpoint-url',
  'ca-bundle',
] as const satisfies readonly OptionName[];

type HasDefault<N extends OptionName> = (typeof OPTIONS)[N] extends { default: unknown } ? true : false;
type Value<N extends OptionName> = OptionTypes[(typeof OPTIONS)[N]['type']];

/** The options of a command as its `run` gets them: camelCase keys, undefined where nothing gave a value. */
export type OptionValues<N extends OptionName> = {
  readonly [K in N as CamelCase<K>]: HasDefault<K> extends true ? Value<K> : Value<K> | undefined;
};

export type CommonOption = (typeof COMMON_OPTIONS)[number];
export type AwsOption = (typeof AWS_OPTIONS)[number];

/** The entry of the table, with its optional members visible. */
export function optionSpec(name: OptionName): OptionSpec {
  return OPTIONS[name];
}
