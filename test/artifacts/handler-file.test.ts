import { describe, expect, it } from 'vitest';
import { missingHandlers } from '../../src/artifacts/handler-file.ts';

const check = (runtime: string, name: string | undefined, ...paths: string[]): string[] =>
  missingHandlers(
    [{ logicalId: 'Fn', resourceType: 'AWS::Serverless::Function', path: ['x'], form: { type: 's3-uri' }, handler: { runtime, name } }],
    paths.map((path) => ({ path, executable: path !== 'bootstrap' })),
  );

describe('missingHandlers', () => {
  it.each([
    ['nodejs24.x', 'app.handler', 'app.mjs'],
    ['nodejs24.x', './src/app.api.handler', 'src/app.js'],
    ['nodejs24.x', '/opt/nodejs/wrapper.handler', 'app.js'],
    ['python3.14', 'pkg.app.handler', 'pkg/app.py'],
    ['python3.14', 'pkg/app.handler', 'pkg/app/__init__.py'],
    ['python3.14', 'fast.handler', 'fast.cpython-314-x86_64-linux-gnu.so'],
    ['ruby3.4', 'lib/app.Api::Main.call', 'lib/app.rb'],
    ['dotnet10', 'Shop::Shop.Entry::Run', 'Shop.dll'],
    ['dotnet10', 'bootstrap', 'bootstrap'],
    ['java25', 'shop.Main::run', 'anything.class'],
    ['rust9', 'app', 'x'],
  ])('is content with %s %s in %s', (runtime, name, path) => {
    expect(check(runtime, name, path)).toEqual([]);
  });

  it.each([
    [
      'nodejs24.x',
      'app.handler',
      'index.js',
      'Fn: the package does not hold its handler app.handler: there is no app.js, app.mjs, app.cjs, app',
    ],
    ['nodejs24.x', 'app.handler', 'app.ts', 'app.ts has to be built first'],
    ['python3.14', 'app.handler', 'app/x.py', 'there is no app.py, app/__init__.py'],
    ['ruby3.4', 'app.run', 'application.rb', 'there is no app.rb'],
    ['dotnet10', 'Shop::Shop.Entry::Run', 'Other.dll', 'there is no Shop.dll'],
    ['provided.al2023', undefined, 'main', 'the package has no file "bootstrap"'],
    ['provided.al2023', undefined, 'bootstrap', 'is not executable (chmod +x)'],
  ])('warns of %s %s in %s', (runtime, name, path, words) => {
    expect(check(runtime, name, path)).toEqual([expect.stringContaining(words)]);
  });
});
