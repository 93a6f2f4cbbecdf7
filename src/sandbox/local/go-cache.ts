/**
 * Go's standard library, compiled once. `go build` keeps compiled packages in a cache; a box shows perfagent's own one
 * read-only, so that a program takes a quarter of a second to build instead of half a minute, and can change nothing.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { interruptedError, messageOf, PerfagentError } from "../../errors.ts";
import { LANGUAGES } from "../../languages.ts";
import { sha256 } from "../../lib/hash.ts";
import type { Logger } from "../../types.ts";
import type { Toolchain } from "./toolchain.ts";

export interface GoCacheOptions {
  readonly toolchain: Toolchain;
  /** perfagent's cache folder; compiled libraries are in its folder `go`. */
  readonly cacheDir: string;
  readonly logger: Logger;
}

/**
 * The folder of the compiled standard library for a Go version; compiles it when it is not there yet.
 * @throws PerfagentError `backend` when Go cannot compile its own library, `interrupted` when aborted.
 */
export async function warmGoCache(options: GoCacheOptions, signal: AbortSignal): Promise<string> {
  const { toolchain, cacheDir, logger } = options;
  const identity = sha256(JSON.stringify([toolchain.version, toolchain.tools, goEnvironment(toolchain, "")]));
  const folder = join(cacheDir, "go");
  const ready = join(folder, identity.slice(0, 16));
  if (existsSync(ready)) return ready;
  logger.info("Compiling Go's standard library, once for this version of Go");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const staging = mkdtempSync(join(folder, ".staging-"));
  try {
    await compileLibrary(toolchain, staging, signal);
    // The box may run as another user: it looks at this folder alone.
    chmodSync(staging, 0o755);
    moveIntoPlace(staging, ready);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return ready;
}

// --- internal ---

/** What programs import: EffiBench-X's block, and what else is usual. A package not listed is compiled per program. */
const PACKAGES: readonly string[] = [
  "bufio bytes cmp container/heap container/list container/ring context crypto/md5 crypto/sha1 crypto/sha256",
  "encoding/base64 encoding/binary encoding/hex encoding/json errors fmt hash/crc32 hash/fnv hash/maphash io io/ioutil",
  "log maps math math/big math/bits math/cmplx math/rand math/rand/v2 os os/signal reflect regexp runtime",
  "runtime/debug slices sort strconv strings sync sync/atomic syscall text/tabwriter time unicode unicode/utf8",
  "unicode/utf16 unsafe",
].flatMap((line) => line.split(" "));

async function compileLibrary(toolchain: Toolchain, goCache: string, signal: AbortSignal): Promise<void> {
  const go = toolchain.tools.go ?? "go";
  const child = Bun.spawn([go, "build", ...(await knownPackages(go, toolchain, goCache))], {
    cwd: goCache,
    env: goEnvironment(toolchain, goCache),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    detached: true,
  });
  // Compilers are grandchildren: the whole group has to end.
  const stop = (): void => {
    process.kill(-child.pid, "SIGKILL");
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    const [words, exitCode] = await Promise.all([child.stderr.text(), child.exited]);
    if (signal.aborted) throw interruptedError();
    if (exitCode !== 0) {
      throw new PerfagentError("backend", `Cannot compile Go's standard library: ${words.trim()}`, {
        hint: `Check that '${go} build fmt' works, then run 'perfagent doctor'.`,
      });
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** An older Go lacks the newest packages of the list. */
async function knownPackages(go: string, toolchain: Toolchain, goCache: string): Promise<string[]> {
  const child = Bun.spawn([go, "list", "-e", "-f", "{{if not .Error}}{{.ImportPath}}{{end}}", ...PACKAGES], {
    env: goEnvironment(toolchain, goCache),
    cwd: goCache,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  const output = await child.stdout.text();
  await child.exited;
  return output.split("\n").filter((name) => name !== "");
}

/** The same settings as in the box: they are part of what the cache's entries are found by. */
function goEnvironment(toolchain: Toolchain, goCache: string): Record<string, string> {
  return {
    PATH: "/usr/bin:/bin",
    HOME: goCache,
    ...LANGUAGES.golang.environment,
    ...toolchain.environment,
    GOCACHE: goCache,
  };
}

/** Another process may have been faster: then its folder is as good. */
function moveIntoPlace(staging: string, ready: string): void {
  try {
    renameSync(staging, ready);
  } catch (error) {
    if (!existsSync(ready)) {
      throw new PerfagentError(
        "backend",
        `Cannot keep Go's compiled library in '${ready}': ${messageOf(error)}`,
      );
    }
  }
}
