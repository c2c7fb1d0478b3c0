/** Where the state of the local target lies. */
import { homedir } from 'node:os';
import path from 'node:path';

/** Services keep everything below this folder of the state folder. */
export const DATA_FOLDER = 'data';

/** All that the local target writes into its state folder. */
export const STATE_NAMES: readonly string[] = [DATA_FOLDER, 'credentials.json', 'endpoint.json', 'port.json', 'daemon.log', 'daemon.log.1'];

/**
 * $LAMBDA_TOOL_LOCAL_HOME, else the user's state folder: $XDG_STATE_HOME/lambda-tool/local wherever that is set,
 * %LOCALAPPDATA%\lambda-tool\local on Windows, ~/Library/Application Support/lambda-tool/local on macOS,
 * ~/.local/state/lambda-tool/local elsewhere. https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function defaultLocalFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const own = env['LAMBDA_TOOL_LOCAL_HOME'];
  if (own) return path.resolve(own);
  const xdg = env['XDG_STATE_HOME'];
  // The specification has relative paths ignored.
  if (xdg && path.isAbsolute(xdg)) return path.join(xdg, 'lambda-tool', 'local');
  if (platform === 'win32') return path.join(env['LOCALAPPDATA'] || path.join(home, 'AppData', 'Local'), 'lambda-tool', 'local');
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'lambda-tool', 'local');
  return path.join(home, '.local', 'state', 'lambda-tool', 'local');
}
