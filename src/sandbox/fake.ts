/**
 * A sandbox without processes, for tests and demonstrations that depend on exact numbers. A program says in a comment
 * what it does, so that one text can be a real program for a real sandbox and a scripted one here:
 *
 * ```python
 * # perfagent-fake: {"stdout": "8\n", "wallMs": 3, "peakMb": 12}
 * print(8)
 * ```
 *
 * Time is virtual: nothing waits, except a program that hangs. All numbers follow from the directive, the seed and the
 * order of the calls.
 */
import * as v from "valibot";
import { interruptedError, PerfagentError } from "../errors.ts";
import { pause } from "../lib/pause.ts";
import { createRandom } from "../lib/random.ts";
import type { Build, ExecResult, Job, ProgramSource, RunOptions, Sandbox } from "../types.ts";
import { emptyResult, KEPT_BYTES } from "./result.ts";

/** What an execution does. */
const FakeBehaviourSchema = v.strictObject({
  /** Prints its input, before `stdout`. */
  echo: v.optional(v.boolean(), false),
  stdout: v.optional(v.string(), ""),
  stderr: v.optional(v.string(), ""),
  exitCode: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)), 0),
  /** Ends by this signal, such as "SIGSEGV"; `exitCode` is then of no account. */
  signal: v.optional(v.nullable(v.string()), null),
  wallMs: v.optional(v.pipe(v.number(), v.minValue(0)), 1),
  /** Null: as much as `wallMs`. */
  cpuMs: v.optional(v.nullable(v.pipe(v.number(), v.minValue(0))), null),
  /** Megabytes of 10⁶ bytes. */
  peakMb: v.optional(v.pipe(v.number(), v.minValue(0)), 10),
  /** Runs, in real time, until its wall limit or until it is cancelled. */
  hang: v.optional(v.boolean(), false),
  /** Standard deviation of the times, as a share of them. */
  jitter: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** The compiler's message; the program then has no build. */
  buildError: v.optional(v.nullable(v.string()), null),
});

export type FakeBehaviour = v.InferInput<typeof FakeBehaviourSchema>;

export interface FakeSandboxOptions {
  /** @default 1 */
  readonly seed?: number;
  /**
   * What a program does on an input, instead of its directive; null reads the directive. Called with an input of null
   * when the program is built: only `buildError` counts then.
   */
  readonly behave?: (source: ProgramSource, stdin: string | null) => FakeBehaviour | null;
}

/** What stands before the directive's JSON, to the end of its line. */
export const FAKE_DIRECTIVE = "perfagent-fake:";

/** A deterministic sandbox. A program without a directive prints nothing and succeeds. */
export function createFakeSandbox(options: FakeSandboxOptions = {}): Sandbox {
  const random = createRandom(options.seed ?? 1);
  const closing = new AbortController();

  function behaviourOf(source: ProgramSource, stdin: string | null): Behaviour {
    const given = options.behave?.(source, stdin) ?? directiveOf(source.code);
    return v.parse(FakeBehaviourSchema, given);
  }

  async function runOne(job: Job, signal: AbortSignal): Promise<ExecResult> {
    const text = typeof job.stdin === "string" ? job.stdin : new TextDecoder().decode(job.stdin);
    // As every sandbox does.
    const stdin = text === "" ? "\n" : text;
    const behaviour = behaviourOf({ language: job.build.language, code: job.build.key }, stdin);
    if (behaviour.hang) await pause(job.limits.wallMs, signal);
    if (signal.aborted) return emptyResult("cancelled");
    const factor = Math.exp(behaviour.jitter * standardNormal(random));
    return execute(behaviour, job, stdin, factor);
  }

  return {
    info: { isolation: "fake", measurement: "fake" },
    async build(source, signal): Promise<Build> {
      if (signal.aborted) throw interruptedError();
      const { language, code } = source;
      const { buildError } = behaviourOf(source, null);
      return buildError === null
        ? { status: "ok", key: code, message: "", language }
        : { status: "failed", message: buildError, language };
    },
    async run(jobs, runOptions: RunOptions, signal): Promise<ExecResult[]> {
      const either = AbortSignal.any([signal, closing.signal]);
      if (runOptions.purpose === "check") return Promise.all(jobs.map((job) => runOne(job, either)));
      const results: ExecResult[] = [];
      for (const job of jobs) results.push(await runOne(job, either));
      return results;
    },
    async toolchain(): Promise<string> {
      return "fake";
    },
    async close(): Promise<void> {
      closing.abort();
    },
  };
}

// --- internal ---

type Behaviour = v.InferOutput<typeof FakeBehaviourSchema>;

function directiveOf(code: string): FakeBehaviour {
  const line = code.split("\n").find((candidate) => candidate.includes(FAKE_DIRECTIVE));
  if (line === undefined) return {};
  const text = line.slice(line.indexOf(FAKE_DIRECTIVE) + FAKE_DIRECTIVE.length);
  try {
    return v.parse(FakeBehaviourSchema, JSON.parse(text));
  } catch (error) {
    throw new PerfagentError("code", `Cannot read the directive '${line.trim()}': ${String(error)}`, {
      hint: `After '${FAKE_DIRECTIVE}' one JSON object is wanted, such as {"stdout": "8\\n", "wallMs": 3}.`,
    });
  }
}

/** Verdicts in the order of every sandbox: output limit, memory limit, time limit, signal or exit code. */
function execute(behaviour: Behaviour, job: Job, stdin: string, factor: number): ExecResult {
  const { limits } = job;
  const stdout = new TextEncoder().encode((behaviour.echo ? stdin : "") + behaviour.stdout);
  const stderr = new TextEncoder().encode(behaviour.stderr);
  const tooLong = behaviour.hang || behaviour.wallMs * factor > limits.wallMs;
  const wallMs = tooLong ? limits.wallMs : behaviour.wallMs * factor;
  const peakBytes = Math.min(behaviour.peakMb * 1e6, limits.memoryBytes);
  const result: ExecResult = {
    status: "exited",
    exitCode: behaviour.signal === null ? behaviour.exitCode : null,
    signal: behaviour.signal,
    wallNs: Math.round(wallMs * 1e6),
    cpuUs: Math.round((behaviour.cpuMs === null ? wallMs : behaviour.cpuMs * factor) * 1000),
    peakBytes,
    integralByteS: (peakBytes * wallMs) / 1000,
    stdout,
    stderr: stderr.subarray(0, KEPT_BYTES),
    stdoutTruncated: false,
    stderrTruncated: stderr.length > KEPT_BYTES,
    message: "",
  };
  const killed = { exitCode: null, signal: "SIGKILL" };
  if (stdout.length > limits.outputBytes) {
    const kept = stdout.subarray(0, KEPT_BYTES);
    return { ...result, ...killed, status: "output_limit", stdout: kept, stdoutTruncated: true };
  }
  if (behaviour.peakMb * 1e6 > limits.memoryBytes) return { ...result, ...killed, status: "memory_limit" };
  if (tooLong) return { ...result, ...killed, status: "timeout" };
  if (behaviour.signal !== null || behaviour.exitCode !== 0) return { ...result, status: "runtime_error" };
  return result;
}

/** Box–Muller. */
function standardNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
