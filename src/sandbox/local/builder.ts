/** Builds programs in boxes, once each, and knows how a built program is started. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { interruptedError, PerfagentError } from "../../errors.ts";
import { LANGUAGES, type SourceLayout } from "../../languages.ts";
import { sha256 } from "../../lib/hash.ts";
import { shortenMiddle } from "../../lib/text.ts";
import type { Build, ExecResult, Language, Logger, ProgramSource, SuccessfulBuild } from "../../types.ts";
import { createBuildCache } from "./build-cache.ts";
import { warmGoCache } from "./go-cache.ts";
import { findToolchain, type Toolchain } from "./toolchain.ts";
import {
  BOX_PROGRAM_DIR,
  type Boxes,
  type BoxIdentity,
  type BoxLimits,
  type BoxMount,
  type BoxRequest,
} from "./types.ts";

export interface BuilderOptions {
  readonly boxes: Boxes;
  readonly identity: BoxIdentity;
  /** Builds are kept here between runs. */
  readonly cacheDir: string;
  /** Files of this process's builds are in a folder of their own below it. */
  readonly tmpDir: string;
  /** The user's environment: leads to the toolchains. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}

export interface Builder {
  /**
   * Builds a program, or finds its build: in this process, then in the cache.
   * @throws PerfagentError `backend` when the toolchain is missing or the box fails, `interrupted` when aborted.
   */
  build(source: ProgramSource, signal: AbortSignal): Promise<Build>;
  /**
   * How a built program is run: a box request without input and limits.
   * @throws PerfagentError `bug` for a build of somebody else.
   */
  command(build: SuccessfulBuild, memoryBytes: number): Pick<BoxRequest, "mounts" | "argv" | "env">;
  /**
   * The same by the published benchmark's command lines: without our flags for virtual machines, and Go by `go run`.
   * @throws PerfagentError as `build` and `command` do.
   */
  officialCommand(
    build: SuccessfulBuild,
    memoryBytes: number,
    signal: AbortSignal,
  ): Promise<Pick<BoxRequest, "mounts" | "argv" | "env">>;
  /** Name and version of what builds and runs a language: "Python 3.11.2". */
  toolchain(language: Language): Promise<string>;
  /** Removes the files of this process's builds; the cache stays. */
  close(): void;
}

