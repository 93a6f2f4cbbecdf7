/**
 * The published benchmark's own rules, for reproducing its numbers: time from the first look at a program to the last
 * one, memory of the started process alone, an MB of 1000 KiB, standard error inside the output, Go with its compiler.
 * They measure worse than ours (a program shorter than 0.1 ms takes no time at all), so every result is labelled.
 */
import { PerfagentError } from "../errors.ts";
import type { ExecResult, Language, Limits, SandboxInfo, SuccessfulBuild } from "../types.ts";
import type { Builder } from "./local/builder.ts";
import SAMPLER_SOURCE from "./local/sampler.cpp" with { type: "text" };
import { BOX_PROGRAM_DIR, type BoxRequest } from "./local/types.ts";
import { KIB, WIRE_MB_S } from "./wire.ts";
import { cleanTerminalText } from "./wire-client.ts";

/** The label in every result that was measured by these rules. */
export const COMPAT_LABEL = "effibench-x";

/** What these rules change in a local sandbox. */
export interface CompatRules {
  /**
   * How a built program is run.
   * @throws PerfagentError `interrupted` when aborted, and as `Builder.officialCommand` does.
   */
  command(
    build: SuccessfulBuild,
    limits: Limits,
    signal: AbortSignal,
  ): Promise<Pick<BoxRequest, "mounts" | "argv" | "env" | "limits">>;
  /** What the rules make of an execution. */
  result(execution: ExecResult): ExecResult;
  /** The sandbox's description, labelled. */
  info(info: SandboxInfo): SandboxInfo;
}

/**
 * Compiles the sampler, which is done on the machine, as the official one is.
 * @throws PerfagentError `backend` where there is no C++ compiler.
 */
export async function createCompatRules(builder: Builder): Promise<CompatRules> {
  const source = { language: "cpp", code: SAMPLER_SOURCE } as const;
  const sampler = await builder.build(source, new AbortController().signal);
  if (sampler.status === "failed") {
    throw new PerfagentError(
      "backend",
      `Cannot measure by the rules of ${COMPAT_LABEL}: ${sampler.message}`,
      {
        hint: "These rules need a C++ compiler; without --compat none is needed.",
      },
    );
  }
  const { mounts } = builder.command(sampler, 0);
  const samplerMounts = mounts
    .filter(({ target }) => target === BOX_PROGRAM_DIR)
    .map((mount) => ({ ...mount, target: SAMPLER_DIR }));
  return {
    async command(build, limits, signal) {
      const run = await builder.officialCommand(build, limits.memoryBytes, signal);
      return {
        mounts: [...run.mounts, ...samplerMounts],
        argv: [`${SAMPLER_DIR}/a.out`, ...run.argv],
        env: run.env,
        limits: { ...limits, memoryBytes: limits.memoryBytes + unlimitedBytes(build.language) },
      };
    },
    result: compatResult,
    info: (info) => ({ ...info, measurement: COMPAT_LABEL, bytesPerMb: WIRE_MB_S }),
  };
}

/** Takes the sampler's figures out of standard error, which holds nothing else, and cleans the output. */
export function compatResult(execution: ExecResult): ExecResult {
  const [, runtime, kib, area] = FIGURES.exec(new TextDecoder().decode(execution.stderr)) ?? [];
  const figure = (text: string | undefined, unit: number): number | null =>
    text === undefined ? null : Number(text) * unit;
  const text = cleanTerminalText(new TextDecoder().decode(execution.stdout)).trim();
  return {
    ...execution,
    wallNs: figure(runtime, 1),
    cpuUs: null,
    peakBytes: figure(kib, KIB),
    integralByteS: figure(area, KIB),
    stdout: new TextEncoder().encode(text),
    stderr: new Uint8Array(),
    stderrTruncated: false,
  };
}

// --- internal ---

/** Where a box shows the sampler. */
const SAMPLER_DIR = "/sampler";

/** Nanoseconds, KiB and KiB·s. A program that was killed has none: the sampler dies with it. */
const FIGURES = /^sampler (\d+) (\d+) (\S+)$/m;

/** The official limit holds for the started process alone, which for Go is the compiler's front end. */
function unlimitedBytes(language: Language): number {
  return language === "golang" ? 2 * 2 ** 30 : 0;
}
