/** One batch at a time in one folder; shards of one batch have a lock each. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { PerfagentError, systemReason } from "../errors.ts";
import { tryLockFile } from "../lib/file-lock.ts";
import type { Shard } from "./tasks.ts";

/**
 * Takes the folder for this process until `release` is called or the process ends.
 * @throws PerfagentError `output` naming the process that has it.
 */
export function lockBatch(baseDir: string, shard: Shard | null): { release(): void } {
  const path = join(baseDir, `${batchFileStem(shard)}.lock`);
  const cannotWrite = (error: unknown) =>
    new PerfagentError("output", `Cannot write '${path}': ${systemReason(error)}`, {
      hint: "Choose another place with --base-dir, or make room",
    });
  let fd: number;
  try {
    fd = openSync(path, "a+");
  } catch (error) {
    throw cannotWrite(error);
  }
  if (!tryLockFile(fd)) {
    const owner = readFileSync(path, "utf8").trim();
    closeSync(fd);
    throw new PerfagentError(
      "output",
      `Cannot work in '${baseDir}': ${owner || "another process"} runs a batch there`,
      {
        hint: "Wait until it is finished, stop it, or choose another place with --base-dir",
      },
    );
  }
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, `process ${process.pid} on ${hostname()}\n`);
  } catch (error) {
    closeSync(fd);
    throw cannotWrite(error);
  }
  return { release: () => closeSync(fd) };
}

/** Beginning of the names of a batch's own files. */
export function batchFileStem(shard: Shard | null): string {
  return shard === null ? "batch" : `batch.${shard.index}-of-${shard.count}`;
}
