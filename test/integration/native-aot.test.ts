import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openWorkspace, type Workspace } from '../support/cli.ts';
import { nativeProject, whyNoNativeAot } from '../support/dotnet.ts';
import { publishedBytes, readZip } from '../support/published-zip.ts';

const why = await whyNoNativeAot();
if (why !== undefined) console.log(`Native AOT is not tested: ${why}`);

/** Speaks to the Lambda Runtime API by itself: nothing but the compiler has to be downloaded. */
const PROGRAM = `using System.Net.Http;
using System.Runtime.CompilerServices;

using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
var api = $"http://{Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API")}/2018-06-01/runtime/invocation";
while (true)
{
    using var next = await http.GetAsync($"{api}/next");
    var id = string.Concat(next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id"));
    var kind = RuntimeFeature.IsDynamicCodeSupported ? "compiled while it runs" : "native code";
    using var sent = await http.PostAsync($"{api}/{id}/response", new StringContent($"{{\\"statusCode\\":200,\\"body\\":\\"{kind}\\"}}"));
}
`;

const TEMPLATE = {
  Transform: 'AWS::Serverless-2016-10-31',
  Resources: {
    Fn: {
      Type: 'AWS::Serverless::Function',
      Properties: { Runtime: 'provided.al2023', Handler: 'bootstrap', CodeUri: '.', FunctionUrlConfig: { AuthType: 'NONE' } },
    },
  },
  Outputs: { Url: { Value: { 'Fn::GetAtt': ['FnUrl', 'FunctionUrl'] } } },
};

describe.skipIf(why !== undefined)('a project that is compiled ahead of time (native AOT)', () => {
  let workspace: Workspace;
  let project: string;
  beforeAll(() => {
    workspace = openWorkspace();
    project = join(workspace.folder, 'native');
    mkdirSync(project);
    writeFileSync(join(project, 'native.csproj'), nativeProject('bootstrap'));
    writeFileSync(join(project, 'Program.cs'), `using System;\nusing System.Threading;\n${PROGRAM}`);
    writeFileSync(join(project, 'serverless.template'), JSON.stringify(TEMPLATE));
  });
  afterAll(() => workspace.close());

  const deploy = () => workspace.json(['deploy-serverless', '-sn', 'Native', '-sb', 'native', '--local'], { cwd: project });

  /** What `dotnet publish` makes by itself, of nothing that an earlier build has left. */
  function published(): Record<string, { content: string; mode: number }> {
    const output = join(workspace.folder, 'published');
    for (const folder of ['bin', 'obj']) rmSync(join(project, folder), { recursive: true });
    const end = spawnSync('dotnet', ['publish', '-c', 'Release', '-r', 'linux-x64', '-o', output], { cwd: project, encoding: 'utf8' });
    expect(end.status, end.stdout).toBe(0);
    const files = readdirSync(output).map((name) => join(output, name));
    const entries = files.map((path) => ({ content: readFileSync(path, 'latin1'), mode: statSync(path).mode }));
    return Object.fromEntries(readdirSync(output).map((name, index) => [name, entries[index] ?? { content: '', mode: 0 }]));
  }

  it('holds what dotnet publish makes but the symbols, starts as bootstrap, and is uploaded once', async () => {
    const first = await deploy();
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('dotnet publish (native AOT)');
    const answer = await fetch(first.document.result.outputs.Url as string);
    expect({ status: answer.status, text: await answer.text() }).toEqual({ status: 200, text: 'native code' });
    const [artifact] = first.document.result.artifacts as { kind: string; location: string; built: boolean; published: boolean }[];
    expect(artifact).toMatchObject({ kind: 'zip', built: true, published: true });

    const again = await deploy();
    expect(again.document.result, again.stderr).toMatchObject({ action: 'unchanged', artifacts: [{ published: false }] });

    const file = join(workspace.folder, 'published.zip');
    writeFileSync(file, await publishedBytes(workspace, artifact?.location ?? ''));
    const inZip = readZip(file);
    const byHand = published();
    expect(Object.keys(inZip)).toEqual(['bootstrap']);
    expect(Object.keys(byHand).toSorted()).toEqual(['bootstrap', 'bootstrap.dbg']);
    expect(inZip['bootstrap']?.mode.toString(8)).toBe('100755');
    expect(byHand['bootstrap']?.mode.toString(8)).toBe('100755');
    expect(inZip['bootstrap']?.content === byHand['bootstrap']?.content).toBe(true);
    expect(inZip['bootstrap']?.content.startsWith('\u007fELF')).toBe(true);

    // The same bytes from what was compiled anew, by the command that uploads nothing.
    const packed = await workspace.json(['package', '-o', join(workspace.folder, 'packed.zip'), '-c', 'Release'], { cwd: project });
    expect(packed.code, packed.stderr).toBe(0);
    expect(readFileSync(join(workspace.folder, 'packed.zip')).equals(readFileSync(file))).toBe(true);
    expect(readdirSync(workspace.temporary).filter((name) => name.startsWith('lambda-tool-'))).toEqual([]);
    expect((await workspace.run(['delete-serverless', 'Native', '--local'])).code).toBe(0);
  }, 300_000);

  it('is refused for another processor with what helps, where no container may be used', async () => {
    const options = ['-o', join(workspace.folder, 'arm.zip'), '-farch', 'arm64', '--use-container-for-build', 'false'];
    const { document } = await workspace.json(['package', ...options], { cwd: project });
    expect(document.error).toMatchObject({ code: 'BUILD_TOOL_NOT_FOUND', message: expect.stringContaining('native code for arm64') });
  });
});
