import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/lambda-tool.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with the process as soon as it runs, e.g. to interrupt it. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Called with everything written to stderr so far. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** A workspace of one test file: a folder, a state folder for the local target, and the built program to run in them. */
export interface Workspace {
  readonly folder: string;
  /** The temporary folder of everything that runs here. */
  readonly temporary: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs the built program, as a user would, without a terminal. */
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** The JSON document of a run with `--output json`. */
  json(args: readonly string[], options?: CliOptions): Promise<CliResult & { readonly document: CliDocument }>;
  /** Stops the local target and removes everything. */
  close(): void;
}

export interface CliDocument {
  readonly ok: boolean;
  readonly command: string;
  readonly result?: any;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string; readonly details?: readonly string[] };
  readonly warnings: readonly string[];
}

/** Nothing of the developer's AWS settings may reach a test. */
function cleanEnvironment(home: string): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS_|LAMBDA_TOOL_|CI$|GITHUB_|NO_COLOR|FORCE_COLOR)/.test(name));
  return {
    ...Object.fromEntries(kept),
    LAMBDA_TOOL_LOCAL_HOME: join(home, 'state'),
    TMPDIR: join(home, 'tmp'),
    XDG_CACHE_HOME: join(home, 'cache'),
    AWS_CONFIG_FILE: join(home, 'aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'aws-credentials'),
  };
}

/** `port`: of its local target; otherwise the next that is free. */
export function openWorkspace(options: { readonly port?: number } = {}): Workspace {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lambda-tool-it-')));
  const port = options.port === undefined ? {} : { LAMBDA_TOOL_PORT: String(options.port) };
  const env = { ...cleanEnvironment(folder), ...port };
  mkdirSync(join(folder, 'tmp'));
  const run = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [BIN, ...args], {
        cwd: options.cwd ?? folder,
        env: { ...env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        options.onStderr?.(stderr, child);
      });
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
      options.onStart?.(child);
    });
  return {
    folder,
    temporary: join(folder, 'tmp'),
    env,
    run,
    async json(args, options) {
      const result = await run([...args, '--output', 'json'], options);
      return { ...result, document: JSON.parse(result.stdout) as CliDocument };
    },
    close() {
      spawnSync(process.execPath, [BIN, 'local', 'stop'], { env: { ...env }, stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
