import { dlopen, type FFIFunction } from "bun:ffi";

/**
 * Functions of the system's C library; null where there is none that we know by name.
 * @param functions Their types, by name.
 */
export function openCLibrary<Functions extends Record<string, FFIFunction>>(functions: Functions) {
  for (const name of NAMES) {
    try {
      return dlopen(name, functions).symbols;
    } catch {
      // The other C library has the other name.
    }
  }
  return null;
}

// --- internal ---

/** GNU's and musl's on Linux, or macOS's. */
const NAMES: readonly string[] =
  process.platform === "darwin"
    ? ["libSystem.B.dylib"]
    : ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];
