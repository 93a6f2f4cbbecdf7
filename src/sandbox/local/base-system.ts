/** The part of the host that every box shows, read-only: what runs programs, and nothing that tells about people. */
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";

/** An entry of the base system. */
export type BaseEntry =
  | { readonly kind: "bind"; readonly path: string }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

/** What of the base system exists on this machine, in the order of mounting. */
export function baseSystem(): BaseEntry[] {
  const etc = listing("/etc").filter((name) => JAVA_CONFIGURATION.test(name));
  const paths = [...PROGRAM_DIRECTORIES, ...ETC_FILES, ...etc.map((name) => `/etc/${name}`)];
  return paths.flatMap((path): BaseEntry[] => {
    if (!existsSync(path)) return [];
    if (!lstatSync(path).isSymbolicLink()) return [{ kind: "bind", path }];
    return [{ kind: "symlink", path, target: readlinkSync(path) }];
  });
}

/** True for a path that every box shows anyway. */
export function isInBaseSystem(path: string): boolean {
  return PROGRAM_DIRECTORIES.some((directory) => path === directory || path.startsWith(`${directory}/`));
}

// --- internal ---

/** Programs and libraries. /nix/store holds both on NixOS. */
const PROGRAM_DIRECTORIES = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/nix/store",
] as const;

/** How the dynamic linker and Debian's alternatives find things; no accounts, no host name, no network. */
const ETC_FILES = ["/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"] as const;

/** Debian's and Fedora's JDKs keep security and font settings outside /usr. */
const JAVA_CONFIGURATION = /^java(?:-|$)/;

function listing(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
