/** Where output goes; the process's own streams, or a test's. */
export interface Sink {
  write(text: string): void;
  readonly isTTY?: boolean | undefined;
  /** Width of a terminal; 0 where a terminal does not know its own. */
  readonly columns?: number | undefined;
}

export interface Streams {
  readonly stdout: Sink;
  readonly stderr: Sink;
}
