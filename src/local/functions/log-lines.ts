import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** The longest line that is kept in one piece, in characters; CloudWatch takes 1 MB in one event. */
const MAX_LINE = 256 * 1024;

/** Calls `onLine` for every line of a stream. Carriage returns inside a line stand for the line ends of one record. */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (line: string): void => {
    if (line !== '') onLine(line.replace(/\r$/, '').replaceAll('\r', '\n'));
  };
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(emit);
    if (rest.length > MAX_LINE) {
      emit(rest);
      rest = '';
    }
  });
  const flush = (): void => {
    emit(rest + decoder.end());
    rest = '';
  };
  stream.on('end', flush);
  stream.on('close', flush);
}
