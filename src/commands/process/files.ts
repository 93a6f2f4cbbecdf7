import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { type ErrorCode, interruptedError, PerfagentError, systemReason } from "../../errors.ts";
import { atomicWriteSync } from "../../lib/atomic-write.ts";
import { interruptSignal } from "./interrupt.ts";
import { readAll } from "./read-all.ts";
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
 * @throws PerfagentError with `options.code` when it is missing, a directory, unreadable or too large; `interrupted`
 * while it waits for a pipe or a terminal.
 */
export async function readBytes(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
  const { what = "the file", code = "instance", maxBytes = GIBIBYTE } = options;
  const shown = path === "-" ? "standard input" : `'${path}'`;
  const failed = (why: string, cause?: unknown) =>
    new PerfagentError(code, `Cannot read ${what} from ${shown}: ${why}`, { cause });
  if (path === "") throw failed("the path is empty; a file, or - for standard input, is wanted");
  if (path === "-" && standardInputReader !== null) {
    throw failed(`it was already read as ${standardInputReader}; only one file can be -`);
  }
  if (path === "-") standardInputReader = what;
  try {
    const result = await readAll(path, maxBytes, interruptSignal);
    if ("tooLarge" in result) throw failed(`it is larger than ${maxBytes} bytes`);
    return result.bytes;
  } catch (error) {
    if (interruptSignal.aborted) throw interruptedError();
    if (error instanceof PerfagentError) throw error;
    throw failed(systemReason(error), error);
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
 * Checks that a result can be written to a path, so that a long run does not end in an error that could have been known
 * at its start. `-` always can.
 *
 * @throws PerfagentError `output` naming the path.
 */
export function ensureWritable(path: string): void {
  if (path === "-") return;
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) throw Object.assign(new Error("EISDIR"), { code: "EISDIR" });
    // A file is replaced by a new one beside it; a device is written to itself.
    accessSync(stats === undefined || stats.isFile() ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, error);
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
    throw cannotWrite(path, error);
  }
}

// --- internal ---

const GIBIBYTE = 2 ** 30;

/** What standard input was read as; it can be read once. */
let standardInputReader: string | null = null;

function cannotWrite(path: string, error: unknown): PerfagentError {
  return new PerfagentError("output", `Cannot write '${path}': ${systemReason(error)}`, { cause: error });
}
