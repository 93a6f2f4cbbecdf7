/** The local sandbox: builds and runs programs on this machine, each in a box. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { PerfagentError } from "../../errors.ts";
import { type CommandContext, LANGUAGES } from "../../languages.ts";
import type {
  Build,
  ExecResult,
  Job,
  Language,
  Logger,
  ProgramSource,
  RunOptions,
  Sandbox,
} from "../../types.ts";
import { baseSystem } from "./base-system.ts";
import { bubblewrapArgv } from "./bubblewrap.ts";
import { executePortable } from "./portable.ts";
import { findToolchain, type Toolchain } from "./toolchain.ts";
import { BOX_PROGRAM_DIR, type BoxMount, type BoxRequest } from "./types.ts";

export interface LocalSandboxOptions {
  /** Allows running programs without isolation where the machine offers none. */
  readonly allowUnsafe: boolean;
  /** Builds and the launcher are kept here between runs. */
  readonly cacheDir: string;
  /** Files of running programs live here. */
  readonly tmpDir: string;
  /** The user's environment: PATH and HOME lead to the toolchains; nothing of it reaches a program. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** Most programs that run at once. Default: the number of cores. */
  readonly maxWorkers?: number;
}

/** Makes the local sandbox of a process. */
export async function createLocalSandbox(options: LocalSandboxOptions): Promise<Sandbox> {
  mkdirSync(options.tmpDir, { recursive: true });
  const root = mkdtempSync(join(options.tmpDir, "perfagent-"));
  const base = baseSystem();
  const toolchains = new Map<Language, Promise<Toolchain>>();
  const toolchainOf = (language: Language): Promise<Toolchain> => {
    const known = toolchains.get(language) ?? findToolchain(language, { env: options.env });
    toolchains.set(language, known);
    return known;
  };
  const builds = new Map<
    string,
    { dir: string; context: Omit<CommandContext, "memoryBytes">; language: Language }
  >();
  const execute = (request: BoxRequest, signal: AbortSignal): Promise<ExecResult> =>
    executePortable(
      {
        tmpDir: root,
        wrap: (boxed, argv) => [
          ...bubblewrapArgv({
            bwrap: "/usr/bin/bwrap",
            base,
            mounts: boxed.mounts,
            env: {
              PATH: "/usr/local/bin:/usr/bin:/bin",
              HOME: "/tmp",
              TMPDIR: "/tmp",
              LANG: "C.UTF-8",
              ...boxed.env,
            },
            cwd: boxed.cwd ?? "/tmp",
            tmpBytes: boxed.limits.tmpBytes ?? 256 * 2 ** 20,
          }),
          ...argv,
        ],
      },
      request,
      signal,
    );
  const mountsOf = (toolchain: Toolchain): BoxMount[] =>
    toolchain.readOnlyPaths.map((path) => ({ source: path, target: path, writable: false }));
  const toolOf = (toolchain: Toolchain) => (name: string) => toolchain.tools[name] ?? name;

  return {
    info: { isolation: "L3", measurement: "portable" },
    async build(source: ProgramSource, signal: AbortSignal): Promise<Build> {
      const spec = LANGUAGES[source.language];
      const key = createHash("sha256").update(`${source.language}\0${source.code}`).digest("hex");
      const layout = spec.layout(source.code);
      const toolchain = await toolchainOf(source.language);
      const context = {
        tool: toolOf(toolchain),
        dir: BOX_PROGRAM_DIR,
        layout,
        majorVersion: toolchain.majorVersion,
      };
      const dir = join(root, `build-${key}`);
      const language = source.language;
      if (builds.has(key)) return { status: "ok", key, message: "", language };
      mkdirSync(dir, { recursive: true });
      chmodSync(dir, 0o777);
      writeFileSync(join(dir, layout.fileName), source.code);
      const argv = spec.build({ ...context, memoryBytes: 2 ** 31 });
      const result = await execute(
        {
          mounts: [{ source: dir, target: BOX_PROGRAM_DIR, writable: true }, ...mountsOf(toolchain)],
          argv,
          env: { ...spec.environment, ...toolchain.environment },
          stdin: "",
          limits: { wallMs: 60_000, memoryBytes: 2 ** 31, outputBytes: 2 ** 20, fileBytes: 2 ** 30 },
        },
        signal,
      );
      const message = new TextDecoder().decode(result.stderr) + result.message;
      if (result.status !== "exited") return { status: "failed", message, language };
      builds.set(key, { dir, context, language });
      return { status: "ok", key, message, language };
    },
    async run(jobs: readonly Job[], runOptions: RunOptions, signal: AbortSignal): Promise<ExecResult[]> {
      const results: ExecResult[] = [];
      const one = async (index: number, job: Job): Promise<void> => {
        const build = builds.get(job.build.key);
        if (build === undefined) throw new PerfagentError("bug", "A build of another sandbox was run");
        const toolchain = await toolchainOf(build.language);
        const argv = LANGUAGES[build.language].run({ ...build.context, memoryBytes: job.limits.memoryBytes });
        results[index] = await execute(
          {
            mounts: [{ source: build.dir, target: BOX_PROGRAM_DIR, writable: false }, ...mountsOf(toolchain)],
            argv,
            env: { ...LANGUAGES[build.language].environment, ...toolchain.environment },
            stdin: job.stdin,
            limits: job.limits,
          },
          signal,
        );
      };
      const queue = [...jobs.entries()];
      const workers = runOptions.purpose === "time" ? 1 : (options.maxWorkers ?? availableParallelism());
      await Promise.all(
        Array.from({ length: workers }, async () => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) await one(...next);
        }),
      );
      return results;
    },
    async toolchain(language: Language): Promise<string> {
      return (await toolchainOf(language)).version;
    },
    async close(): Promise<void> {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
