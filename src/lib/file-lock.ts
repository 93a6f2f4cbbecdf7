/** Advisory whole-file locks that die with their process, so that a crash leaves nothing to clean up. */
import { dlopen, FFIType } from "bun:ffi";

/** From <sys/file.h>, the same on Linux and macOS. */
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes the exclusive lock of an open file without waiting. The lock is released when the descriptor is closed or the
 * process ends, however it ends; children do not inherit it because Bun's descriptors are close-on-exec.
 *
 * @returns false when another process holds it.
 */
export function tryLockFile(fd: number): boolean {
  return libc().symbols.flock(fd, LOCK_EX | LOCK_NB) === 0;
}

// --- internal ---

function openLibc() {
  const name = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
  return dlopen(name, { flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });
}

let opened: ReturnType<typeof openLibc> | undefined;

function libc(): ReturnType<typeof openLibc> {
  opened ??= openLibc();
  return opened;
}
