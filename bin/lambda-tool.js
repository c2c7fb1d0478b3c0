#!/usr/bin/env node
'use strict';

// CommonJS, because the loader of ES modules takes a tenth of the time that Node needs to start.
const { readFileSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { homedir } = require('node:os');
const path = require('node:path');

if (process.argv.length === 3 && process.argv[2] === '--version') {
  const { version } = JSON.parse(readFileSync(path.join(__dirname, '..', 'package.json'), 'utf8'));
  process.stdout.write(`${version}\n`);
} else {
  const early = listenEarly();
  optimizeLater();
  enableCompileCache?.(cacheFolder());
  const { main } = require('../dist/main.js');
  // A signal that came meanwhile is heard in the turn of the event loop before this.
  setImmediate(() => void main(early));
}

/** An interrupt while the program is loaded is kept for it, so that it is answered as any other; a second one ends at once. */
function listenEarly() {
  const early = { signals: [], names: ['SIGINT', 'SIGTERM', 'SIGHUP'], listener };
  function listener(name) {
    if (early.signals.push(name) > 1) process.exit(130);
  }
  for (const name of early.names) process.on(name, listener);
  return early;
}

/**
 * V8 of Node 20 optimizes functions so early that a run of a second spends a sixth of its processor time on that (measured with what
 * `npm run bench` does; unoptimized they are slower by less). Later versions decide otherwise, and do not know this setting.
 */
function optimizeLater() {
  if (process.versions.v8.startsWith('11.')) process.getBuiltinModule('node:v8').setFlagsFromString('--interrupt-budget=1000000');
}

/** Where Node keeps compiled code between runs. Its own choice would be the temporary folder, where we leave nothing. */
function cacheFolder() {
  const { env, platform } = process;
  if (env.NODE_COMPILE_CACHE) return env.NODE_COMPILE_CACHE;
  const base =
    platform === 'win32'
      ? (env.LOCALAPPDATA ?? path.join(homedir(), 'AppData', 'Local'))
      : platform === 'darwin'
        ? path.join(homedir(), 'Library', 'Caches')
        : env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  return path.join(base, 'lambda-tool', 'compile-cache');
}
