import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createAwsEdge, isLoopback, type AwsEdgeRequest } from '../../src/clients/aws-edge.ts';
import { createIdentities } from '../../src/clients/sts.ts';
import { createStacks } from '../../src/clients/cloudformation.ts';

let folder: string;
let files: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lambda-tool-edge-'));
  writeFileSync(
    join(folder, 'config'),
    '[default]\nregion = eu-north-1\n[profile my_profile]\nregion = eu-west-3\n[profile dotted.name]\nregion = sa-east-1\n[sso-session corp]\nsso_region = us-east-1\n',
  );
  writeFileSync(join(folder, 'credentials'), '[my_profile]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n');
  files = { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function request(given: Partial<AwsEdgeRequest>): AwsEdgeRequest {
  const nothing = { value: undefined, explicit: false, origin: '' };
  return {
    env: files,
    region: nothing,
    profile: nothing,
    credentialsFile: undefined,
    accessKeyId: undefined,
    secretAccessKey: undefined,
    sessionToken: undefined,
    endpointUrl: undefined,
    caBundle: undefined,
    version: '0.0.0',
    ...given,
  };
}

const flag = (value: string) => ({ value, explicit: true, origin: '--x' });
const fromFile = (value: string) => ({ value, explicit: false, origin: 'aws-lambda-tools-defaults.json' });

describe('the region', () => {
  it.each([
    ['the command line', { region: flag('ap-south-1'), profile: flag('my_profile') }, {}, 'ap-south-1'],
    ['AWS_REGION before the defaults file', { region: fromFile('ap-south-1') }, { AWS_REGION: 'us-west-2' }, 'us-west-2'],
    ['the defaults file before the profile', { region: fromFile('ap-south-1'), profile: flag('my_profile') }, {}, 'ap-south-1'],
    ['the chosen profile', { profile: flag('my_profile') }, {}, 'eu-west-3'],
    ['a profile with a dot in its name', { profile: flag('dotted.name') }, {}, 'sa-east-1'],
    ['the default profile', {}, {}, 'eu-north-1'],
  ])('comes from %s', async (_, given, env, region) => {
    expect((await createAwsEdge(request({ ...given, env: { ...files, ...env } }))).region).toBe(region);
  });

  it('is asked for when somebody is there, and an error when nobody is', async () => {
    const env = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
    expect((await createAwsEdge(request({ env, askRegion: () => Promise.resolve('eu-west-1') }))).region).toBe('eu-west-1');
    await expect(createAwsEdge(request({ env }))).rejects.toMatchObject({
      code: 'REGION_MISSING',
      hint: expect.stringContaining('--region'),
    });
  });

  it.each(['Ireland', 'eu-west-1/../evil', 'evil.example#'])('refuses %s, which is no name of one', async (name) => {
    await expect(createAwsEdge(request({ region: flag(name) }))).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('the profile', () => {
  it('is an error that names the known ones when it does not exist', async () => {
    await expect(createAwsEdge(request({ profile: flag('my_profil') }))).rejects.toMatchObject({
      code: 'PROFILE_NOT_FOUND',
      message: expect.stringContaining('"my_profil"'),
      hint: expect.stringContaining('default, my_profile, dotted.name'),
    });
    await expect(createAwsEdge(request({ env: { ...files, AWS_PROFILE: 'nope' } }))).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
  });

  it('gives its credentials', async () => {
    const edge = await createAwsEdge(request({ profile: flag('my_profile') }));
    expect(await edge.credentials()).toMatchObject({ accessKeyId: 'AKIDPROFILE' });
    expect(edge.credentialSource).toBe('profile my_profile');
  });

  it('of the defaults file gives way to credentials in the environment, but one on the command line does not', async () => {
    const env = { ...files, AWS_ACCESS_KEY_ID: 'AKIDENV', AWS_SECRET_ACCESS_KEY: 'secret' };
    const saved = { ...process.env };
    Object.assign(process.env, env);
    try {
      const fromEnv = await createAwsEdge(request({ env, profile: fromFile('not_here') }));
      expect(await fromEnv.credentials()).toMatchObject({ accessKeyId: 'AKIDENV' });
      const fromFlag = await createAwsEdge(request({ env, profile: flag('my_profile') }));
      expect(await fromFlag.credentials()).toMatchObject({ accessKeyId: 'AKIDPROFILE' });
    } finally {
      process.env = saved;
    }
  });

  it('takes keys from the switches, both or none', async () => {
    const edge = await createAwsEdge(request({ accessKeyId: 'AKIDFLAG', secretAccessKey: 's', sessionToken: 't' }));
    expect(await edge.credentials()).toEqual({ accessKeyId: 'AKIDFLAG', secretAccessKey: 's', sessionToken: 't' });
    await expect(createAwsEdge(request({ accessKeyId: 'AKIDFLAG' }))).rejects.toMatchObject({ code: 'CREDENTIALS' });
  });
});

describe('endpoints', () => {
  it('come from the switch, the variable of the service or the variable of all', async () => {
    const env = {
      ...files,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:2',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    };
    const edge = await createAwsEdge(request({ env }));
    expect([edge.endpointFor('s3'), edge.endpointFor('ecr')]).toEqual(['http://127.0.0.1:2', 'http://127.0.0.1:1']);
    const switched = await createAwsEdge(request({ env, endpointUrl: 'http://127.0.0.1:3' }));
    expect([switched.endpointFor('s3'), switched.endpointFor('ecr')]).toEqual(['http://127.0.0.1:3', 'http://127.0.0.1:3']);
    const ignored = await createAwsEdge(request({ env: { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' } }));
    expect(ignored.endpointFor('s3')).toBeUndefined();
  });

  it.each(['localhost:4566', 'ftp://x', 'nonsense'])('refuse %s', async (endpointUrl) => {
    await expect(createAwsEdge(request({ endpointUrl }))).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('are not left for the metadata service when there are no credentials', async () => {
    const env = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere', AWS_REGION: 'eu-west-1' };
    await expect(createAwsEdge(request({ env, endpointUrl: 'http://127.0.0.1:9' }))).rejects.toMatchObject({ code: 'CREDENTIALS' });
  });

  it.each([
    ['http://127.0.0.1:4566', true],
    ['https://localhost:9297', true],
    ['http://s3.localhost:1', true],
    ['http://[::1]:1', true],
    ['https://example.com', false],
    ['http://127.evil.example', false],
  ])('%s is on this machine: %s', (endpoint, expected) => {
    expect(isLoopback(endpoint)).toBe(expected);
  });

  describe('that answer', () => {
    let server: Server;
    let status = 501;
    let body = '<ErrorResponse><Error><Code>NotImplemented</Code><Message>no</Message></Error></ErrorResponse>';
    let seen: string[] = [];
    const endpoint = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    beforeAll(async () => {
      server = createServer((incoming, response) => {
        seen.push(incoming.headers.host ?? '');
        response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => server.close());

    const edge = () => createAwsEdge(request({ accessKeyId: 'a', secretAccessKey: 'b', endpointUrl: endpoint() }));

    it('with 501 are said not to implement the operation', async () => {
      seen = [];
      await expect((await createIdentities((await edge()).configFor('sts'))).caller()).rejects.toMatchObject({
        code: 'ENDPOINT_NOT_IMPLEMENTED',
        message: `${endpoint()} does not implement STS GetCallerIdentity`,
      });
      expect(seen).toEqual([new URL(endpoint()).host]);
    });

    it('with 403 are said to refuse', async () => {
      status = 403;
      body = '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>';
      await expect((await createStacks((await edge()).configFor('cloudformation'))).find('X')).rejects.toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringContaining('DescribeStacks'),
      });
    });
  });

  it('that are not there are named', async () => {
    const edge = await createAwsEdge(request({ accessKeyId: 'a', secretAccessKey: 'b', endpointUrl: 'http://127.0.0.1:9' }));
    await expect((await createIdentities(edge.configFor('sts'))).caller()).rejects.toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: expect.stringContaining('http://127.0.0.1:9'),
    });
  });

  it('are the only hosts that requests may go to', async () => {
    const edge = await createAwsEdge(request({ accessKeyId: 'a', secretAccessKey: 'b', endpointUrl: 'http://127.0.0.1:9' }));
    const config = edge.configFor('sts');
    await expect((await createIdentities({ ...config, endpoint: 'http://127.0.0.1:10' })).caller()).rejects.toMatchObject({
      code: 'FOREIGN_HOST',
    });
  });
});

describe('certificate bundles', () => {
  it('are named when they cannot be read or hold nothing', async () => {
    await expect(createAwsEdge(request({ caBundle: join(folder, 'nope.pem') }))).rejects.toMatchObject({ code: 'CA_BUNDLE' });
    await expect(createAwsEdge(request({ env: { ...files, AWS_CA_BUNDLE: join(folder, 'config') } }))).rejects.toMatchObject({
      code: 'CA_BUNDLE',
    });
  });
});
