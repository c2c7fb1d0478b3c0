import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProjectTemplate, listProjectTemplates } from '../../src/project/templates.ts';

test('the list and the folders of the package are the same', async () => {
  const folders = await readdir(join(import.meta.dirname, '../../templates'));
  expect(
    listProjectTemplates()
      .map((template) => template.name)
      .toSorted(),
  ).toEqual(folders.toSorted());
});

test('no name or alias means two templates', () => {
  const names = listProjectTemplates().flatMap((template) => [template.name, ...template.aliases].map((name) => name.toLowerCase()));
  expect(new Set(names).size).toBe(names.length);
});

for (const [asked, found] of [
  ['serverless.image.AspNetCoreWebAPI', 'serverless.image.AspNetCoreWebAPI'],
  ['SERVERLESS.IMAGE.ASPNETCOREWEBAPI', 'serverless.image.AspNetCoreWebAPI'],
  ['aspnetcore-image', 'serverless.image.AspNetCoreWebAPI'],
  ['AspNetCore-Zip', 'serverless.AspNetCoreWebAPI'],
  ['node', 'serverless.NodeHttpApi'],
  ['node-zip', 'serverless.NodeHttpApi'],
  [' Node-Image ', 'serverless.image.NodeHttpApi'],
] as const) {
  test(`${JSON.stringify(asked)} means ${found}`, () => {
    expect(findProjectTemplate(asked).name).toBe(found);
  });
}

for (const [asked, meant] of [
  ['serverless.image.AspNetCoreWebApp', 'serverless.image.AspNetCoreWebAPI'],
  ['aspnet-image', 'aspnetcore-image'],
  ['nod', 'node'],
] as const) {
  test(`${asked} is not known, and ${meant} is suggested`, () => {
    expect(() => findProjectTemplate(asked)).toThrow(
      expect.objectContaining({ code: 'PROJECT_TEMPLATE_NOT_FOUND', hint: expect.stringContaining(`Did you mean ${meant}?`) }),
    );
  });
}

test('nothing is suggested when nothing is near', () => {
  expect(() => findProjectTemplate('python')).toThrow(expect.objectContaining({ hint: 'lambda-tool new --list shows all of them.' }));
});
