import { describe, expect, it } from 'vitest';

import { compareParameters, compareTags } from '../../src/diff/compare-stack.ts';
import { parseTemplate } from '../../src/template/parse.ts';
import type { JsonObject } from '../../src/template/types.ts';

const templateOf = (parameters: JsonObject) => parseTemplate(JSON.stringify({ Parameters: parameters, Resources: {} }), 't.json');

interface Case {
  readonly deployed?: JsonObject;
  readonly stack?: Readonly<Record<string, string>>;
  readonly template: JsonObject;
  readonly given?: Readonly<Record<string, string>>;
}

const ask = async ({ deployed, stack, template, given = {} }: Case) =>
  compareParameters({
    deployed: deployed === undefined ? undefined : await templateOf(deployed),
    stack:
      stack === undefined
        ? undefined
        : { parameters: Object.entries(stack).map(([name, value]) => ({ name, value, resolvedValue: undefined })) },
    template: await templateOf(template),
    given,
  });

const Stage = { Type: 'String', Default: 'dev' };
const Password = { Type: 'String', NoEcho: true };

describe('parameters', () => {
  it('without a given value keep the one of the stack', async () => {
    const { changes } = await ask({ deployed: { Stage }, stack: { Stage: 'prod' }, template: { Stage } });
    expect(changes).toEqual([]);
  });

  it('with another value are told with both', async () => {
    const { changes } = await ask({ deployed: { Stage }, stack: { Stage: 'dev' }, template: { Stage }, given: { Stage: 'prod' } });
    expect(changes).toEqual([{ name: 'Stage', action: 'changed', before: 'dev', after: 'prod', noEcho: false, properties: [] }]);
  });

  it('that are given the value of the stack do not differ', async () => {
    const { changes } = await ask({ deployed: { Stage }, stack: { Stage: 'prod' }, template: { Stage }, given: { Stage: 'prod' } });
    expect(changes).toEqual([]);
  });

  it('come with their default or the given value, and go with the one they had', async () => {
    const { changes, missing } = await ask({
      deployed: { Old: { Type: 'Number' } },
      stack: { Old: '3' },
      template: { Stage, Size: { Type: 'Number' }, Bare: { Type: 'String' } },
      given: { Size: '5' },
    });
    expect(changes).toEqual([
      { name: 'Stage', action: 'added', after: 'dev', noEcho: false, properties: [] },
      { name: 'Size', action: 'added', after: '5', noEcho: false, properties: [] },
      { name: 'Bare', action: 'added', noEcho: false, properties: [] },
      { name: 'Old', action: 'removed', before: '3', noEcho: false, properties: [] },
    ]);
    expect(missing).toEqual(['Bare']);
  });

  it('with another default say that the stack keeps its value', async () => {
    const { changes } = await ask({ deployed: { Stage }, stack: { Stage: 'dev' }, template: { Stage: { ...Stage, Default: 'test' } } });
    expect(changes).toEqual([
      {
        name: 'Stage',
        action: 'changed',
        before: 'dev',
        after: 'dev',
        noEcho: false,
        properties: [{ path: 'Default', before: 'dev', after: 'test', note: 'the stack keeps dev' }],
      },
    ]);
  });

  it('are all new when nothing is deployed', async () => {
    const { changes } = await ask({ template: { Stage }, given: { Stage: 'x' } });
    expect(changes).toMatchObject([{ name: 'Stage', action: 'added', after: 'x' }]);
  });
});

describe('NoEcho parameters', () => {
  const secrets = ['old-secret', 'new-secret', 'allowed-secret'];
  const cases: readonly (readonly [string, Case])[] = [
    ['given', { deployed: { Password }, stack: { Password: '****' }, template: { Password }, given: { Password: 'new-secret' } }],
    ['new', { deployed: {}, stack: {}, template: { Password: { ...Password, Default: 'old-secret' } }, given: { Password: 'new-secret' } }],
    [
      'with other defaults',
      {
        deployed: { Password: { ...Password, Default: 'old-secret' } },
        stack: { Password: '****' },
        template: { Password: { ...Password, Default: 'new-secret' } },
      },
    ],
    [
      'with other allowed values',
      { deployed: { Password }, stack: { Password: '****' }, template: { Password: { ...Password, AllowedValues: ['allowed-secret'] } } },
    ],
    [
      'secret from now on',
      {
        deployed: { Password: { Type: 'String', Default: 'old-secret' } },
        stack: { Password: 'old-secret' },
        template: { Password },
        given: { Password: 'new-secret' },
      },
    ],
    [
      'secret no longer',
      {
        deployed: { Password },
        stack: { Password: '****' },
        template: { Password: { Type: 'String', Default: 'old-secret' } },
        given: { Password: 'new-secret' },
      },
    ],
    ['removed', { deployed: { Password: { ...Password, Default: 'old-secret' } }, stack: {}, template: {} }],
    ['with NoEcho as text', { deployed: {}, stack: {}, template: { Password: { Type: 'String', NoEcho: 'TRUE', Default: 'old-secret' } } }],
  ];

  it.each(cases)('show nothing of their values: %s', async (_, question) => {
    const answer = JSON.stringify(await ask(question));
    for (const secret of secrets) expect(answer).not.toContain(secret);
    expect(answer).toContain('Password');
  });

  it('that are given cannot be compared, and that is said', async () => {
    const { changes, undecided } = await ask(cases[0]![1]);
    expect(changes).toEqual([]);
    expect(undecided).toMatchObject([{ subject: 'Parameter Password' }]);
  });

  it('that are left out stay as they are', async () => {
    expect(await ask({ deployed: { Password }, stack: { Password: '****' }, template: { Password } })).toEqual({
      changes: [],
      undecided: [],
      missing: [],
    });
  });
});

describe('tags', () => {
  it('come, go and change; those of AWS are left alone', () => {
    const before = { kept: '1', gone: '2', other: '3', 'aws:cloudformation:stack-name': 'Shop' };
    expect(compareTags(before, { kept: '1', other: '4', new: '5' })).toEqual([
      { name: 'other', action: 'changed', before: '3', after: '4' },
      { name: 'new', action: 'added', after: '5' },
      { name: 'gone', action: 'removed', before: '2' },
    ]);
  });
});
