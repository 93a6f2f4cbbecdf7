/** Comparing without an instance: one input, and the baseline's output as the expected one. */
import { interruptedError, PerfagentError } from "../errors.ts";
import type { Instance, Language, Limits, Sandbox } from "../types.ts";

export interface InputOptions {
  readonly input: string;
  readonly language: Language;
  /** The program whose output is taken as right. */
  readonly baseline: string;
  readonly sandbox: Sandbox;
  /** The user's limits; null takes a default. */
  readonly limits: {
    readonly timeLimitMs: number | null;
    readonly memoryLimitBytes: number | null;
    readonly outputBytes: number;
  };
}

/**
 * An instance of one test: the input, and what the baseline prints for it.
 *
 * @throws PerfagentError `code` when the baseline cannot be built or does not end in order, `backend`, `interrupted`.
 */
export async function instanceOfInput(options: InputOptions, signal: AbortSignal): Promise<Instance> {
  const { input, language, baseline, sandbox, limits } = options;
  const unusable = (why: string, hint = ""): PerfagentError =>
    new PerfagentError("code", `Cannot take the baseline's output as the expected one: ${why}`, { hint });
  const build = await sandbox.build({ language, code: baseline }, signal);
  if (build.status === "failed") throw unusable("it does not build", build.message);
  const bounds: Limits = {
    wallMs: limits.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS,
    memoryBytes: limits.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES,
    outputBytes: limits.outputBytes,
  };
  const [result] = await sandbox.run([{ build, stdin: input, limits: bounds }], { purpose: "check" }, signal);
  if (result === undefined || result.status === "cancelled") throw interruptedError();
  const stderr = new TextDecoder().decode(result.stderr).trim();
  if (result.status === "sandbox_error") {
    throw new PerfagentError("backend", `Cannot run the baseline: the sandbox failed (${result.message})`, {
      hint: "Run 'perfagent doctor' to see what works on this machine",
    });
  }
  if (result.status !== "exited") {
    const detail = result.signal ?? (result.exitCode === null ? "" : `exit code ${result.exitCode}`);
    throw unusable(`it ended with ${result.status}${detail === "" ? "" : ` (${detail})`}`, stderr);
  }
  return {
    taskName: "input",
    id: "input",
    title: "",
    description: "",
    type: "io",
    tests: [{ input, output: new TextDecoder().decode(result.stdout) }],
    evaluatorSource: null,
    generatorSource: null,
    starterCode: {},
    runners: {},
    // Kept here, so that both programs are judged under the limits that the baseline was run with.
    timeLimitMs: bounds.wallMs,
    memoryLimitBytes: bounds.memoryBytes,
    solutions: {},
    sha256: "",
  };
}

// --- internal ---

/** An input of a user's own is often a large one: longer than the limit of a benchmark's test. */
const DEFAULT_TIME_LIMIT_MS = 60_000;

const DEFAULT_MEMORY_LIMIT_BYTES = 4 * 2 ** 30;
