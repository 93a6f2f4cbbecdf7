import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";

/** What was read, or that there was more than was allowed. */
export type ReadResult = { readonly bytes: Uint8Array } | { readonly tooLarge: true };

/**
 * Reads a path (or, for `-`, standard input) to its end. What may keep a reader waiting (a pipe, a socket, a terminal) is
 * read without blocking the process, so that an interrupt is noticed.
 *
 * @param maxBytes Nothing beyond is read: `/dev/zero` has no end.
 * @throws The system's error, or the signal's reason when it is aborted while waiting.
 */
export async function readAll(path: string, maxBytes: number, signal: AbortSignal): Promise<ReadResult> {
  const isStdin = path === "-";
  const stats = isStdin ? fstatSync(0) : statSync(path);
  if (stats.isDirectory()) throw Object.assign(new Error("EISDIR"), { code: "EISDIR" });
  if (await mayWait(stats, isStdin))
    return readStream(isStdin ? Bun.stdin : Bun.file(path), maxBytes, signal);
  const fd = isStdin ? 0 : openSync(path, "r");
  try {
    return readDescriptor(fd, maxBytes);
  } finally {
    if (!isStdin) closeSync(fd);
  }
}

// --- internal ---

const CHUNK_BYTES = 256 * 1024;

async function mayWait(stats: Stats, isStdin: boolean): Promise<boolean> {
  if (stats.isFIFO() || stats.isSocket()) return true;
  // Loaded only here: it costs more than a small file's reading.
  return isStdin && stats.isCharacterDevice() && (await import("node:tty")).isatty(0);
}

function readDescriptor(fd: number, maxBytes: number): ReadResult {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) return { bytes: Buffer.concat(chunks) };
    size += count;
    if (size > maxBytes) return { tooLarge: true };
    chunks.push(chunk.subarray(0, count));
  }
}

async function readStream(file: Blob, maxBytes: number, signal: AbortSignal): Promise<ReadResult> {
  signal.throwIfAborted();
  const reader = file.stream().getReader();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  // Without this, an abort after the last read would be an unhandled rejection.
  aborted.promise.catch(() => {});
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), aborted.promise]);
      if (done) return { bytes: Buffer.concat(chunks) };
      size += value.length;
      if (size > maxBytes) return { tooLarge: true };
      chunks.push(value);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
