import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameFromDirectory, projectNames } from '../../src/project/names.ts';

const table: [name: string, namespace: string, packageName: string, imageName: string, stackName: string][] = [
  ['Demo', 'Demo', 'demo', 'demo', 'Demo'],
  ['My-App', 'My_App', 'my-app', 'my-app', 'My-App'],
  ['My-App.Api', 'My_App.Api', 'my-app.api', 'my-app.api', 'My-App-Api'],
  ['2024-orders', '_2024_orders', '2024-orders', '2024-orders', 'app-2024-orders'],
  ['class.new', '_class._new', 'class.new', 'class.new', 'class-new'],
  ['a--b__c', 'a__b__c', 'a--b__c', 'a-b-c', 'a-b-c'],
  ['X', 'X', 'x', 'x-app', 'X'],
  ['x_', 'x_', 'x_', 'x-app', 'x'],
];

for (const [name, namespace, packageName, imageName, stackName] of table) {
  test(`${name} is spelled for C#, npm, ECR and CloudFormation`, () => {
    expect(projectNames(name)).toEqual({ name, namespace, packageName, imageName, stackName });
  });
}

test('whatever name is accepted, every spelling is one that its service accepts', () => {
  const names = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/).map((text) => {
    try {
      return projectNames(text);
    } catch {
      return undefined;
    }
  });
  fc.assert(
    fc.property(
      names.filter((found) => found !== undefined),
      (found) => {
        expect(found.namespace).toMatch(/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/);
        expect(found.packageName).toMatch(/^[a-z0-9][a-z0-9._-]*$/);
        expect(found.imageName).toMatch(/^(?=.{2,256}$)[a-z0-9]+(?:[._-][a-z0-9]+)*$/);
        expect(found.stackName).toMatch(/^[A-Za-z][A-Za-z0-9-]{0,127}$/);
      },
    ),
  );
});

test('a directory with a foreign name still gives one that can be used', () => {
  expect(nameFromDirectory('Mein Projekt (neu)')).toBe('Mein-Projekt-neu');
  expect(nameFromDirectory('.hidden.')).toBe('hidden');
  expect(nameFromDirectory('日本')).toBe('');
});
