import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type ErrorCode, PerfagentError } from "../errors.ts";
import { atomicWriteSync } from "../lib/atomic-write.ts";
import { reasonOf } from "./reasons.ts";
import { writeStdout } from "./stdout.ts";

export interface ReadOptions {
  /** What the file is, for messages: "the instance", "the model's answer". Default: "the file". */
  readonly what?: string;
  /** The kind of failure, and so the exit code. Default: `instance`. */
  readonly code?: ErrorCode;
  /** Bytes above which the file is refused. Default: 1 GiB, which keeps `/dev/zero` from filling the memory. */
  readonly maxBytes?: number;
}

/**
 * Reads a file; `-` reads standard input to its end.
 *
 * @throws PerfagentError with `options.code` when it is missing, a directory, unreadable or too large.
 */
export async function readBytes(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
  const { what = "the file", code = "instance", maxBytes = GIBIBYTE } = options;
  const shown = path === "-" ? "standard input" : `'${path}'`;
  const failed = (why: string, hint = "", cause?: unknown) =>
    new PerfagentError(code, `Cannot read ${what} from ${shown}: ${why}`, { hint, cause });
  if (path === "") throw failed("the path is empty; a file, or - for standard input, is wanted");
  if (path === "-" && standardInputReader !== null) {
    throw failed(`it was already read as ${standardInputReader}; only one file can be -`);
  }
  if (path === "-") standardInputReader = what;
  let fd = 0;
  try {
    if (path !== "-") fd = openSync(path, "r");
    if (path !== "-" && fstatSync(fd).isDirectory()) throw failed("it is a directory; a file is wanted");
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = await readChunk(fd, chunk);
      if (count === 0) break;
      size += count;
      if (size > maxBytes) throw failed(`it is larger than ${maxBytes} bytes`);
      chunks.push(chunk.subarray(0, count));
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof PerfagentError) throw error;
    throw failed(reasonOf(error), "", error);
  } finally {
    if (fd > 2) closeSync(fd);
  }
}

/**
 * Reads a file as UTF-8 text, without its byte order mark; `-` reads standard input.
 *
 * @throws PerfagentError with `options.code` when it cannot be read or is not UTF-8.
 */
export async function readText(path: string, options: ReadOptions = {}): Promise<string> {
  const bytes = await readBytes(path, options);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const shown = path === "-" ? "standard input" : `'${path}'`;
    throw new PerfagentError(
      options.code ?? "instance",
      `Cannot read ${options.what ?? "the file"} from ${shown}: it is not UTF-8 text`,
      { hint: "Convert it to UTF-8 first" },
    );
  }
}

/**
 * Writes a result; `-` writes to standard output. A file is replaced as a whole or not at all.
 *
 * @throws PerfagentError `output` naming the path.
 */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  if (path === "-") return writeStdout(content);
  try {
    atomicWriteSync(path, content);
  } catch (error) {
    throw new PerfagentError("output", `Cannot write '${path}': ${reasonOf(error)}`, { cause: error });
  }
}

// --- internal ---

const GIBIBYTE = 2 ** 30;
const CHUNK_BYTES = 256 * 1024;
const RETRY_MS = 5;

/** What standard input was read as; it can be read once. */
let standardInputReader: string | null = null;

/** One read; standard input may be non-blocking (`EAGAIN`), and a closed one counts as empty. */
async function readChunk(fd: number, into: Buffer): Promise<number> {
  for (;;) {
    try {
      return readSync(fd, into, 0, into.length, null);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "";
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      await Bun.sleep(RETRY_MS);
    }
  }
}
