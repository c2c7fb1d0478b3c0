import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Dockerode from 'dockerode';
import { textOf } from './docker-buildkit.ts';
import type { FindLogin } from './docker-logins.ts';

/** A session that BuildKit holds with whoever asked for a build. Close it when the build has ended. */
export interface BuildSession {
  readonly id: string;
  close(): void;
}

/** What a secret is worth, by its id; read when the build asks for it. */
export type SecretValues = ReadonlyMap<string, () => Promise<Buffer | string>>;

/** What a build may ask of this side. */
export interface SessionAnswers {
  readonly secrets?: SecretValues | undefined;
  /** For base images. Each login goes to the engine for the registry that it is for. */
  readonly findLogin?: FindLogin | undefined;
}

/** gRPC's numbers. https://github.com/grpc/grpc/blob/master/doc/statuscodes.md */
const NOT_FOUND = '5';
const UNIMPLEMENTED = '12';

/** https://github.com/moby/buildkit/blob/master/session/secrets/secrets.proto */
const GET_SECRET = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
/** https://github.com/moby/buildkit/blob/master/session/auth/auth.proto */
const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials';
/** Flag and length before a message of gRPC. */
const FRAME_BYTES = 5;

/** Answers to the questions that have always the same, as gRPC frames: flag, length, protobuf message. */
const ANSWERS: Readonly<Record<string, Buffer>> = {
  // HealthCheckResponse { status: SERVING }. BuildKit drops a session that fails this.
  '/grpc.health.v1.Health/Check': Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]),
};

/**
 * Opens the session that BuildKit wants for every build (without one, engines answer "no active sessions"). The engine
 * turns the connection round: it becomes the client of a small gRPC server here.
 */
export async function openBuildSession(docker: Dockerode, signal: AbortSignal | undefined, answers: SessionAnswers): Promise<BuildSession> {
  const id = randomUUID();
  const socket = await dialSession(docker, id, signal);
  const server: Http2Server = createServer();
  server.on('stream', (stream, headers) => {
    const method = String(headers[':path']);
    if (method === GET_SECRET) void answerSecret(stream, answers.secrets ?? new Map());
    else if (method === CREDENTIALS) void answerCredentials(stream, answers.findLogin);
    else answer(stream, method);
  });
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
      'X-Docker-Expose-Session-Grpc-Method': [...Object.keys(ANSWERS), CREDENTIALS, GET_SECRET],
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

async function answerSecret(stream: ServerHttp2Stream, secrets: SecretValues): Promise<void> {
  stream.on('error', () => stream.destroy());
  try {
    const value = secrets.get(textOf((await buffer(stream)).subarray(FRAME_BYTES), 1));
    // GetSecretResponse { data }.
    if (value === undefined) refuse(stream, NOT_FOUND);
    else send(stream, frame(bytesField(1, Buffer.from(await value()))));
  } catch {
    // A file that was there before the build and is gone now: BuildKit says which secret it did not get.
    refuse(stream, NOT_FOUND);
  }
}

async function answerCredentials(stream: ServerHttp2Stream, findLogin: FindLogin | undefined): Promise<void> {
  stream.on('error', () => stream.destroy());
  try {
    const host = textOf((await buffer(stream)).subarray(FRAME_BYTES), 1);
    const login = await findLogin?.(host);
    // CredentialsResponse { Username, Secret }; empty: the image is pulled as anybody may.
    send(stream, frame(login === undefined ? Buffer.alloc(0) : Buffer.concat([field(1, login.username), field(2, login.secret())])));
  } catch {
    // A store of passwords that is out of order: what the registry lets anybody have is pulled all the same.
    send(stream, frame(Buffer.alloc(0)));
  }
}

function field(number: number, text: string): Buffer {
  return text === '' ? Buffer.alloc(0) : bytesField(number, Buffer.from(text));
}

/** https://protobuf.dev/programming-guides/encoding/ */
function bytesField(number: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), bytes]);
}

/** A message of gRPC, not compressed. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function answer(stream: ServerHttp2Stream, method: string): void {
  stream.on('error', () => stream.destroy());
  stream.resume();
  const message = ANSWERS[method];
  if (message === undefined) refuse(stream, UNIMPLEMENTED);
  else send(stream, message);
}

function refuse(stream: ServerHttp2Stream, status: string): void {
  if (!stream.destroyed) stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status }, { endStream: true });
}

function send(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(message);
}
