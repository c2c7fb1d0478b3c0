/**
 * Reads the progress that BuildKit writes into the answer of a build: protobuf messages
 * `moby.buildkit.v1.StatusResponse`, base64, under the id `moby.buildkit.trace`.
 * https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
 */

export const TRACE_ID = 'moby.buildkit.trace';

/** A step of the build. */
export interface BuildStep {
  readonly digest: string;
  /** `[2/3] RUN make`; internal ones begin with `[internal]`. */
  readonly name: string;
  readonly cached: boolean;
  readonly started: boolean;
  readonly completed: boolean;
  readonly error: string;
}

/** Something a step has written; not always whole lines. */
export interface StepLog {
  readonly step: string;
  readonly text: Buffer;
}

export interface BuildTrace {
  readonly steps: readonly BuildStep[];
  readonly logs: readonly StepLog[];
  readonly warnings: readonly string[];
}

/** Decodes one trace. Throws RangeError when it is no protobuf. */
export function decodeTrace(base64: string): BuildTrace {
  const steps: BuildStep[] = [];
  const logs: StepLog[] = [];
  const warnings: string[] = [];
  for (const { field, bytes } of fields(Buffer.from(base64, 'base64'))) {
    if (field === 1) steps.push(decodeStep(bytes));
    else if (field === 3) logs.push(decodeLog(bytes));
    else if (field === 4) warnings.push(textOf(bytes, 3));
  }
  return { steps, logs, warnings };
}

function decodeStep(message: Buffer): BuildStep {
  const present = new Set<number>();
  let cached = false;
  for (const { field, number } of fields(message)) {
    present.add(field);
    if (field === 4) cached = number !== 0;
  }
  return {
    digest: textOf(message, 1),
    name: textOf(message, 3),
    cached,
    started: present.has(5),
    completed: present.has(6),
    error: textOf(message, 7),
  };
}

function decodeLog(message: Buffer): StepLog {
  const text = [...fields(message)].find(({ field }) => field === 4)?.bytes ?? Buffer.alloc(0);
  return { step: textOf(message, 1), text };
}

/** A text field of a message; empty when it is not there. */
export function textOf(message: Buffer, wanted: number): string {
  let text = '';
  for (const { field, bytes } of fields(message)) if (field === wanted) text = bytes.toString('utf8');
  return text;
}

interface Field {
  readonly field: number;
  /** Value of a length-delimited field; empty for others. */
  readonly bytes: Buffer;
  /** Value of a varint field; 0 for others. Good to 53 bits, which is more than is read here. */
  readonly number: number;
}

/** The fields of a protobuf message. https://protobuf.dev/programming-guides/encoding/ */
function* fields(message: Buffer): Generator<Field> {
  const none = Buffer.alloc(0);
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(position);
      position += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (position < message.length) {
    const key = varint();
    const [field, kind] = [Math.floor(key / 8), key % 8];
    if (kind === 0) {
      yield { field, bytes: none, number: varint() };
      continue;
    }
    if (kind !== 1 && kind !== 2 && kind !== 5) throw new RangeError(`Unknown protobuf wire type ${kind}`);
    const length = kind === 2 ? varint() : kind === 1 ? 8 : 4;
    if (position + length > message.length) throw new RangeError('A protobuf field ends beyond its message');
    const bytes = message.subarray(position, position + length);
    position += length;
    yield { field, bytes, number: 0 };
  }
}
