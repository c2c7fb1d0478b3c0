import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type Dockerode from 'dockerode';

/** A session that BuildKit holds with whoever asked for a build. Close it when the build has ended. */
export interface BuildSession {
  readonly id: string;
  close(): void;
}

/** gRPC's number for "unimplemented". https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const UNIMPLEMENTED = '12';

/** Answers to the two questions that we do answer, as gRPC frames: flag, length, protobuf message. */
const ANSWERS: Readonly<Record<string, Buffer>> = {
  // HealthCheckResponse { status: SERVING }. BuildKit drops a session that fails this.
  '/grpc.health.v1.Health/Check': Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]),
  // CredentialsResponse {}: no credentials, for whichever host. Base images are pulled anonymously, and the token of
  // one registry can never reach another.
  '/moby.filesync.v1.Auth/Credentials': Buffer.from([0, 0, 0, 0, 0]),
};

/**
 * Opens the session that BuildKit wants for every build (without one, engines answer "no active sessions"). The engine
 * turns the connection round: it becomes the client of a small gRPC server here.
 */
export async function openBuildSession(docker: Dockerode, signal?: AbortSignal): Promise<BuildSession> {
  const id = randomUUID();
  const socket = await dialSession(docker, id, signal);
  const server: Http2Server = createServer();
  server.on('stream', (stream, headers) => answer(stream, String(headers[':path'])));
  // The engine ends the connection when the build is over; a build that fails for that reason says so itself.
  server.on('sessionError', () => socket.destroy());
  socket.on('error', () => socket.destroy());
  server.emit('connection', socket);
  return {
    id,
    close() {
      socket.destroy();
      server.close();
    },
  };
}

function dialSession(docker: Dockerode, id: string, signal: AbortSignal | undefined): Promise<Duplex> {
  const request = {
    method: 'POST',
    path: '/session',
    hijack: true,
    headers: {
      Upgrade: 'h2c',
      'X-Docker-Expose-Session-Uuid': id,
      'X-Docker-Expose-Session-Name': 'lambda-tool',
      'X-Docker-Expose-Session-Grpc-Method': Object.keys(ANSWERS),
    },
    abortSignal: signal,
    statusCodes: { 200: true, 500: 'server error' },
  };
  return new Promise((resolve, reject) => {
    (docker.modem as { dial(options: object, callback: (error: Error | null, socket: Duplex) => void): void }).dial(
      request,
      (error, socket) => {
        if (error === null) resolve(socket);
        else reject(error);
      },
    );
  });
}

function answer(stream: ServerHttp2Stream, method: string): void {
  stream.on('error', () => stream.destroy());
  stream.resume();
  const message = ANSWERS[method];
  if (message === undefined) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNIMPLEMENTED }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(message);
}
