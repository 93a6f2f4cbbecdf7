/** A process and all below it, as /proc shows them. */
import { readdirSync, readFileSync } from "node:fs";

/** One process of a tree at one moment. */
export interface TreeProcess {
  readonly pid: number;
  /** Distance from the root, which is 0. */
  readonly depth: number;
  readonly residentBytes: number;
  /** Of it, files in memory. */
  readonly sharedBytes: number;
  /** Highest resident memory since it became the program that it is. */
  readonly highestBytes: number;
}

/** The processes below a root, the root first. Those that end while we look are left out. */
export function readTree(root: number): TreeProcess[] {
  const found: TreeProcess[] = [];
  const pending: { pid: number; depth: number }[] = [{ pid: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { pid, depth } = next;
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      const kib = (key: string): number =>
        Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      found.push({
        pid,
        depth,
        residentBytes: kib("VmRSS") * 1024,
        sharedBytes: kib("RssShmem") * 1024,
        highestBytes: kib("VmHWM") * 1024,
      });
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim();
        if (children === "") continue;
        for (const child of children.split(" ")) pending.push({ pid: Number(child), depth: depth + 1 });
      }
    } catch {
      // Ended between two looks.
    }
  }
  return found;
}
