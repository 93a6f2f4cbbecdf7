/** Advisory whole-file locks that die with their process, so that a crash leaves nothing to clean up. */
import { FFIType } from "bun:ffi";
import { openCLibrary } from "./c-library.ts";

/** From <sys/file.h>, the same on Linux and macOS. */
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the exclusive lock of an open file without waiting. The lock is released when the descriptor is closed or the
 * process ends, however it ends; children do not inherit it because Bun's descriptors are close-on-exec.
 *
 * @returns false when another process holds it.
 * @throws Error where the system's C library cannot be opened: nothing is then known of other processes.
 */
export function tryLockFile(fd: number): boolean {
  library ??= openCLibrary({ flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });
  if (library === null) throw new Error("Cannot lock a file: the system's C library was not found");
  return library.flock(fd, LOCK_EX | LOCK_NB) === 0;
}

// --- internal ---

let library: { flock(fd: number, operation: number): number } | null | undefined;
