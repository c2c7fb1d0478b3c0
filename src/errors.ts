/**
 * Every failure a user can act on has a stable code. The table below is the list; `docs/errors.md` has one
 * section for each, and a test compares the two both ways.
 */
export const ERROR_CODES = {
  // usage and settings (exit code 2 unless said otherwise)
  USAGE: 'The command line is wrong: an unknown command or switch, or a value that does not fit',
  MISSING_OPTION: 'A value that the command needs was not given and nobody is there to ask',
  CONFIG_FILE_NOT_FOUND: 'The file named with --config-file does not exist',
  CONFIG_FILE_INVALID: 'The defaults file is not valid JSON, or holds a value of the wrong type',
  CONFIG_FILE_NOT_SAVED: 'The settings could not be written to the defaults file',
  PARAMETERS_FILE_INVALID: 'The file given with --parameters-file cannot be read',

  // identity and endpoints
  PROFILE_NOT_FOUND: 'The named profile is in none of the AWS configuration files',
  CREDENTIALS: 'No usable AWS credentials were found, or AWS refused them',
  REGION_MISSING: 'No AWS region is configured',
  ACCESS_DENIED: 'AWS refused the call: the identity lacks a permission',
  AWS_ERROR: 'An AWS service answered with an error',
  ENDPOINT_UNREACHABLE: 'The AWS endpoint does not answer',
  ENDPOINT_NOT_IMPLEMENTED: 'The chosen endpoint does not implement an operation',
  FOREIGN_HOST: 'A request would have left the chosen endpoint',
  CA_BUNDLE: 'The certificate bundle cannot be read',

  // template
  TEMPLATE_NOT_FOUND: 'There is no template at the path given',
  TEMPLATE_SYNTAX: 'The template is not valid JSON or YAML',
  TEMPLATE_INVALID: 'The template parses, but something in it cannot be right',
  TEMPLATE_PATH_NOT_FOUND: 'The template refers to a file or directory that does not exist',
  SUBSTITUTION: 'A template substitution names nothing in the template, or its value does not fit',

  // artefacts
  ARTIFACT_MISSING: 'What an earlier deployment needs is not there any more',
  ARTIFACT_TOO_LARGE: 'An artefact is larger than AWS accepts',
  ARTIFACT_UNSAFE_LINK: 'A link leads out of the directory that is packaged',
  ARTIFACT_UNREADABLE: 'A file that is packaged cannot be read',
  ARTIFACT_EMPTY: 'There is nothing to package in a directory',
  PACKAGE_INVALID: 'The zip given with --package cannot be used',
  BUILD_FAILED: 'Building an image or a project failed',
  BUILD_TOOL_NOT_FOUND: 'A program that the build needs is not installed',
  DOCKERFILE_NOT_FOUND: 'The Dockerfile of an image function does not exist',
  ENGINE_NOT_FOUND: 'No container engine answers',
  ENGINE_FAILED: 'The container engine broke off, or could not do what it was asked',
  IMAGE_INVALID: 'The image is not one that Lambda can run',
  PUSH_FAILED: 'The image could not be pushed',
  REPOSITORY: 'The ECR repository cannot be used',

  // buckets
  BUCKET_NOT_FOUND: 'The bucket does not exist',
  BUCKET_FOREIGN: 'The bucket belongs to another account',
  BUCKET_REGION: 'The bucket is in another region',
  BUCKET_EXISTS: 'The name of the bucket is taken',
  BUCKET_NOT_EMPTY: 'The bucket still holds objects',
  UPLOAD_FAILED: 'A file could not be uploaded',

  // stacks
  STACK_NOT_FOUND: 'There is no stack of that name',
  STACK_STATE: 'The state of the stack does not allow this now',
  STACK_PROTECTED: 'The stack has termination protection',
  STACK_FAILED: 'The stack could not be created, updated or deleted',
  STACK_BUSY: 'Another deployment of the same stack is running',
  STACK_STILL_RUNNING: 'The operation takes longer than --max-wait allows; it goes on',
  CHANGE_SET_FAILED: 'CloudFormation could not make the change set',
  CHANGE_SET_NOT_FOUND: 'There is no change set of that name, or it cannot be executed any more',
  DEPLOYMENT_NOT_FOUND: 'No recorded deployment fits',
  EXPORT_IN_USE: 'Another stack imports an output that would go away',
  CONFIRMATION_NEEDED: 'Something irreversible was asked for without a terminal and without --yes',

  // projects
  PROJECT_TEMPLATE_NOT_FOUND: 'There is no project template of that name',
  FILE_EXISTS: 'A file would be written over',
  FILE_NOT_WRITABLE: 'A file or directory cannot be written',

  // local target
  LOCAL_PORT_TAKEN: 'The port of the local target is taken',
  LOCAL_START_FAILED: 'The local target could not be started',
  LOCAL_NOT_RUNNING: 'The local target does not run',

  DECLINED: 'The question was answered with no',
  INTERRUPTED: 'The run was interrupted',
  INTERNAL: 'A defect of lambda-tool itself',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What a person or a program needs beyond message and hint. */
export interface ErrorDetails {
  /** The next thing to type or to look at. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** What is known although the command failed; becomes `result` of the JSON document. */
  readonly result?: unknown;
  /** Further lines that belong to the failure: the last lines of a build log, the first cause of a stack failure. */
  readonly details?: readonly string[] | undefined;
}

/** A failure the user can act on: printed as code, message and hint, without a stack trace. */
export class UserError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: readonly string[];
  readonly result: unknown;

  constructor(code: ErrorCode, message: string, options: ErrorDetails = {}) {
    super(message, { cause: options.cause });
    this.name = 'UserError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? [];
    this.result = options.result;
  }
}

/** Whether something thrown means "stopped because the user asked for it". */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error instanceof UserError && error.code === 'INTERRUPTED'));
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
