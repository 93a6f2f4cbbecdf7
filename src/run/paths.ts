/** Where the files of a run are, and how earlier ones are kept. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PerfagentError, systemReason } from "../errors.ts";
import { atomicWriteSync, documentOfTemporary } from "../lib/atomic-write.ts";

/** The files of one run, in its own folder. */
export interface RunPaths {
  readonly directory: string;
  readonly trajectory: string;
  readonly journal: string;
  readonly problem: string;
  readonly prediction: string;
  readonly result: string;
  readonly log: string;
  readonly ioLog: string;
}

/**
 * @param baseDir Folder of all runs; each has a folder of its task's name in it.
 * @param logDir Folder of the logs; null keeps them with the other files.
 */
export function runPaths(baseDir: string, taskName: string, logDir: string | null): RunPaths {
  const directory = join(baseDir, taskName);
  const logs = logDir === null ? directory : join(logDir, taskName);
  return {
    directory,
    trajectory: join(directory, `${taskName}.traj`),
    journal: join(directory, `${taskName}.journal.jsonl`),
    problem: join(directory, `${taskName}.problem`),
    prediction: join(directory, `${taskName}.pred`),
    result: join(directory, "result.json"),
    log: join(logs, "perfagent.log"),
    ioLog: join(logs, "llm_io.log"),
  };
}

/**
 * Makes a folder and those above it.
 * @throws PerfagentError `output` with the path.
 */
export function makeDirectory(path: string): void {
  attempt(`make the folder '${path}'`, () => mkdirSync(path, { recursive: true }));
}

/**
 * Replaces a file as a whole.
 * @throws PerfagentError `output` with the path; the earlier file is untouched.
 */
export function writeFileWhole(path: string, content: string): void {
  attempt(`write '${path}'`, () => atomicWriteSync(path, content));
}

/**
 * Removes what a process that was killed in the middle of writing a document left beside it.
 * @param isOurs Which documents no other process writes now, by their names.
 * @throws PerfagentError `output` with the path.
 */
export function removeUnfinishedFiles(directory: string, isOurs: (document: string) => boolean): void {
  attempt(`clear '${directory}' of unfinished files`, () => {
    for (const name of readdirSync(directory)) {
      const document = documentOfTemporary(name);
      if (document !== null && isOurs(document)) rmSync(join(directory, name), { force: true });
    }
  });
}

/** Folder, inside a run's own, that holds the files of earlier runs. */
const EARLIER = "earlier";

/** Names of the files that an earlier run left in a run's folder. */
export function earlierFiles(paths: RunPaths): readonly string[] {
  return existsSync(paths.directory) ? readdirSync(paths.directory).filter((name) => name !== EARLIER) : [];
}

/**
 * Moves the files of an earlier run into `earlier/<n>` of the same folder, so that a new run loses nothing of them.
 * @param names As {@link earlierFiles} found them, before the new run wrote anything.
 * @throws PerfagentError `output` with the path.
 */
export function setAside(paths: RunPaths, names: readonly string[]): void {
  if (names.length === 0) return;
  attempt(`keep the files of the earlier run in '${paths.directory}' aside`, () => {
    const parent = join(paths.directory, EARLIER);
    mkdirSync(parent, { recursive: true });
    let number = readdirSync(parent).length + 1;
    while (existsSync(join(parent, String(number)))) number += 1;
    const target = join(parent, String(number));
    mkdirSync(target);
    for (const name of names) renameSync(join(paths.directory, name), join(target, name));
  });
}

// --- internal ---

function attempt<T>(action: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new PerfagentError("output", `Cannot ${action}: ${systemReason(error)}`, {
      hint: "Choose another place with --base-dir, or make room",
      cause: error,
    });
  }
}
