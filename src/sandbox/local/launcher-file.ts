/**
 * The launcher's executable: the one inside perfagent's own file, or one compiled from the sources it carries. Either way
 * it lies in the cache under the hash of what it is made from, so two versions never meet.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../errors.ts";
import type { Logger } from "../../types.ts";
import box from "./launcher/box.c" with { type: "text" };
import cgroup from "./launcher/cgroup.c" with { type: "text" };
import divide from "./launcher/divide.c" with { type: "text" };
import filter from "./launcher/filter.c" with { type: "text" };
import job from "./launcher/job.c" with { type: "text" };
import header from "./launcher/launcher.h" with { type: "text" };
import main from "./launcher/main.c" with { type: "text" };
import tree from "./launcher/tree.c" with { type: "text" };

export interface LauncherFileOptions {
  readonly cacheDir: string;
  /** Where compilers are looked for. */
  readonly path: string;
  readonly logger: Logger;
}

/** The launcher's sources by file name. */
export const LAUNCHER_SOURCES: Readonly<Record<string, string>> = {
  "launcher.h": header,
  "main.c": main,
  "box.c": box,
  "cgroup.c": cgroup,
  "divide.c": divide,
  "filter.c": filter,
  "tree.c": tree,
  "job.c": job,
};

/** Name of the built launcher for this processor, as the build embeds it in a folder named `launcher`. */
export const LAUNCHER_NAME = `launcher-${process.arch}`;

/** Path of an executable launcher, or null where there is none and none can be made. */
export async function findLauncher(options: LauncherFileOptions): Promise<string | null> {
  if (process.platform !== "linux" || !PROCESSORS.has(process.arch)) return null;
  const folder = join(options.cacheDir, "launcher");
  try {
    mkdirSync(folder, { recursive: true });
    const embedded = join(import.meta.dir, "launcher", LAUNCHER_NAME);
    if (existsSync(embedded)) return extract(folder, readFileSync(embedded));
    return await compileCached(folder, options);
  } catch (error) {
    options.logger.warn(`Measuring without the launcher: ${messageOf(error)}`);
    return null;
  }
}

/**
 * Compiles the launcher.
 * @returns Null when `path` has no C compiler.
 * @throws Error with the compiler's words.
 */
export async function compileLauncher(outFile: string, path: string): Promise<string | null> {
  const compiler = COMPILERS.map((name) => Bun.which(name, { PATH: path })).find((found) => found !== null);
  if (compiler === undefined || compiler === null) return null;
  const folder = mkdtempSync(`${outFile}-`);
  try {
    for (const [name, text] of Object.entries(LAUNCHER_SOURCES)) writeFileSync(join(folder, name), text);
    const sources = Object.keys(LAUNCHER_SOURCES).filter((name) => name.endsWith(".c"));
    const built = join(folder, "launcher");
    let words = "";
    // Not every system has the static C library; a box shows the shared one.
    for (const linking of [["-static"], []]) {
      const argv = [compiler, "-O2", "-s", "-pthread", ...linking, "-o", built, ...sources];
      const child = Bun.spawn(argv, { cwd: folder, env: { PATH: path }, stdout: "ignore", stderr: "pipe" });
      words = await child.stderr.text();
      if ((await child.exited) !== 0) continue;
      renameSync(built, outFile);
      return outFile;
    }
    throw new Error(`'${compiler}' cannot build it: ${words.trim()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// --- internal ---

/** Processors that the launcher's filter of system calls knows, in Node's words. */
const PROCESSORS: ReadonlySet<string> = new Set(["x64", "arm64"]);

const COMPILERS = ["cc", "gcc", "clang"] as const;

function extract(folder: string, bytes: Uint8Array): string {
  const file = join(folder, hashOf([bytes]));
  // What lies there is compared, not trusted: a torn copy would fail in strange ways.
  if (existsSync(file) && hashOf([readFileSync(file)]) === hashOf([bytes])) return file;
  const fresh = join(mkdtempSync(`${file}-`), "launcher");
  writeFileSync(fresh, bytes);
  chmodSync(fresh, 0o755);
  renameSync(fresh, file);
  rmSync(join(fresh, ".."), { recursive: true, force: true });
  return file;
}

async function compileCached(folder: string, options: LauncherFileOptions): Promise<string | null> {
  const file = join(folder, hashOf(Object.entries(LAUNCHER_SOURCES).flat()));
  if (existsSync(file)) return file;
  const built = await compileLauncher(file, options.path);
  if (built === null) options.logger.debug("No C compiler for the launcher: measuring without it");
  return built;
}

function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex").slice(0, 32);
}
