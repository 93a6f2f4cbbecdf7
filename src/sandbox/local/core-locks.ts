/**
 * Cores between processes: two perfagents on one machine would time programs on the same core, at the same time. A lock
 * file for each core, held while a timed program has it, keeps them apart; the system drops it when its holder dies.
 */
import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryLockFile } from "../../lib/file-lock.ts";
import type { Cores } from "./cores.ts";

/** The same schedule, in which timed programs also wait for those of other processes, in bounds. */
export function lockedBetweenProcesses(cores: Cores, folder: string = tmpdir()): Cores {
  if (process.platform !== "linux") return cores;
  return {
    async lease(purpose, signal) {
      const lease = await cores.lease(purpose, signal);
      if (purpose === "check" || lease.core === null) return lease;
      const file = openLock(join(folder, `perfagent-core-${lease.core}.lock`));
      if (file === null) return lease;
      const giveUp = performance.now() + LONGEST_WAIT_MS;
      while (!tryLockFile(file) && performance.now() < giveUp && !signal.aborted) await Bun.sleep(POLL_MS);
      return {
        ...lease,
        release() {
          closeSync(file);
          lease.release();
        },
      };
    },
  };
}

// --- internal ---

/** A pass over a hundred tests takes seconds; who waits this long measures beside somebody rather than not at all. */
const LONGEST_WAIT_MS = 5000;
const POLL_MS = 2;

/** Opened for reading where it exists: that is enough for a lock, and all that another user's file allows. */
function openLock(path: string): number | null {
  for (const flags of ["r", "wx", "r"]) {
    try {
      return openSync(path, flags, 0o644);
    } catch {
      // Not there yet, or there by now.
    }
  }
  return null;
}