export function createBuilder(options: BuilderOptions): Builder {
  const cache = createBuildCache(options);
  const toolchains = new Map<Language, Promise<Toolchain>>();
  /** Builds by key; one that is under way is waited for. */
  const builds = new Map<string, Promise<Build>>();
  const programs = new Map<string, Program>();
  let root: string | undefined;

  function toolchainOf(language: Language): Promise<Toolchain> {
    const known = toolchains.get(language) ?? findToolchain(language, { env: options.env });
    toolchains.set(language, known);
    // A missing toolchain may be installed later in a long process.
    known.catch(() => toolchains.delete(language));
    return known;
  }

  function newFolder(key: string): string {
    mkdirSync(options.tmpDir, { recursive: true });
    root ??= mkdtempSync(join(options.tmpDir, "perfagent-builds-"));
    // Programs may run as another user, who reads this folder through a mount.
    chmodSync(root, 0o755);
    const dir = join(root, key);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir);
    return dir;
  }

  async function buildOnce(program: Program, signal: AbortSignal): Promise<Build> {
    const { key, dir, source } = program;
    const { language } = source;
    const restored = cache.restore(key, dir);
    let message = restored?.message ?? "";
    if (restored === null) {
      writeFileSync(join(dir, program.layout.fileName), source.code, { mode: 0o644 });
      if (options.identity.foreignUser) chmodSync(dir, 0o777);
      const request = await buildRequest(program, options, signal);
      const result = await options.boxes.execute(request, signal);
      chmodSync(dir, 0o755);
      const failure = failureOf(program, result);
      if (failure !== null) return { status: "failed", message: failure, language };
      message = readable(result.stderr);
      cache.store(key, dir, message);
    }
    programs.set(key, program);
    return { status: "ok", key, message, language };
  }

  function programOf(build: SuccessfulBuild): Program {
    const program = programs.get(build.key);
    if (program === undefined)
      throw new PerfagentError("bug", "A build was run that this sandbox did not make");
    return program;
  }

  return {
    async build(source, signal) {
      if (signal.aborted) throw interruptedError();
      const toolchain = await toolchainOf(source.language);
      const layout = LANGUAGES[source.language].layout(source.code);
      const key = buildKey(source, layout, toolchain);
      // Between the last look and the new entry nothing is waited for: a program is built once.
      for (let other = builds.get(key); other !== undefined; other = builds.get(key)) {
        const known = await othersBuild(other, signal);
        if (known !== null) return known;
      }
      const building = buildOnce({ key, dir: newFolder(key), source, layout, toolchain }, signal);
      builds.set(key, building);
      try {
        return await building;
      } catch (error) {
        // perfagent's own failure, or an interrupt: the next one tries again.
        builds.delete(key);
        throw error;
      }
    },
    command(build, memoryBytes) {
      const program = programOf(build);
      return {
        mounts: mountsOf(program, false),
        argv: LANGUAGES[build.language].run(contextOf(program, memoryBytes)),
        env: environmentOf(program),
      };
    },
    async officialCommand(build, memoryBytes, signal) {
      const program = programOf(build);
      const { run, officialRun = run } = LANGUAGES[build.language];
      const argv = officialRun(contextOf(program, memoryBytes));
      return { ...(await toolchainRequest(program, false, options, signal)), argv };
    },
    async toolchain(language) {
      return (await toolchainOf(language)).version;
    },
    close() {
      if (root !== undefined) rmSync(root, { recursive: true, force: true });
    },
  };
}

// --- internal ---

/** Part of every key: raised when entries of older versions must not be used. */
const KEY_FORMAT = 1;

/** Bytes of a compiler's words that are kept. */
const MESSAGE_CHARS = 8000;

/** Where a box shows Go's compiled standard library. */
const BOX_GO_CACHE = "/go-cache";

/**
 * What a compiler may use. The slowest honest build is a C++ program full of templates on a busy machine (about 10 s,
 * 700 MiB); a source that makes a compiler work for ever, or fill memory or disk, ends here.
 */
const BUILD_LIMITS: BoxLimits = {
  wallMs: 60_000,
  memoryBytes: 2 * 2 ** 30,
  outputBytes: 2 ** 20,
  fileBytes: 256 * 2 ** 20,
  tmpBytes: 512 * 2 ** 20,
};

interface Program {
  readonly key: string;
  /** Host folder with source and artefact. */
  readonly dir: string;
  readonly source: ProgramSource;
  readonly layout: SourceLayout;
  readonly toolchain: Toolchain;
}

/** A build that somebody else waits for too; null when only the other one was interrupted. */
async function othersBuild(building: Promise<Build>, signal: AbortSignal): Promise<Build | null> {
  try {
    return await building;
  } catch (error) {
    if (error instanceof PerfagentError && error.code === "interrupted" && !signal.aborted) return null;
    throw error;
  }
}

function buildKey(source: ProgramSource, layout: SourceLayout, toolchain: Toolchain): string {
  const { language, code } = source;
  // A compiler that was replaced by another build of the same version makes other programs.
  const tools = Object.values(toolchain.tools).map((path) => {
    const stats = statSync(path);
    return [path, stats.size, stats.mtimeMs];
  });
  const probe = { key: "", dir: "", source, layout, toolchain };
  const argv = LANGUAGES[language].build(contextOf(probe, BUILD_LIMITS.memoryBytes));
  const parts = [KEY_FORMAT, language, toolchain.version, tools, argv, environmentOf(probe), code];
  return sha256(JSON.stringify(parts));
}

