import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** What ssh has to say comes a moment after its connection has ended. */
const LAST_WORDS_MS = 1_000;

const complaints = new WeakMap<object, () => Promise<string>>();

/**
 * Reaches an engine over the system's `ssh`, as the docker command does, so that known hosts, keys, jump hosts and
 * `~/.ssh/config` are the user's own. (docker-modem's own ssh does not check host keys.) One process per connection.
 */
export function createSshAgent(url: URL): Agent {
  const user = url.username === '' ? [] : ['-l', decodeURIComponent(url.username)];
  const port = url.port === '' ? [] : ['-p', url.port];
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const argv = [...user, ...port, '-o', 'ConnectTimeout=10', '-T', '--', host, 'docker', 'system', 'dial-stdio'];
  let lastWords: Promise<string> = Promise.resolve('');

  class SshAgent extends Agent {
    override createConnection(_options: object, connected?: (error: Error | null, stream: Duplex) => void): Duplex {
      const child = spawn('ssh', argv, { stdio: ['pipe', 'pipe', 'pipe'] });
      const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-500)));
      lastWords = new Promise((resolve) => {
        child.on('error', (error) => {
          const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
          resolve(isMissing ? 'ssh is not installed, or not on the PATH' : error.message);
          stream.destroy(error);
        });
        child.on('close', (code) => {
          const isFailure = code !== 0 && code !== null;
          resolve(isFailure ? said.trim() || `ssh ended with code ${code}` : '');
          if (isFailure) stream.destroy(new Error(said.trim() || `ssh ended with code ${code}`));
        });
      });
      stream.on('close', () => child.kill());
      connected?.(null, stream);
      return stream;
    }
  }
  const agent = new SshAgent({ keepAlive: false });
  complaints.set(agent, () => Promise.race([lastWords, sleep(LAST_WORDS_MS, '', { ref: false })]));
  return agent;
}

/** What ssh said of the last connection: one that ends tells nobody why. Empty when it said nothing, or is no ssh. */
export async function sshComplaint(agent: unknown): Promise<string> {
  return typeof agent === 'object' && agent !== null ? ((await complaints.get(agent)?.()) ?? '') : '';
}
