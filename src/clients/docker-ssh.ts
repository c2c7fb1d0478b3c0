import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';

/**
 * Reaches an engine over the system's `ssh`, as the docker command does, so that known hosts, keys, jump hosts and
 * `~/.ssh/config` are the user's own. (docker-modem's own ssh does not check host keys.) One process per connection.
 */
export function createSshAgent(url: URL): Agent {
  const user = url.username === '' ? [] : ['-l', decodeURIComponent(url.username)];
  const port = url.port === '' ? [] : ['-p', url.port];
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const argv = [...user, ...port, '-o', 'ConnectTimeout=10', '-T', '--', host, 'docker', 'system', 'dial-stdio'];

  class SshAgent extends Agent {
    override createConnection(_options: object, connected?: (error: Error | null, stream: Duplex) => void): Duplex {
      const child = spawn('ssh', argv, { stdio: ['pipe', 'pipe', 'pipe'] });
      const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
      let complaint = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-500)));
      child.on('error', (error) => stream.destroy(error));
      child.on('exit', (code) => {
        if (code !== 0 && code !== null) stream.destroy(new Error(complaint.trim() || `ssh ended with code ${code}`));
      });
      stream.on('close', () => child.kill());
      connected?.(null, stream);
      return stream;
    }
  }
  return new SshAgent({ keepAlive: false });
}
