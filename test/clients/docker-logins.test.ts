import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findStoredLogin } from '../../src/clients/docker-logins.ts';

describe('what docker login has stored', () => {
  let folder: string;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const store = (config: object): void => writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const find = async (host: string, env: Record<string, string> = {}) => {
    const login = await findStoredLogin(host, { DOCKER_CONFIG: folder, ...env });
    return login === undefined ? undefined : [login.username, login.secret()];
  };
  /** A helper that writes down what it is asked, and answers for one registry. */
  const helper = (name: string, key: string, answer: string): void =>
    writeFileSync(
      join(folder, `docker-credential-${name}`),
      `#!/bin/sh\nread -r url\n[ "$1 $url" = "get ${key}" ] || { echo "credentials not found in native keychain"; exit 1; }\necho '${answer}'\n`,
      { mode: 0o755 },
    );

  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'logins-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is found in the file, by host, and for Docker Hub by the name that its file has', async () => {
    store({
      auths: {
        'reg.example:5000': { auth: base64('me:a:b') },
        'https://old.example/v1/': { auth: base64('you:pw') },
        'https://index.docker.io/v1/': { auth: base64('hub:pw') },
        'token.example': { auth: base64('00000000-0000-0000-0000-000000000000:'), identitytoken: 'long' },
        'empty.example': {},
      },
    });
    expect(await find('reg.example:5000')).toEqual(['me', 'a:b']);
    expect(await find('old.example')).toEqual(['you', 'pw']);
    expect(await find('registry-1.docker.io')).toEqual(['hub', 'pw']);
    expect(await find('token.example')).toEqual(['', 'long']);
    expect(await find('empty.example')).toBeUndefined();
    expect(await find('reg.example')).toBeUndefined();
  });

  it('is asked of the helper for that registry, and of the store for all others', async () => {
    const env = { PATH: `${folder}:${process.env['PATH']}` };
    helper('one', 'one.example', '{"ServerURL":"one.example","Username":"AWS","Secret":"s1"}');
    helper('all', 'https://index.docker.io/v1/', '{"Username":"<token>","Secret":"s2"}');
    store({ credHelpers: { 'one.example': 'one' }, credsStore: 'all', auths: { 'kept.example': { auth: base64('k:pw') } } });
    expect(await find('one.example', env)).toEqual(['AWS', 's1']);
    expect(await find('docker.io', env)).toEqual(['', 's2']);
    expect(await find('kept.example', env)).toEqual(['k', 'pw']);
    expect(await find('other.example', env)).toBeUndefined();
  });

  it('is nothing without a file, with a broken one, and when the helper is not there', async () => {
    expect(await findStoredLogin('a.example', { DOCKER_CONFIG: join(folder, 'none') })).toBeUndefined();
    writeFileSync(join(folder, 'config.json'), '{');
    expect(await find('a.example')).toBeUndefined();
    store({ credsStore: 'gone-away' });
    expect(await find('a.example')).toBeUndefined();
  });

  it('is nothing when a helper answers with something else, which is not quoted', async () => {
    const env = { PATH: `${folder}:${process.env['PATH']}` };
    helper('odd', 'odd.example', 'very-secret, and no JSON');
    helper('null', 'null.example', 'null');
    store({ credHelpers: { 'odd.example': 'odd', 'null.example': 'null' } });
    expect(await find('odd.example', env)).toBeUndefined();
    expect(await find('null.example', env)).toBeUndefined();
  });

  it('is not among what a log of it shows', async () => {
    store({ auths: { 'reg.example': { auth: base64('me:very-secret') } } });
    const login = await findStoredLogin('reg.example', { DOCKER_CONFIG: folder });
    expect(`${inspect(login, { depth: 9 })}${JSON.stringify(login)}`).not.toContain('very-secret');
  });
});
