/**
 * The vocabulary of perfagent and its ports. What happens to a measured program is a value from a closed set;
 * exceptions are perfagent's own failures. Units are in the names.
 */

/** EffiBench-X's registry keys. */
export type Language = "python3" | "cpp" | "java" | "javascript" | "golang" | "ruby";

/** What the user wants smaller. */
export type Target = "runtime" | "memory" | "integral";

/** How the model is asked to answer. */
export type Mode = "diff" | "direct";

/** Where warnings and progress go. Implementations write to stderr or a file, never to stdout. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

// --- Instances ---

/** One test: what the program reads and what it should print. */
export interface TestCase {
  readonly input: string;
  readonly output: string;
}

/** A validated EffiBench-X problem. */
export interface Instance {
  /** File name without extension: names the output folder and is `instance_id`. */
  readonly taskName: string;
  readonly id: string;
  readonly title: string;
  /** The problem statement shown to the model. */
  readonly description: string;
  readonly type: "io" | "functional";
  readonly tests: readonly TestCase[];
  /** Python source defining `evaluate(expected_output, program_output) -> bool`; null compares trimmed text. */
  readonly evaluatorSource: string | null;
  /** Python source defining `generate_test_cases(num_cases, seed)`. */
  readonly generatorSource: string | null;
  readonly starterCode: Readonly<Partial<Record<Language, string>>>;
  /** Source around a functional solution, per language. */
  readonly runners: Readonly<Partial<Record<Language, string>>>;
  readonly timeLimitMs: number | null;
  readonly memoryLimitBytes: number | null;
  /** Human reference programs: for scoring only, never shown to a model or a test process. */
  readonly solutions: Readonly<Partial<Record<Language, HumanSolution>>>;
  /** SHA-256 (hex) of the instance file's bytes: tells a resumed run that the instance changed. */
  readonly sha256: string;
}

export interface HumanSolution {
  readonly code: string;
  /** The fastest human program of the instance's runtime distribution, where it holds code. */
  readonly runtimeCanonical: string;
  /** The human program with the least memory. */
  readonly memoryCanonical: string;
}

// --- Sandbox port ---

/** What one execution may use. */
export interface Limits {
  /** Wall-clock time before the program is killed. */
  readonly wallMs: number;
  /** Memory of the whole process tree. */
  readonly memoryBytes: number;
  /** Bytes of standard output before the program is killed. */
  readonly outputBytes: number;
}

/** A whole program, ready to be built and run. */
export interface ProgramSource {
  readonly language: Language;
  readonly code: string;
}

/** The result of building a program once. A failed build is a value: it fails every test with its message. */
export type Build =
  | {
      readonly status: "ok";
      /** Names the artefact inside its sandbox; opaque to everybody else. */
      readonly key: string;
      /** What the build printed although it succeeded (warnings), shortened. */
      readonly message: string;
      readonly language: Language;
    }
  | {
      readonly status: "failed";
      /** The compiler's own words, shortened. */
      readonly message: string;
      readonly language: Language;
    };

export type SuccessfulBuild = Extract<Build, { status: "ok" }>;

/** One execution of a built program. */
export interface Job {
  readonly build: SuccessfulBuild;
  readonly stdin: string | Uint8Array;
  readonly limits: Limits;
}

/** How an execution ended, before anybody judged its output. `exited` means exit code 0. */
export type ExecStatus =
  | "exited"
  | "timeout"
  | "memory_limit"
  | "output_limit"
  | "runtime_error"
  | "sandbox_error"
  | "cancelled";

/** What one execution did and cost. A value that was not measured is null. */
export interface ExecResult {
  readonly status: ExecStatus;
  readonly exitCode: number | null;
  /** Name of the signal that ended the program, such as "SIGSEGV". */
  readonly signal: string | null;
  readonly wallNs: number | null;
  /** User and system time of the whole process tree. */
  readonly cpuUs: number | null;
  /** Peak resident memory of the whole process tree. */
  readonly peakBytes: number | null;
  /** Area under the tree's resident memory over time. */
  readonly integralByteS: number | null;
  /** Standard output up to the output limit; only its first 64 KiB when the status is `output_limit`. */
  readonly stdout: Uint8Array;
  /** The first 64 KiB of standard error. */
  readonly stderr: Uint8Array;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
  /** Why a `sandbox_error` happened; empty otherwise. */
  readonly message: string;
}

export interface RunOptions {
  /**
   * `check`: jobs may run at once, on any core. `time`: jobs run one after another, in the given order, on one core
   * that nothing of perfagent's shares while they run; two programs whose jobs are in one call are comparable.
   */
  readonly purpose: "check" | "time";
}

