import type { ExecResult } from "../types.ts";

/** Bytes of an output that are kept when there is more than anybody reads: 64 KiB, as every result promises. */
export const KEPT_BYTES = 64 * 1024;

/** A result of nothing but its status: no output, no numbers. */
export function emptyResult(status: ExecResult["status"], message = ""): ExecResult {
  return {
    status,
    exitCode: null,
    signal: null,
    wallNs: null,
    cpuUs: null,
    peakBytes: null,
    integralByteS: null,
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
    stdoutTruncated: false,
    stderrTruncated: false,
    message,
  };
}