function contextOf({ layout, toolchain }: Program, memoryBytes: number) {
  return {
    tool: (name: string) => toolchain.tools[name] ?? name,
    dir: BOX_PROGRAM_DIR,
    layout,
    memoryBytes,
    majorVersion: toolchain.majorVersion,
  };
}

function environmentOf({ source, toolchain }: Program): Record<string, string> {
  return { ...LANGUAGES[source.language].environment, ...toolchain.environment };
}

function mountsOf({ dir, toolchain }: Program, writable: boolean): BoxMount[] {
  return [
    ...toolchain.readOnlyPaths.map((path) => ({ source: path, target: path, writable: false })),
    { source: dir, target: BOX_PROGRAM_DIR, writable },
  ];
}

async function buildRequest(
  program: Program,
  options: BuilderOptions,
  signal: AbortSignal,
): Promise<BoxRequest> {
  const argv = LANGUAGES[program.source.language].build(contextOf(program, BUILD_LIMITS.memoryBytes));
  const request = await toolchainRequest(program, true, options, signal);
  return { ...request, argv, cwd: BOX_PROGRAM_DIR, stdin: "", limits: BUILD_LIMITS };
}

/** What a box needs in which a compiler works. */
async function toolchainRequest(
  program: Program,
  writable: boolean,
  options: BuilderOptions,
  signal: AbortSignal,
): Promise<Pick<BoxRequest, "mounts" | "env">> {
  const mounts = mountsOf(program, writable);
  const env = environmentOf(program);
  if (program.source.language === "golang") {
    const goCache = await warmGoCache({ ...options, toolchain: program.toolchain }, signal);
    mounts.push({ source: goCache, target: BOX_GO_CACHE, writable: false });
    env.GOCACHE = BOX_GO_CACHE;
  }
  return { mounts, env };
}

/** Why a build failed, or null. */
function failureOf(program: Program, result: ExecResult): string | null {
  const words = wordsOf(result);
  if (result.status === "cancelled") throw interruptedError();
  if (result.status === "sandbox_error") {
    throw new PerfagentError("backend", `Cannot build a program: ${result.message || words}`, {
      hint: "'perfagent doctor' shows whether programs can be built here.",
    });
  }
  const stopped = STOPPED[result.status];
  if (stopped !== undefined) return words === "" ? stopped : `${stopped}\n${words}`;
  if (result.status !== "exited") return words === "" ? `The build ended with ${endOf(result)}` : words;
  return missingArtefact(program, words);
}

const STOPPED: Readonly<Partial<Record<ExecResult["status"], string>>> = {
  timeout: `The build was stopped after ${BUILD_LIMITS.wallMs / 1000} s`,
  memory_limit: `The build was stopped: it needed more than ${BUILD_LIMITS.memoryBytes / 2 ** 30} GiB of memory`,
  output_limit: "The build was stopped: it printed more than 1 MiB",
};

function endOf({ exitCode, signal }: ExecResult): string {
  return signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
}

/** A compiler can succeed and leave nothing to run: a Go package that is not main, a Java file without classes. */
function missingArtefact({ source, layout, dir }: Program, words: string): string | null {
  const file = source.language === "java" ? `${layout.entry.replaceAll(".", "/")}.class` : layout.entry;
  const path = join(dir, file);
  const runnable =
    existsSync(path) && (file === layout.fileName || source.language === "java" || isExecutable(path));
  if (runnable) return null;
  return `The build left no program to run ('${file}')${words === "" ? "" : `:\n${words}`}`;
}

function isExecutable(path: string): boolean {
  return (statSync(path).mode & 0o111) !== 0;
}

/** The compiler's own words. */
function wordsOf(result: ExecResult): string {
  return readable(result.stderr) || readable(result.stdout);
}

/** Text of a build, shortened, without the box's folder. */
function readable(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).trim();
  return shortenMiddle(text.replaceAll(`${BOX_PROGRAM_DIR}/`, ""), MESSAGE_CHARS);
}
