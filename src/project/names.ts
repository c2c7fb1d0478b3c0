import { UserError } from '../errors.ts';

/** One project name in every spelling that the files of a project need. */
export interface ProjectNames {
  /** As given: folders, files, the .NET assembly, titles. */
  readonly name: string;
  /** A C# namespace: `My-App.Api` → `My_App.Api`. */
  readonly namespace: string;
  /** A package name for npm: lower case. */
  readonly packageName: string;
  /** A name for an ECR repository: lower case, separators never side by side, two characters or more. */
  readonly imageName: string;
  /** A name for a CloudFormation stack: a letter, then letters, digits and hyphens. */
  readonly stackName: string;
}

/** ASCII only, because the names of an assembly, a repository, a stack and a handler (128 characters at most) come from it. */
const VALID_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/;
const LONGEST_NAME = 64;

/** Windows opens a device under these names, whatever their extension; npm refuses the last two. */
const RESERVED_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|^(?:node_modules|favicon\.ico)$/i;

// The reserved words of C#, which a namespace must not have among its parts.
// https://learn.microsoft.com/dotnet/csharp/language-reference/keywords/
const CSHARP_KEYWORDS = new Set(
  (
    'abstract as base bool break byte case catch char checked class const continue decimal default delegate do double else enum ' +
    'event explicit extern false finally fixed float for foreach goto if implicit in int interface internal is lock long ' +
    'namespace new null object operator out override params private protected public readonly ref return sbyte sealed short ' +
    'sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe ushort using virtual ' +
    'void volatile while'
  ).split(' '),
);

/** All spellings of a name. Throws UserError `USAGE` when the name cannot be used for files and packages. */
export function projectNames(name: string): ProjectNames {
  checkProjectName(name);
  return {
    name,
    namespace: toNamespace(name),
    packageName: name.toLowerCase(),
    imageName: toImageName(name),
    stackName: toStackName(name),
  };
}

/** What a directory's name says about the project in it: characters that a name cannot have become hyphens. */
export function nameFromDirectory(baseName: string): string {
  return baseName.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}

function checkProjectName(name: string): void {
  const problem = problemWith(name);
  if (problem === undefined) return;
  throw new UserError('USAGE', `"${name}" cannot be the name of a project: ${problem}.`, {
    hint: 'Give one with --name: letters, digits, ".", "_" and "-", for example --name Shop.Api',
  });
}

function problemWith(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > LONGEST_NAME) return `it has ${name.length} characters, and ${LONGEST_NAME} are the most`;
  if (name.includes('..')) return 'two dots stand side by side';
  if (!VALID_NAME.test(name)) return 'it has to begin with a letter or a digit and may hold letters, digits, ".", "_" and "-"';
  if (RESERVED_NAME.test(name)) return 'that name is reserved';
  return undefined;
}

function toNamespace(name: string): string {
  return name
    .split('.')
    .map((part) => part.replaceAll('-', '_'))
    .map((part) => (/^\d/.test(part) || CSHARP_KEYWORDS.has(part) ? `_${part}` : part))
    .join('.');
}

// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
function toImageName(name: string): string {
  const image = name
    .toLowerCase()
    .replaceAll(/[._-]{2,}/g, '-')
    .replaceAll(/^[._-]+|[._-]+$/g, '');
  return image.length < 2 ? `${image}-app` : image;
}

function toStackName(name: string): string {
  const stack = name.replaceAll(/[._-]+/g, '-').replace(/-$/, '');
  return /^[A-Za-z]/.test(stack) ? stack : `app-${stack}`;
}
