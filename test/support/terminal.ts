import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

import type { Workspace } from './cli.ts';

const BIN = fileURLToPath(new URL('../../bin/lambda-tool.js', import.meta.url));

/** Why there is no terminal to be had here, if so: `script` of util-linux makes one, and every Linux has that. */
export const noTerminal: string | undefined = process.platform === 'linux' ? undefined : 'the terminal of `script` is the one of Linux';

export const KEYS = { ctrlC: '\u{3}', enter: '\r', down: '\u{1B}[B' } as const;

/** A run of the built program in a terminal of its own. */
export interface TerminalRun {
  /** All that was written to the terminal so far, without colours and movements. */
  text(): string;
  /** With them. */
  raw(): string;
  type(...keys: readonly string[]): void;
  /** Resolves when the terminal has shown this since the last call, or rejects after a long while. */
  shows(pattern: RegExp): Promise<void>;
  readonly ended: Promise<number | null>;
}

export interface TerminalOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** Runs the built program in a terminal: stdin, stdout and stderr are one, and Ctrl-C is a key. */
export function runInTerminal(workspace: Workspace, args: readonly string[], options: TerminalOptions = {}): TerminalRun {
  const { columns = 200, rows = 40 } = options;
  const program = [process.execPath, BIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', ['-qefc', `stty cols ${columns} rows ${rows}; exec ${program}`, '/dev/null'], {
    cwd: options.cwd ?? workspace.folder,
    env: { ...workspace.env, SHELL: '/bin/sh', TERM: 'xterm-256color', ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let raw = '';
  let read = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (raw += text));
  // Keys for a program that has just ended.
  child.stdin.on('error', () => undefined);
  const text = (): string => stripVTControlCharacters(raw).replaceAll('\r', '');
  return {
    text,
    raw: () => raw,
    type: (...keys) => void child.stdin.write(keys.join('')),
    async shows(pattern) {
      await expect.poll(() => text().slice(read), { timeout: 60_000, interval: 50 }).toMatch(pattern);
      const found = pattern.exec(text().slice(read));
      read += (found?.index ?? 0) + (found?.[0].length ?? 0);
    },
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }),
  };
}
