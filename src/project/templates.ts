import { closest, distance } from 'fastest-levenshtein';
import { UserError } from '../errors.ts';

export type ProjectLanguage = 'C#' | 'JavaScript';

/** A project that `lambda-tool new` can make. */
export interface ProjectTemplate {
  /** The name that `new` takes, and the folder below `templates/` in the package. */
  readonly name: string;
  /** Short names that mean the same. */
  readonly aliases: readonly string[];
  readonly description: string;
  readonly language: ProjectLanguage;
  /** `image` needs a container engine, `zip` does not. */
  readonly packageType: 'image' | 'zip';
  /** Where the `serverless.template` lies in the project, with the placeholders of `substitution.ts`. */
  readonly projectFolder: string;
}

const TEMPLATES: readonly ProjectTemplate[] = [
  {
    name: 'serverless.image.AspNetCoreWebAPI',
    aliases: ['aspnetcore-image'],
    description: 'ASP.NET Core Web API on .NET 10, in a container image',
    language: 'C#',
    packageType: 'image',
    projectFolder: 'src/__NAME__',
  },
  {
    name: 'serverless.AspNetCoreWebAPI',
    aliases: ['aspnetcore-zip'],
    description: 'ASP.NET Core Web API on .NET 10, in a zip',
    language: 'C#',
    packageType: 'zip',
    projectFolder: 'src/__NAME__',
  },
  {
    name: 'serverless.image.NodeHttpApi',
    aliases: ['node-image'],
    description: 'HTTP API in Node.js 24, in a container image',
    language: 'JavaScript',
    packageType: 'image',
    projectFolder: '.',
  },
  {
    name: 'serverless.NodeHttpApi',
    aliases: ['node-zip', 'node'],
    description: 'HTTP API in Node.js 24, in a zip; needs neither an install nor a container engine',
    language: 'JavaScript',
    packageType: 'zip',
    projectFolder: '.',
  },
];

/** Every project template, in the order in which `new --list` shows them. */
export function listProjectTemplates(): readonly ProjectTemplate[] {
  return TEMPLATES;
}

/**
 * The template of that name or alias, in any case. Throws UserError `PROJECT_TEMPLATE_NOT_FOUND`, with the nearest name
 * when one is near enough to be what was meant.
 */
export function findProjectTemplate(name: string): ProjectTemplate {
  const wanted = name.trim().toLowerCase();
  const found = TEMPLATES.find((template) => namesOf(template).some((known) => known.toLowerCase() === wanted));
  if (found) return found;

  const meant = nearestName(wanted);
  throw new UserError('PROJECT_TEMPLATE_NOT_FOUND', `There is no project template "${name}".`, {
    hint: meant ? `Did you mean ${meant}? lambda-tool new --list shows all of them.` : 'lambda-tool new --list shows all of them.',
    details: TEMPLATES.map((template) => namesOf(template).join(', ')),
  });
}

function namesOf(template: ProjectTemplate): readonly string[] {
  return [template.name, ...template.aliases];
}

/** The known name with the fewest edits to it, unless that is half of it or more: then nobody meant it. */
function nearestName(wanted: string): string | undefined {
  const names = TEMPLATES.flatMap(namesOf);
  const nearest = closest(
    wanted,
    names.map((name) => name.toLowerCase()),
  );
  if (distance(wanted, nearest) * 2 >= Math.max(wanted.length, nearest.length)) return undefined;
  return names.find((name) => name.toLowerCase() === nearest);
}
