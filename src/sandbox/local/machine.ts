/** Cores of this machine, and keeping perfagent's own threads off some of them. */
import { FFIType, ptr } from "bun:ffi";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { openCLibrary } from "../../lib/c-library.ts";
import type { PhysicalCore } from "./cores.ts";

/** The cores that this process may use, grouped by physical core. */
export function physicalCores(): PhysicalCore[] {
  const allowed = allowedCores();
  const groups = new Map<string, number[]>();
  for (const core of allowed) {
    const siblings = siblingsOf(core);
    groups.set(siblings, [...(groups.get(siblings) ?? []), core]);
  }
  return [...groups.values()];
}

/** Places threads on cores. */
export interface Pinning {
  /** Moves all threads of this process away from some cores, or back when there are none. */
  keepOff(cores: readonly number[]): void;
  /** Binds another process, and what it will start, to one core. */
  pin(pid: number, core: number): void;
}

/** Null where the platform cannot. */
export function createPinning(): Pinning | null {
  if (process.platform !== "linux") return null;
  const library = openCLibrary({
    sched_setaffinity: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  });
  if (library === null) return null;
  const allowed = allowedCores();
  // A thread that has just ended is no failure, so the answer is not looked at.
  const place = (thread: number, cores: readonly number[]): void => {
    const mask = new Uint8Array(MASK_BYTES);
    for (const core of cores) mask[core >> 3] = (mask[core >> 3] ?? 0) | (1 << (core & 7));
    library.sched_setaffinity(thread, MASK_BYTES, ptr(mask));
  };
  return {
    keepOff(cores) {
      const others = allowed.filter((core) => !cores.includes(core));
      for (const thread of readdirSync("/proc/self/task")) {
        place(Number(thread), others.length > 0 ? others : allowed);
      }
    },
    pin: (pid, core) => place(pid, [core]),
  };
}

// --- internal ---

/** Room for 1024 cores, the C library's own cpu_set_t. */
const MASK_BYTES = 128;

function allowedCores(): number[] {
  const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1];
  if (list === undefined) return Array.from({ length: availableParallelism() }, (_, core) => core);
  return parseCoreList(list);
}

/** "0-2,5" → 0, 1, 2, 5. */
function parseCoreList(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function siblingsOf(core: number): string {
  const path = `/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`;
  return existsSync(path) ? readFileSync(path, "utf8").trim() : String(core);
}
