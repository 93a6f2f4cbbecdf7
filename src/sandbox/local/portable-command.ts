/** Command lines of the portable path: a box made by others' tools around one command. Pure. */
import type { BaseEntry } from "./base-system.ts";
import { bubblewrapMounts } from "./bubblewrap.ts";
import { type Host, MOST_PROCESSES, type Tier } from "./isolation.ts";
import type { BoxMount } from "./types.ts";

export interface PortableCommand {
  readonly tier: Tier;
  readonly host: Host;
  readonly mounts: readonly BoxMount[];
  readonly tmpBytes: number;
  readonly fileBytes: number;
  readonly cpuSeconds: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  /** An empty folder: the root of an L4 box while it is made, the programs' /tmp in L5. */
  readonly folder: string;
}

/** Processes between the one that is spawned and the program. */
export const DEPTH_OF_PROGRAM: Readonly<Record<Tier, number>> = { L1: 2, L2: 2, L3: 2, L4: 2, L5: 1 };

/**
 * The command to spawn, with descriptors 0, 1 and 2 for the program and 3 for the report, which ends in "exit CODE" and
 * has a shell's word for a signal before it.
 */
export function portableArgv(command: PortableCommand): string[] {
  // POSIX counts in blocks of 512 bytes.
  const fileBlocks = Math.ceil(command.fileBytes / 512);
  const limits = [String(fileBlocks), String(command.cpuSeconds), String(MOST_PROCESSES)];
  const environment = Object.entries(command.env).map(([name, value]) => `${name}=${value}`);
  const inside = ["/bin/sh", "-c", AROUND_PROGRAM, "sh", ...limits, command.cwd];
  inside.push("/usr/bin/env", "-i", ...environment, ...command.argv);
  if (command.tier === "L5") return inside;
  if (command.tier === "L4") return [...unshareArgv(command), ...inside];
  if (command.host.bwrap === null) throw new Error(`Tier ${command.tier} needs bubblewrap`);
  return [
    command.host.bwrap,
    ...["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"],
    // The shell is process 1, so that the program's CPU time reaches us and its signals work.
    ...[
      "--die-with-parent",
      "--as-pid-1",
      "--hostname",
      "box",
      "--clearenv",
      "--proc",
      "/proc",
      "--dev",
      "/dev",
    ],
    ...bubblewrapMounts(command.host.base, command.mounts),
    ...["--perms", "1777", "--size", String(command.tmpBytes), "--tmpfs", "/tmp"],
    ...["--perms", "1777", "--size", String(command.tmpBytes), "--tmpfs", "/dev/shm"],
    ...["--ro-bind", "/proc/sys", "/proc/sys", "--remount-ro", "/dev", "--remount-ro", "/", "--"],
    ...inside,
  ];
}

// --- internal ---

/** The program gets its three streams and nothing else; what the shell has to say goes to the report. */
const AROUND_PROGRAM = `exec 4>&2 2>&3 3>&-
ulimit -c 0; ulimit -s unlimited; ulimit -f "$1"; ulimit -t "$2"
ulimit -u "$3" 2>/dev/null || ulimit -p "$3" 2>/dev/null
cd "$4" || exit 1
shift 4
(exec "$@" 2>&4 4>&-)
code=$?
echo "exit $code" >&2
exit $code`;

/** Makes a box as the launcher would, with util-linux's tools; words are "ro|rw SOURCE TARGET" and "ln TEXT PATH". */
const MAKE_BOX = `set -e
root=$1 size=$2
shift 2
mount --make-rslave /
mount -t tmpfs -o nosuid,nodev,size=1m,mode=755 tmpfs "$root"
cd "$root"
mkdir old proc dev dev/shm tmp
mount -t proc -o nosuid,nodev,noexec proc proc
show() {
  case $2 in */*) mkdir -p "\${2%/*}";; esac
  if [ -d "$1" ]; then mkdir -p "$2"; else : > "$2"; fi
  mount --rbind "$1" "$2"
}
for device in null zero full random urandom; do show "/dev/$device" "dev/$device"; done
ln -s /proc/self/fd dev/fd
for number in 0 1 2; do ln -s "/proc/self/fd/$number" "dev/$number"; done
mv dev/0 dev/stdin; mv dev/1 dev/stdout; mv dev/2 dev/stderr
while [ "$1" != -- ]; do
  case $1 in
  ln) case \${3#/} in */*) mkdir -p "\${3%/*}";; esac; ln -s "$2" "\${3#/}";;
  ro) show "$2" "\${3#/}"; mount -o remount,bind,ro "\${3#/}";;
  rw) show "$2" "\${3#/}";;
  esac
  shift 3
done
shift
mount -t tmpfs -o "nosuid,nodev,size=$size,mode=1777" tmpfs tmp
mount -t tmpfs -o "nosuid,nodev,size=$size,mode=1777" tmpfs dev/shm
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
pivot_root . old
cd /
umount -l old
mount -o remount,bind,ro,nosuid,nodev /
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"`;

function unshareArgv({ host, mounts, folder, tmpBytes }: PortableCommand): string[] {
  if (host.unshare === null) throw new Error("Tier L4 needs unshare");
  return [
    host.unshare,
    ...["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts"],
    ...["/bin/sh", "-c", MAKE_BOX, "sh", folder, String(tmpBytes)],
    ...host.base.flatMap(baseWords),
    ...mounts.flatMap(({ source, target, writable }) => [writable ? "rw" : "ro", source, target]),
    "--",
  ];
}

function baseWords(entry: BaseEntry): string[] {
  return entry.kind === "bind" ? ["ro", entry.path, entry.path] : ["ln", entry.target, entry.path];
}
