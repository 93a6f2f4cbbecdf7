/** Control groups, where this machine and user may make them: one for each box. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Host folders of a box's control group; with version 2 all are the same one. */
export interface CgroupFolders {
  readonly version: 1 | 2;
  readonly memory: string;
  readonly cpu: string;
  readonly pids: string;
}

export interface Cgroups {
  readonly version: 1 | 2;
  make(): CgroupFolders;
  /** Removes a group whose processes have ended. */
  remove(folders: CgroupFolders): Promise<void>;
}

/** Finds where groups of a version can be made; null where none can. */
export function findCgroups(version: 1 | 2, mostProcesses: number): Cgroups | null {
  const mounts = readMounts();
  const own = readOwn();
  const parent = (controller: string): string | null => {
    const mount = mounts.find(
      (entry) => entry.version === version && (version === 2 || entry.controllers.has(controller)),
    );
    const path = own.get(version === 2 ? "" : controller);
    if (mount === undefined || path === undefined) return null;
    return usableParent(
      mount.path,
      join(mount.path, path),
      NEEDED_FILE[controller]?.[version] ?? "cgroup.procs",
    );
  };
  const memory = parent("memory");
  const cpu = version === 2 ? memory : parent("cpuacct");
  const pids = version === 2 ? memory : parent("pids");
  if (memory === null || cpu === null || pids === null) return null;
  for (const folder of new Set([memory, cpu, pids])) removeForsaken(folder);
  let serial = 0;
  return {
    version,
    make() {
      const name = `perfagent-${process.pid}-${serial++}`;
      const folders = { version, memory: join(memory, name), cpu: join(cpu, name), pids: join(pids, name) };
      for (const folder of distinct(folders)) mkdirSync(folder, { recursive: true });
      // Beside the program there are the launcher and, for a moment, its child.
      writeFileSync(join(folders.pids, "pids.max"), String(mostProcesses + 2));
      return folders;
    },
    async remove(folders) {
      for (const folder of distinct(folders)) await removeFolder(folder);
    },
  };
}

// --- internal ---

/** A file that a new group has only if its controller is really there. */
const NEEDED_FILE: Readonly<Record<string, Readonly<Record<1 | 2, string>>>> = {
  memory: { 1: "memory.limit_in_bytes", 2: "memory.max" },
  cpuacct: { 1: "cpuacct.usage", 2: "cpu.stat" },
  pids: { 1: "pids.max", 2: "pids.max" },
};

/** The kernel lets go of a group a moment after its last process. */
const REMOVE_ATTEMPTS = 50;
const REMOVE_PAUSE_MS = 4;

interface Mount {
  readonly version: 1 | 2;
  readonly path: string;
  readonly controllers: ReadonlySet<string>;
}

function readMounts(): Mount[] {
  return lines("/proc/self/mountinfo").flatMap((line): Mount[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [type, , options = ""] = after.split(" ");
    const path = before.split(" ")[4] ?? "";
    if (type === "cgroup") return [{ version: 1, path, controllers: new Set(options.split(",")) }];
    return type === "cgroup2" ? [{ version: 2, path, controllers: new Set() }] : [];
  });
}

/** Our own groups: controller → path, the empty controller for version 2. */
function readOwn(): Map<string, string> {
  const own = new Map<string, string>();
  for (const line of lines("/proc/self/cgroup")) {
    const [, controllers = "", ...path] = line.split(":");
    for (const controller of controllers.split(",")) own.set(controller, path.join(":"));
  }
  return own;
}

/** The nearest group above ours in which we may make another one that has the controller. */
function usableParent(root: string, start: string, neededFile: string): string | null {
  for (let folder = start; folder.startsWith(root); folder = dirname(folder)) {
    const trial = join(folder, `perfagent-trial-${process.pid}`);
    try {
      mkdirSync(trial);
    } catch {
      // Not ours to write: a group further up may be.
      continue;
    }
    const usable =
      existsSync(join(trial, neededFile)) &&
      (neededFile === "pids.max" || existsSync(join(trial, "cgroup.procs")));
    rmdirSync(trial);
    if (usable) return folder;
  }
  return null;
}

/** Groups of perfagents that were killed and could not remove them. One that is in use cannot be removed. */
function removeForsaken(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^perfagent-(?:trial-)?(\d+)/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    try {
      rmdirSync(join(parent, name));
    } catch {
      // Still in use, or removed by another perfagent first.
    }
  }
}

function distinct(folders: CgroupFolders): Set<string> {
  return new Set([folders.memory, folders.cpu, folders.pids]);
}

async function removeFolder(folder: string): Promise<void> {
  for (let attempt = 1; existsSync(folder); attempt += 1) {
    try {
      rmdirSync(folder);
      return;
    } catch (error) {
      if (attempt === REMOVE_ATTEMPTS) throw error;
      await Bun.sleep(REMOVE_PAUSE_MS);
    }
  }
}

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
}
