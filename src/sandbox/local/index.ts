/** The local sandbox: builds and runs programs on this machine, each in a box. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { ExecResult, Job, Logger, Sandbox, SandboxInfo } from "../../types.ts";
import { type CompatRules, createCompatRules } from "../compat.ts";
import { emptyResult } from "../result.ts";
import { createBoxPool } from "./box-pool.ts";
import { createLauncherBoxes } from "./boxes.ts";
import { type Builder, createBuilder } from "./builder.ts";
import { lockedBetweenProcesses } from "./core-locks.ts";
import { createCores } from "./cores.ts";
import { createInputs } from "./inputs.ts";
import type { Tier } from "./isolation.ts";
import { createPinning, physicalCores } from "./machine.ts";
import { type OwnFolder, openOwnFolder } from "./own-folder.ts";
import { createPortableBoxes } from "./portable.ts";
import { type OpenBoxes, openBestTier, surveyTiers, type TierAttempt, type TierChoice } from "./tiers.ts";
import type { BoxRequest } from "./types.ts";

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
  /** Measures by the published benchmark's own rules. Default: false. */
  readonly compat?: boolean;
  /** This tier of isolation and no other. Default: the best one that works here. */
  readonly tier?: Tier;
  /** How programs are started and measured. Default: by the launcher where it can be had. */
  readonly measurement?: "launcher" | "portable";
}

/** A sandbox on this machine, and the same one for checkers: the published rules are for the measured programs alone. */
export interface LocalSandbox extends Sandbox {
  readonly checkers: Sandbox;
}

/**
 * Makes the local sandbox of a process.
 * @throws PerfagentError `backend` when the machine cannot isolate programs and `allowUnsafe` is false, or when `compat`
 * is asked for without a C++ compiler.
 */
export async function createLocalSandbox(options: LocalSandboxOptions): Promise<LocalSandbox> {
  const folder = openOwnFolder(options.tmpDir);
  const { choice, opened } = await openOrRemove(folder, () =>
    openBestTier(options, (found) => openBoxes(options, folder.path, found)),
  );
  const { boxes } = opened;
  const identity = { foreignUser: choice.host.root && choice.launcher !== null && choice.tier !== "L5" };
  const builder = createBuilder({ ...options, tmpDir: folder.path, boxes, identity });
  const info: SandboxInfo = {
    isolation: choice.tier,
    measurement: choice.launcher === null ? "portable" : "launcher",
  };

  async function close(): Promise<void> {
    await opened.close();
    builder.close();
    folder.remove();
  }

  function byRules(rules: CompatRules | null): Sandbox {
    return {
      info: rules === null ? info : rules.info(info),
      build: (source, signal) => builder.build(source, signal),
      async run(jobs, { purpose }, signal) {
        const requests: BoxRequest[] = [];
        try {
          for (const job of jobs) requests.push(await requestOf(builder, rules, job, signal));
        } catch (error) {
          if (signal.aborted) return jobs.map(() => emptyResult("cancelled"));
          throw error;
        }
        let results: ExecResult[];
        if (purpose === "time") results = await boxes.executeInOrder(requests, signal);
        else results = await Promise.all(requests.map((request) => boxes.execute(request, signal)));
        return rules === null ? results : results.map(rules.result);
      },
      toolchain: (language) => builder.toolchain(language),
      close,
    };
  }

  const own = byRules(null);
  if (options.compat !== true) return { ...own, checkers: own };
  try {
    return { ...byRules(await createCompatRules(builder)), checkers: own };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Tries every tier of isolation on this machine, whatever worked before.
 * @returns The tiers in order, the best first, each with what stands in its way.
 */
export async function surveyIsolation(options: LocalSandboxOptions): Promise<TierAttempt[]> {
  const folder = openOwnFolder(options.tmpDir);
  try {
    return await surveyTiers(options, (found) => openBoxes(options, folder.path, found));
  } finally {
    folder.remove();
  }
}

// --- internal ---

/** Where no tier works, the folder goes as well. */
async function openOrRemove<T>(folder: OwnFolder, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/** Boxes kept beside those at work: two programs are compared, and their checker waits. */
const SPARE_BOXES = 3;

/** The published judges give a program without input an empty line. */
const EMPTY_INPUT = "\n";

function openBoxes(options: LocalSandboxOptions, folder: string, choice: TierChoice): OpenBoxes {
  const { launcher } = choice;
  const maxWorkers = options.maxWorkers ?? availableParallelism();
  const inputs = createInputs(join(folder, "inputs"));
  const pinning = createPinning();
  const cores = lockedBetweenProcesses(
    createCores({
      physical: physicalCores(),
      maxWorkers,
      onTimedCores: (taken) => pinning?.keepOff(taken),
    }),
  );
  if (launcher === null) {
    const pin = pinning === null ? null : pinning.pin;
    return {
      boxes: createPortableBoxes({ ...choice, inputs, cores, tmpDir: folder, pin }),
      close: async () => undefined,
    };
  }
  const pool = createBoxPool({
    ...choice,
    launcher,
    inputs: inputs.folder,
    tmpDir: folder,
    keep: maxWorkers + SPARE_BOXES,
  });
  return { boxes: createLauncherBoxes({ pool, inputs, cores }), close: () => pool.close() };
}

async function requestOf(
  builder: Builder,
  rules: CompatRules | null,
  { build, stdin, limits }: Job,
  signal: AbortSignal,
): Promise<BoxRequest> {
  const command =
    rules === null
      ? { ...builder.command(build, limits.memoryBytes), limits }
      : await rules.command(build, limits, signal);
  return { ...command, stdin: stdin.length === 0 ? EMPTY_INPUT : stdin };
}
