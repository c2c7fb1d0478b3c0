/** Finds and loads the function that `_HANDLER` names: `index.handler`, `dir/file.handler`, `file.nested.export`. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * @param {string} root the task root
 * @param {string} handler
 * @returns {Promise<Function>}
 */
export async function loadHandler(root, handler) {
  const [, name, path] = /^([^.]*)\.(.+)$/.exec(basename(handler)) ?? [];
  if (name === undefined || path === undefined) throw runtimeError('MalformedHandlerName', 'Bad handler');
  if (handler.includes('..'))
    throw runtimeError(
      'MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  const module = await loadModule(root, join(dirname(handler), name));
  const found = findExport(module, path) ?? findExport(module?.default, path);
  if (found === undefined) throw runtimeError('HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw runtimeError('HandlerNotFound', `${handler} is not a function`);
  return found;
}

function findExport(module, path) {
  let value = module;
  for (const part of path.split('.')) {
    if (value === undefined || value === null) return undefined;
    value = value[part];
  }
  return value;
}

async function loadModule(root, module) {
  try {
    return await importModule(root, module);
  } catch (error) {
    if (error instanceof SyntaxError) throw runtimeError('UserCodeSyntaxError', error.toString(), error);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw runtimeError('ImportModuleError', `Error: ${error.message}`, error);
    }
    throw error;
  }
}

async function importModule(root, module) {
  const require = createRequire(join(root, 'package.json'));
  const file = resolve(root, module);
  // The order of Lambda's own runtime: the bare name, .js, .mjs, .cjs, then whatever Node finds in NODE_PATH.
  if (isFile(file)) return require(file);
  if (isFile(`${file}.js`)) return isEsModule(file) ? await import(pathToFileURL(`${file}.js`).href) : require(`${file}.js`);
  if (isFile(`${file}.mjs`)) return await import(pathToFileURL(`${file}.mjs`).href);
  if (isFile(`${file}.cjs`)) return require(`${file}.cjs`);
  const found = require.resolve(existsSync(file) ? file : module, { paths: [root] });
  return found.endsWith('.mjs') ? await import(pathToFileURL(found).href) : require(found);
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether the nearest package.json at or above the file says `"type": "module"`. */
function isEsModule(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) return JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
    if (folder === dirname(folder) || basename(folder) === 'node_modules') return false;
  }
}

function runtimeError(kind, message, cause) {
  const error = new Error(message, { cause });
  error.name = `Runtime.${kind}`;
  if (cause?.stack !== undefined) error.stack = `${error.name}: ${message}\n${cause.stack.split('\n').slice(1).join('\n')}`;
  return error;
}
