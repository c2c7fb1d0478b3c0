import type { ProjectNames } from './names.ts';

/**
 * Placeholders in the paths and texts of a project template. Each is a valid identifier and file name, so that a
 * template folder can be opened, built and linted as it is.
 */
const PLACEHOLDERS: Readonly<Record<string, keyof ProjectNames>> = {
  __NAME__: 'name',
  __NAMESPACE__: 'namespace',
  __PACKAGE__: 'packageName',
  __IMAGE__: 'imageName',
  __STACK__: 'stackName',
};

/**
 * Files that npm leaves out of a package, or reads itself, when they have their real name
 * (https://docs.npmjs.com/cli/v11/configuring-npm/package-json#files). They are stored with an underscore.
 */
const STORED_NAMES: ReadonlyMap<string, string> = new Map([
  ['_gitignore', '.gitignore'],
  ['_dockerignore', '.dockerignore'],
  ['_lambdaignore', '.lambdaignore'],
]);

/** Puts the names of a project in the place of the placeholders. */
export function substituteNames(text: string, names: ProjectNames): string {
  return text.replaceAll(/__[A-Z]+__/g, (placeholder) => {
    const key = PLACEHOLDERS[placeholder];
    return key === undefined ? placeholder : names[key];
  });
}

/** Where a file of the template belongs in the project; both paths have forward slashes. */
export function projectPath(templatePath: string, names: ProjectNames): string {
  return templatePath
    .split('/')
    .map((part) => STORED_NAMES.get(part) ?? substituteNames(part, names))
    .join('/');
}
