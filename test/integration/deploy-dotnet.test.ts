import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { buildDotnetBaseImage, whyNoBaseImage, whyNoDotnet, withDotnetProject, type DotnetProject } from '../support/dotnet.ts';
import { engineOrReason, uniqueName } from '../support/engine.ts';

const { engine } = await engineOrReason();
const noDotnet = await whyNoDotnet();
const noImage = noDotnet ?? (await whyNoBaseImage());
if (noDotnet !== undefined) console.log(`Deployments of .NET projects are not tested: ${noDotnet}`);
else if (noImage !== undefined) console.log(`Deployments of .NET images are not tested: ${noImage}`);

async function values(url: string): Promise<unknown> {
  const response = await fetch(new URL('api/values', url));
  return response.ok ? response.json() : { status: response.status, text: await response.text() };
}

function changeController(project: DotnetProject): void {
  const file = join(project.projectDirectory, 'Controllers', 'ValuesController.cs');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"value1"', '"changed"'));
}

describe.skipIf(noDotnet !== undefined)('the ASP.NET Core template as a zip', () => {
  let workspace: Workspace;
  let project: DotnetProject;
  beforeAll(async () => {
    workspace = openWorkspace();
    project = await withDotnetProject('serverless.AspNetCoreWebAPI', 'ZipApi');
    console.log(project.feed.note);
  }, 240_000);
  afterAll(async () => {
    workspace.close();
    await project.remove();
  });

  it('is published, deployed and answers, and again after a change', async () => {
    const deploy = () =>
      workspace.json(['deploy-serverless', '-sn', 'ZipApi', '--local'], { cwd: project.projectDirectory, env: project.env });
    const first = await deploy();
    expect(first.code, first.stderr).toBe(0);
    expect(await values(first.document.result.outputs.ApiURL as string)).toEqual(['value1', 'value2']);
    const again = await deploy();
    expect(again.document.result.action, again.stderr).toBe('unchanged');
    changeController(project);
    const changed = await deploy();
    expect(changed.document.result.action, changed.stderr).toBe('updated');
    expect(await values(changed.document.result.outputs.ApiURL as string)).toEqual(['changed', 'value2']);
    const deleted = await workspace.run(['delete-serverless', 'ZipApi', '--local']);
    expect(deleted.code, deleted.stderr).toBe(0);
  }, 240_000);
});

describe.skipIf(noImage !== undefined)('the ASP.NET Core template in a container image', () => {
  let workspace: Workspace;
  let project: DotnetProject;
  let removeBase: (() => Promise<void>) | undefined;
  const base = uniqueName('it-dotnet-base');
  beforeAll(async () => {
    workspace = openWorkspace();
    project = await withDotnetProject('serverless.image.AspNetCoreWebAPI', 'ImageApi');
    removeBase = await buildDotnetBaseImage(base, project.feed.bootstrapFolder);
  }, 240_000);
  afterAll(async () => {
    workspace.close();
    await project.remove();
    await engine?.removeTag('imageapi:latest').catch(() => undefined);
    await removeBase?.();
  });

  it('is published, built, pushed, deployed and answers, and again after a change', async () => {
    const args = ['deploy-serverless', '-sn', 'ImageApi', '--local', '--docker-build-options', `--build-arg BASE_IMAGE=${base}`];
    const deploy = () => workspace.json(args, { cwd: project.projectDirectory, env: project.env });
    const first = await deploy();
    expect(first.code, first.stderr).toBe(0);
    expect(first.document.result.artifacts).toEqual([expect.objectContaining({ kind: 'image', built: true, published: true })]);
    expect(await values(first.document.result.outputs.ApiURL as string)).toEqual(['value1', 'value2']);
    const again = await deploy();
    expect(again.document.result.action, again.stderr).toBe('unchanged');
    expect(again.document.result.artifacts).toEqual([expect.objectContaining({ built: false, published: false })]);
    changeController(project);
    const changed = await deploy();
    expect(changed.document.result.action, changed.stderr).toBe('updated');
    expect(await values(changed.document.result.outputs.ApiURL as string)).toEqual(['changed', 'value2']);
    const deleted = await workspace.run(['delete-serverless', 'ImageApi', '--local']);
    expect(deleted.code, deleted.stderr).toBe(0);
  }, 300_000);
});
