import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/**
 * The number of physical cores this process may use, at least 1: two hardware threads of one core count once. Where the
 * system does not tell (another platform than Linux), every thread counts as a core.
 */
export function physicalCores(): number {
  const usable = availableParallelism();
  try {
    const cores = readdirSync(CPU_DIR)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => readFileSync(`${CPU_DIR}/${name}/topology/thread_siblings_list`, "utf8").trim());
    return Math.max(1, Math.min(new Set(cores).size, usable));
  } catch {
    return usable; // No such folder, or a machine that hides it.
  }
}

// --- internal ---

const CPU_DIR = "/sys/devices/system/cpu";