/** What a sandbox is and how far its numbers can be trusted; named in every result. */
export interface SandboxInfo {
  /** "L1" to "L5" for local tiers, "remote" for a service, "fake" for the shipped double. */
  readonly isolation: string;
  /** What took the numbers: "launcher", "portable", "remote", "fake", or a compat label. */
  readonly measurement: string;
  /** Bytes of one MB in `memory` and `integral`. Default: 10⁶. The published benchmark's MB is 1000 KiB. */
  readonly bytesPerMb?: number;
}

/** Where untrusted programs are built and run. One sandbox serves a whole process and schedules its cores. */
export interface Sandbox {
  readonly info: SandboxInfo;
  /**
   * Builds a program, or finds its build.
   * @throws PerfagentError `backend` when the toolchain or service is missing, `interrupted` when aborted.
   */
  build(source: ProgramSource, signal: AbortSignal): Promise<Build>;
  /**
   * Runs jobs; results are in the order of the jobs. Never rejects because of what a program did.
   * An aborted signal kills what runs and gives `cancelled` results.
   */
  run(jobs: readonly Job[], options: RunOptions, signal: AbortSignal): Promise<ExecResult[]>;
  /** What built and ran a language, for the record: "Python 3.11.2". */
  toolchain(language: Language): Promise<string>;
  /** Kills what still runs and removes temporary files. */
  close(): Promise<void>;
}

// --- Evaluator port ---

export type TestStatus =
  | "passed"
  | "wrong_answer"
  | "timeout"
  | "memory_limit"
  | "output_limit"
  | "runtime_error"
  | "compile_error"
  | "checker_error"
  | "sandbox_error"
  | "cancelled";

/** One test of one evaluation. */
export interface TestResult {
  /** Position in the instance's tests. */
  readonly index: number;
  readonly status: TestStatus;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly wallNs: number | null;
  readonly cpuUs: number | null;
  readonly peakBytes: number | null;
  readonly integralByteS: number | null;
  /** First 64 KiB, bytes that are not UTF-8 replaced. */
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
  /** Words about a status that is not the program's doing (checker or sandbox error); empty otherwise. */
  readonly message: string;
}

/**
 * Metric name → value of one pass over the tests; lower is better. The built-in evaluator measures
 * `runtime` (s, wall time summed over tests), `cpu_time` (s, summed), `memory` (MB of 10⁶ bytes, maximum) and
 * `integral` (MB·s, summed). A metric that was not measured is absent.
 */
export type Sample = Readonly<Record<string, number>>;

/** One timed pass of one program over all tests. */
export interface Pass {
  /** Null when a test failed. */
  readonly sample: Sample | null;
  /** Tests of this pass that did not pass. */
  readonly failures: readonly TestResult[];
  /** Per-test wall and CPU time of this pass, for reports and feedback; empty for an own evaluator. */
  readonly perTest: readonly { readonly wallNs: number | null; readonly cpuUs: number | null }[];
}

/** Statistics of one metric over the timed passes, by the original tool's rules. */
export interface MetricStatistics {
  /** Samples kept after the outlier filter. */
  readonly n: number;
  readonly originalN: number;
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** 95 % interval of the mean by Student's t. */
  readonly ci95: readonly [number, number];
  readonly trimmedMean: number;
}

/** Everything known about one program on one instance. */
export interface Evaluation {
  /** True only if every test passed in every pass. */
  readonly passed: boolean;
  /** Share of tests that passed in every pass, 0 to 1. */
  readonly passRate: number;
  readonly build: { readonly status: "ok" | "failed"; readonly message: string };
  /** Of the correctness pass, by index; a test that passed there and failed later shows the later failure. */
  readonly tests: readonly TestResult[];
  /** Tests that passed in one pass and failed in another. */
  readonly flaky: readonly number[];
  /** Reported value per metric (trimmed mean); a metric that was not measured is absent. */
  readonly metrics: Sample;
  readonly statistics: Readonly<Record<string, MetricStatistics>>;
  /** Each timed pass that succeeded. */
  readonly samples: readonly Sample[];
  /** Number of timed passes. */
  readonly runs: number;
  readonly isolation: string;
  readonly measurement: string;
  /** Words for the model: from an own evaluator, or on why tests fail; empty otherwise. */
  readonly feedback: string;
}

/** Judges programs for one instance and language. */
export interface Evaluator {
  /** Metrics that a passed evaluation has, the default target first. */
  readonly metrics: readonly string[];
  /** Metrics whose values are exact, known once a program was evaluated: one pair decides. Absent: none. */
  readonly exactMetrics?: ReadonlySet<string>;
  /**
   * Checks a program on all tests; when all pass, times it.
   * @throws PerfagentError for perfagent's own failures (`backend`, `instance`, `interrupted`), never for the program's.
   */
  evaluate(code: string, options: { readonly timedPasses: number }, signal: AbortSignal): Promise<Evaluation>;
  /** Times two programs next to each other, on one core, `first` first. Both were evaluated and passed before. */
  pair(first: string, second: string, signal: AbortSignal): Promise<readonly [Pass, Pass]>;
  close(): Promise<void>;
}

