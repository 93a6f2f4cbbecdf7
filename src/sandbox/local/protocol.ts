/** What perfagent and the launcher say to each other, byte for byte as launcher.h has it. Pure. */

/** First number that a launcher says; another one is a launcher of another version. */
export const PROTOCOL_VERSION = 1;

/** Two u32: the protocol's version and the launcher's process number. */
export const HELLO_BYTES = 8;

export interface LaunchRequest {
  readonly id: number;
  /** The only core of the program, or null for any. */
  readonly core: number | null;
  /** The only core of the launcher while the program runs, or null for any. */
  readonly homeCore: number | null;
  /** Priority, where the user may raise it. */
  readonly nice: number;
  readonly wallNs: number;
  readonly cpuNs: number;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  readonly fileBytes: number;
  /** Name of a file in the folder of inputs; empty for /dev/null. */
  readonly input: string;
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface LaunchAnswer {
  readonly id: number;
  readonly timedOut: boolean;
  readonly overMemory: boolean;
  readonly overOutput: boolean;
  readonly overProcesses: boolean;
  /** The program could not be started; `message` says why. */
  readonly failed: boolean;
  /** As wait4() gives it. */
  readonly waitStatus: number;
  /** Looks at the tree's memory. */
  readonly samples: number;
  readonly wallNs: number;
  readonly cpuNs: number;
  readonly peakBytes: number;
  /** What looking cost. */
  readonly samplerNs: number;
  readonly integralByteS: number;
  readonly outBytes: number;
  readonly errBytes: number;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly message: string;
}

/** A request with its length in front. */
export function encodeRequest(request: LaunchRequest): Uint8Array {
  const environment = Object.entries(request.env).map(([name, value]) => `${name}=${value}`);
  const texts = [request.input, request.cwd, ...request.argv, ...environment];
  const strings = new TextEncoder().encode(texts.map((text) => `${text}\0`).join(""));
  const bytes = new Uint8Array(4 + REQUEST_BYTES + strings.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_BYTES + strings.length, true);
  view.setUint32(4, request.id, true);
  view.setInt32(8, request.core ?? -1, true);
  view.setInt32(12, request.homeCore ?? -1, true);
  view.setInt32(16, request.nice, true);
  view.setUint32(20, request.argv.length, true);
  view.setUint32(24, environment.length, true);
  const numbers = [
    request.wallNs,
    request.cpuNs,
    request.memoryBytes,
    request.outputBytes,
    request.fileBytes,
  ];
  for (const [index, number] of numbers.entries()) {
    view.setBigUint64(28 + 8 * index, BigInt(Math.ceil(number)), true);
  }
  bytes.set(strings, 4 + REQUEST_BYTES);
  return bytes;
}

/** Cuts a stream of bytes into pieces of wanted lengths, without copying what is already there more than once. */
export interface ByteQueue {
  push(chunk: Uint8Array): void;
  /** The next `length` bytes, or null while there are fewer. */
  take(length: number): Uint8Array | null;
}

export function createByteQueue(): ByteQueue {
  const chunks: Uint8Array[] = [];
  let available = 0;
  return {
    push(chunk) {
      chunks.push(chunk);
      available += chunk.length;
    },
    take(length) {
      if (available < length) return null;
      available -= length;
      const taken = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const first = chunks[0] ?? new Uint8Array();
        const part = first.subarray(0, length - filled);
        taken.set(part, filled);
        filled += part.length;
        if (part.length === first.length) chunks.shift();
        else chunks[0] = first.subarray(part.length);
      }
      return taken;
    },
  };
}

/** Reads answers from a queue as they become complete. */
export interface AnswerReader {
  /** The next answer, or null while it is not complete. */
  next(): LaunchAnswer | null;
}

export function createAnswerReader(queue: ByteQueue): AnswerReader {
  let head: DataView | null = null;
  return {
    next() {
      if (head === null) {
        const bytes = queue.take(ANSWER_BYTES);
        if (bytes === null) return null;
        head = new DataView(bytes.buffer);
      }
      const outSent = u64(head, 64);
      const errSent = u64(head, 80);
      const body = queue.take(outSent + errSent + head.getUint32(88, true));
      if (body === null) return null;
      const answer = decodeAnswer(head, body, outSent, errSent);
      head = null;
      return answer;
    },
  };
}

// --- internal ---

/** sizeof(struct request). */
const REQUEST_BYTES = 64;

/** sizeof(struct answer). */
const ANSWER_BYTES = 96;

function decodeAnswer(head: DataView, body: Uint8Array, outSent: number, errSent: number): LaunchAnswer {
  const flags = head.getUint32(4, true);
  return {
    id: head.getUint32(0, true),
    timedOut: (flags & 1) !== 0,
    overMemory: (flags & 2) !== 0,
    overOutput: (flags & 4) !== 0,
    overProcesses: (flags & 8) !== 0,
    failed: (flags & 16) !== 0,
    waitStatus: head.getInt32(8, true),
    samples: head.getUint32(12, true),
    wallNs: u64(head, 16),
    cpuNs: u64(head, 24),
    peakBytes: u64(head, 32),
    samplerNs: u64(head, 40),
    integralByteS: head.getFloat64(48, true),
    outBytes: u64(head, 56),
    errBytes: u64(head, 72),
    stdout: body.subarray(0, outSent),
    stderr: body.subarray(outSent, outSent + errSent),
    message: new TextDecoder().decode(body.subarray(outSent + errSent)),
  };
}

function u64(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
