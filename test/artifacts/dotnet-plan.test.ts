import { describe, expect, it } from 'vitest';
import { planDotnet, type DotnetGoal, type DotnetHost } from '../../src/artifacts/dotnet-plan.ts';
import type { DotnetProject } from '../../src/artifacts/dotnet-project.ts';
import { UserError } from '../../src/errors.ts';

const project = (more: Partial<DotnetProject> = {}): DotnetProject => ({
  file: '/app/App.csproj',
  isSingleFile: false,
  frameworks: ['net10.0'],
  isAot: false,
  selfContained: undefined,
  isProgram: true,
  rollsForward: false,
  ...more,
});
const host = (more: Partial<DotnetHost> = {}): DotnetHost => ({
  platform: 'linux',
  arch: 'x64',
  hasDotnet: true,
  hasLinker: true,
  ...more,
});
const plan = (wanted: Partial<DotnetProject>, goal: Partial<DotnetGoal> = {}, here: Partial<DotnetHost> = {}) =>
  planDotnet(project(wanted), { architecture: 'x86_64', ...goal }, host(here));

function failure(...wanted: Parameters<typeof plan>): UserError {
  try {
    plan(...wanted);
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error('expected a UserError');
}

describe('the framework of a .NET project', () => {
  it.each([
    ['one framework', ['net10.0'], { runtime: 'dotnet10' }, 'net10.0'],
    ['several, of which the runtime has one', ['net8.0', 'net10.0', 'net12.0'], { runtime: 'dotnet10' }, 'net10.0'],
    ['several older ones', ['net6.0', 'net8.0'], { runtime: 'dotnet9' }, 'net8.0'],
    ['a runtime of the future', ['net12.0', 'net14.0'], { runtime: 'dotnet14' }, 'net14.0'],
    ['--framework', ['net8.0', 'net10.0'], { runtime: 'dotnet10', framework: 'net8.0' }, 'net8.0'],
    ['nothing known of the project', [], { runtime: 'dotnetcore3.1' }, 'netcoreapp3.1'],
    ['a custom runtime', ['net10.0'], { runtime: 'provided.al2023' }, 'net10.0'],
    ['nothing known at all', [], {}, undefined],
  ])('is chosen: %s', (_, frameworks, goal, expected) => {
    expect(plan({ frameworks }, goal).framework).toBe(expected);
  });

  it('is refused when the runtime cannot run it, with what to change', () => {
    const error = failure({}, { runtime: 'dotnet8' });
    expect([error.code, error.message, error.hint]).toEqual([
      'TEMPLATE_INVALID',
      'The runtime dotnet8 cannot run App.csproj, which targets net10.0.',
      'Set TargetFramework to net8.0, or Runtime in the template to dotnet10.',
    ]);
  });

  it.each([
    ['one that --framework names', ['net8.0', 'net10.0'], { runtime: 'dotnet8', framework: 'net10.0' }, 'dotnet10'],
    ['a release that Lambda does not manage', ['net9.0'], { runtime: 'dotnet8' }, undefined],
    ['one of the future', ['net14.0'], { runtime: 'dotnet10' }, 'dotnet14'],
  ])('is refused with a runtime that there is: %s', (_, frameworks, goal, expected) => {
    const error = failure({ frameworks }, goal);
    expect(error.code).toBe('TEMPLATE_INVALID');
    expect(/Runtime in the template to (\w+)/.exec(error.hint ?? '')?.[1]).toBe(expected);
  });

  it('does not matter where the package brings its runtime along', () => {
    expect(plan({ selfContained: true }, { runtime: 'dotnet8' }).warnings).toEqual([]);
    expect(plan({ isAot: true }, { runtime: 'dotnet8' }).warnings).toEqual([]);
  });

  it('gets a warning when it is older than the runtime, unless the project rolls forward', () => {
    expect(plan({ frameworks: ['net8.0'] }, { runtime: 'dotnet10' }).warnings).toEqual([expect.stringContaining('it will not start')]);
    expect(plan({ frameworks: ['net8.0'], rollsForward: true }, { runtime: 'dotnet10' }).warnings).toEqual([]);
  });

  it('has to be said when there are several and no runtime', () => {
    const error = failure({ frameworks: ['net8.0', 'net10.0'] }, { runtime: 'provided.al2023' });
    expect([error.code, error.hint]).toEqual(['USAGE', 'Say which with --framework, such as --framework net10.0.']);
    expect(failure({ frameworks: ['net10.0', 'netstandard2.0'] }, {}).hint).toContain('such as --framework net10.0.');
    expect(failure({}, { framework: 'net9.0' }).message).toBe('App.csproj targets net10.0, and not net9.0.');
  });
});

describe('the runtime in the package', () => {
  it.each([
    ['left out for a managed runtime', {}, 'dotnet10', false],
    ['brought along for a custom one', {}, 'provided.al2023', true],
    ['left out for a library', { isProgram: false }, 'provided.al2023', false],
    ['left out when the project says so', { selfContained: false }, 'provided.al2023', false],
    ['left to a project that says so', { selfContained: true }, 'dotnet10', undefined],
    ['left to native AOT', { isAot: true }, 'provided.al2023', undefined],
  ])('is %s', (_, wanted, runtime, expected) => {
    expect(plan(wanted, { runtime }).selfContained).toBe(expected);
  });
});

describe('where a project is built', () => {
  const image = 'public.ecr.aws/sam/build-dotnet10:latest-x86_64';
  it.each([
    ['here', {}, {}, {}, undefined],
    ['here, compiled ahead of time', { isAot: true }, {}, {}, undefined],
    ['in a container: macOS', { isAot: true }, {}, { platform: 'darwin' }, image],
    ['in a container: no linker', { isAot: true }, {}, { hasLinker: false }, image],
    ['in a container: another architecture', { isAot: true }, { architecture: 'arm64' }, {}, image.replace('x86_64', 'arm64')],
    ['in a container: asked for', {}, { useContainer: true }, { hasDotnet: false }, image],
    ['in a container: its image is named', {}, { containerImage: 'mine:1' }, {}, 'mine:1'],
    ['here: containers refused', { isAot: true }, { useContainer: false, containerImage: 'mine:1' }, {}, undefined],
    [
      'in that of an old framework',
      { frameworks: ['netcoreapp3.1'] },
      { useContainer: true },
      {},
      'public.ecr.aws/sam/build-dotnetcore3.1:latest-x86_64',
    ],
  ] as const)('is %s', (_, wanted, goal, here, expected) => {
    expect(plan(wanted, goal, here).container?.image).toBe(expected);
  });

  it('says what is missing, and what to type', () => {
    const without = failure({}, {}, { hasDotnet: false });
    expect([without.code, without.message]).toEqual([
      'BUILD_TOOL_NOT_FOUND',
      'App.csproj cannot be published here: dotnet is not installed, or not on the PATH.',
    ]);
    expect(without.hint).toMatch(/^Add --use-container-for-build to build it in a container/);
    expect(failure({ isAot: true }, { useContainer: false }, { hasLinker: false }).message).toContain('linked by clang or gcc');
  });

  it('is nowhere for what cannot be compiled ahead of time', () => {
    expect(failure({ isAot: true, isProgram: false }).message).toContain('is a library');
    expect(failure({ isAot: true, frameworks: ['net6.0'] }).message).toContain('.NET 7 is the first');
    expect(failure({ frameworks: [] }, { useContainer: true }).hint).toContain('--container-image-for-build');
  });
});