// --- Decision ---

/** Two neighbouring passes: `a` of the older program, `b` of the newer one. */
export interface SamplePair {
  readonly a: Sample;
  readonly b: Sample;
  readonly first: "a" | "b";
}

/** What pairs are judged by; stored with them, it makes the decision repeatable. */
export interface Criterion {
  /** The metric asked for: `runtime`, `cpu_time`, `memory`, `integral`, or one that an own evaluator names. */
  readonly metric: string;
  /** Least share of A's cost that B must save, such as 0.02. */
  readonly minEffect: number;
  /** Pairs after which the answer is "no difference". */
  readonly maxPairs: number;
  /**
   * `faster`: is B better? Stops as soon as a worthwhile gain is ruled out. `either`: which one is better? Stops only
   * when a worthwhile loss is ruled out too.
   */
  readonly question: "faster" | "either";
  /** The metric's values do not vary at all: one pair decides. */
  readonly exact: boolean;
}

/** One test in both programs of a comparison; a time that was not measured is null. */
export interface TestTimes {
  readonly a: { readonly wallNs: number | null; readonly cpuUs: number | null };
  readonly b: { readonly wallNs: number | null; readonly cpuUs: number | null };
}

/** What the evidence says of B against A. */
export interface Comparison {
  readonly verdict: "faster" | "slower" | "no_difference" | "incorrect";
  /** The metric decided on, such as "cpu_time". */
  readonly metric: string;
  /** A / B: above 1 means that B is better. Null when nothing was measured. */
  readonly ratio: number | null;
  readonly interval: readonly [number, number] | null;
  readonly pValue: number | null;
  readonly pairs: readonly SamplePair[];
  /** What the pairs were judged by; null when the classic rule compared evaluations. */
  readonly criterion: Criterion | null;
  /** One sentence: why this verdict. */
  readonly reason: string;
  /** Which programs failed a test in a pair; empty unless the verdict is `incorrect`. */
  readonly failed: readonly ("a" | "b")[];
  /** Times of each test, by index: medians over the pairs. Empty for an own evaluator and the classic rule. */
  readonly perTest: readonly TestTimes[];
  /** Failing tests when the verdict is `incorrect`. */
  readonly failures: readonly TestResult[];
}

// --- Model port ---

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Tokens and money of one or many calls. Unknown numbers are null, never 0. */
export interface Usage {
  readonly calls: number;
  readonly promptTokens: number | null;
  readonly cachedTokens: number | null;
  readonly completionTokens: number | null;
  readonly reasoningTokens: number | null;
  /** US dollars; null when the model has no price. */
  readonly costUsd: number | null;
}

/** Why the model stopped. `length` means that the answer is cut. */
export type FinishReason = "stop" | "length" | "refusal" | "content_filter" | "tool_calls" | "unknown";

export interface Completion {
  /** The answer; empty when there was none. */
  readonly text: string;
  /** Reasoning that came apart from the answer; recorded, never applied. */
  readonly reasoning: string | null;
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  /** The model's name as the server gave it. */
  readonly model: string;
  /**
   * The program that a replayed answer was written for; the edit is applied to it, so that a replay gives the same
   * programs however noisy the machine is. Absent for a living model: its answer is for the program it was shown.
   */
  readonly writtenFor?: string;
  /** Requests made for this answer, retries included. */
  readonly attempts: number;
  readonly durationMs: number;
}

export interface Model {
  readonly name: string;
  /**
   * Asks for one completion.
   * @throws PerfagentError `model` when all attempts failed, `model_exhausted` when a replay has no answer left,
   * `budget` when a cap does not allow the call, `interrupted` when aborted.
   */
  complete(messages: readonly Message[], signal: AbortSignal): Promise<Completion>;
}

// --- Edits ---

export type EditRejection = "no_blocks" | "no_match" | "ambiguous" | "malformed" | "truncated" | "unchanged";

/** How closely a SEARCH text had to be read to find its place. */
export type MatchTier = "exact" | "line_ends" | "indentation" | "whole_program" | "unified_diff";

export type EditOutcome =
  | {
      readonly status: "applied";
      readonly program: string;
      /** Number of edits applied. */
      readonly blocks: number;
      /** Tier of each edit. */
      readonly matched: readonly MatchTier[];
    }
  | {
      readonly status: "rejected";
      readonly reason: EditRejection;
      /** 1-based number of the block at fault; null when it is the whole answer. */
      readonly block: number | null;
      /** For a person: one line first, details after it. */
      readonly message: string;
      /** For the model: what to send instead. */
      readonly feedback: string;
    };
