/** The command line of bubblewrap for a box. Pure. */
import { dirname } from "node:path";
import type { BaseEntry } from "./base-system.ts";
import type { BoxMount } from "./types.ts";

export interface BubblewrapBox {
  /** Absolute path of bwrap. */
  readonly bwrap: string;
  readonly base: readonly BaseEntry[];
  readonly mounts: readonly BoxMount[];
  /** True when we are the system's administrator: the box then needs no user namespace. */
  readonly root: boolean;
}

/**
 * Arguments up to and without the command. What runs in the box has all capabilities over it, to prepare it and to give
 * them up: the launcher, or the portable path's own commands.
 */
export function bubblewrapArgv(box: BubblewrapBox): string[] {
  const argv = [box.bwrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"];
  // User 0 inside: with another one bubblewrap nests a second namespace, which does not own the mounts.
  if (!box.root) argv.push("--unshare-user", "--uid", "0", "--gid", "0");
  // No reaper of bubblewrap's: it would hide the program's CPU time. No new session either: a box that is killed while
  // it starts is only reached through its process group.
  argv.push("--cap-add", "ALL", "--die-with-parent", "--as-pid-1", "--hostname", "box", "--clearenv");
  argv.push("--proc", "/proc", "--dev", "/dev", "--perms", "0755", "--dir", "/tmp");
  argv.push(...bubblewrapMounts(box.base, box.mounts));
  return [...argv, "--"];
}

/** The mounts of a box, and the folders on the way to them. */
export function bubblewrapMounts(base: readonly BaseEntry[], mounts: readonly BoxMount[]): string[] {
  const argv: string[] = [];
  const folders = new Set<string>();
  const entries = [...base.map(({ path }) => path), ...mounts.map(({ target }) => target)];
  for (const path of entries) for (const parent of parents(path)) folders.add(parent);
  // Folders that bubblewrap makes on the way to a mount are closed to other users.
  for (const folder of [...folders].sort()) argv.push("--perms", "0755", "--dir", folder);
  for (const entry of base) {
    if (entry.kind === "bind") argv.push("--ro-bind", entry.path, entry.path);
    else argv.push("--symlink", entry.target, entry.path);
  }
  for (const mount of mounts) {
    argv.push(mount.writable ? "--bind" : "--ro-bind", mount.source, mount.target);
  }
  return argv;
}

// --- internal ---

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === "/" ? [] : [...parents(parent), parent];
}
