import { relative, resolve } from 'node:path';

import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { wrapLines } from '../output/wrap.ts';
import { createProject } from '../project/create.ts';
import { findProjectTemplate, listProjectTemplates } from '../project/templates.ts';
import { defineCommand } from './define.ts';

export const newProject = defineCommand({
  name: 'new',
  summary: 'Make a project from a template',
  group: 'Projects',
  aws: false,
  positionals: [{ name: 'TEMPLATE', describe: 'Name of the project template, or a short form of it' }],
  options: ['list', 'output-directory', 'name', 'force'],
  examples: [
    { command: 'lambda-tool new --list', describe: 'show the templates' },
    { command: 'lambda-tool new node --name Hello -o hello', describe: 'a Node.js HTTP API in a zip' },
    { command: 'lambda-tool new serverless.image.AspNetCoreWebAPI --name Shop -o Shop', describe: 'ASP.NET Core in a container image' },
  ],
  async run(options, context) {
    if (options.list === true) {
      context.reporter.result(listAnswer());
      return;
    }
    const template = findProjectTemplate(options.positionals[0] ?? (await askForTemplate(context)));
    const directory = resolve(context.cwd, options.outputDirectory ?? options.name ?? '.');
    const created = await createProject({
      template,
      outputDirectory: directory,
      name: options.name,
      force: options.force === true,
      templatesFolder: context.installation.templatesFolder,
    });
    const project = relative(context.cwd, created.projectDirectory) || '.';
    context.reporter.result({
      data: {
        template: template.name,
        name: created.name,
        stackName: created.stackName,
        directory: created.directory,
        projectDirectory: created.projectDirectory,
        files: created.files,
      },
      human: [
        `${template.name} is in ${relative(context.cwd, created.directory) || '.'} (${created.files.length} files).`,
        '',
        'Next:',
        ...(project === '.' ? [] : [`  cd ${project}`]),
        '  lambda-tool deploy-serverless --local     run it on this machine, no account needed',
        `  lambda-tool deploy-serverless -sn ${created.stackName} --resolve-s3 --region REGION --profile PROFILE`,
      ],
    });
  },
});

function listAnswer() {
  const templates = listProjectTemplates();
  const width = Math.max(...templates.map((template) => template.name.length));
  return {
    data: templates.map(({ name, aliases, description, language }) => ({ name, aliases, description, language })),
    human: templates.map(({ name, aliases, description }) => {
      const line = `${name.padEnd(width)}  ${description} (${aliases.join(', ')})`;
      return (_: unknown, columns?: number) => wrapLines(line, columns, width + 2);
    }),
  };
}

async function askForTemplate(context: Context): Promise<string> {
  const names = listProjectTemplates().map((template) => template.name);
  if (context.prompts.available) return context.prompts.select({ message: 'Project template', choices: names });
  throw new UserError('MISSING_OPTION', 'The name of a project template is missing', { hint: `One of ${names.join(', ')}` });
}
