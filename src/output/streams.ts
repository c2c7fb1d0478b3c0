/** Where output goes; the process's own streams, or a test's. */
export interface Sink {
  write(text: string): void;
  readonly isTTY?: boolean | undefined;
}

export interface Streams {
  readonly stdout: Sink;
  readonly stderr: Sink;
}
