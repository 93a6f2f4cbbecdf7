/** The command line of bubblewrap for a box. Pure. */
import type { BaseEntry } from "./base-system.ts";
import type { BoxMount } from "./types.ts";

export interface BubblewrapBox {
  /** Absolute path of bwrap. */
  readonly bwrap: string;
  readonly base: readonly BaseEntry[];
  readonly mounts: readonly BoxMount[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly tmpBytes: number;
}

/** Arguments up to and without the command. */
export function bubblewrapArgv(box: BubblewrapBox): string[] {
  const argv = [
    box.bwrap,
    "--unshare-user-try",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
  ];
  argv.push("--die-with-parent", "--as-pid-1", "--hostname", "box", "--clearenv");
  for (const entry of box.base) {
    if (entry.kind === "bind") argv.push("--ro-bind", entry.path, entry.path);
    else argv.push("--symlink", entry.target, entry.path);
  }
  argv.push("--proc", "/proc", "--dev", "/dev");
  argv.push("--perms", "1777", "--size", String(box.tmpBytes), "--tmpfs", "/tmp");
  argv.push("--perms", "1777", "--size", String(box.tmpBytes), "--tmpfs", "/dev/shm");
  for (const mount of box.mounts) {
    argv.push(mount.writable ? "--bind" : "--ro-bind", mount.source, mount.target);
  }
  argv.push("--remount-ro", "/dev", "--remount-ro", "/");
  for (const [name, value] of Object.entries(box.env)) argv.push("--setenv", name, value);
  argv.push("--chdir", box.cwd, "--");
  return argv;
}
