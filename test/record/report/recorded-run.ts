/** Journals of small runs, for tests that read them. */
import type { JournalEvent, Verdict } from "../../../src/events.ts";
import { sha256 } from "../../../src/lib/hash.ts";
import { foldRun } from "../../../src/record/fold.ts";
import { resultOf } from "../../../src/record/result.ts";
import { foldTrajectory } from "../../../src/record/trajectory.ts";
import type { Evaluation } from "../../../src/types.ts";

export interface RecordedRound {
  readonly verdict: Verdict;
  /** Seconds of the program; null when it has none or fails. */
  readonly runtime: number | null;
  readonly reason?: string;
}

export interface RecordedRunOptions {
  readonly instanceId?: string;
  readonly language?: string;
  readonly model?: string;
  readonly initialRuntime?: number | null;
  readonly rounds?: readonly RecordedRound[];
  /** The final program was compared with the initial one on fresh pairs. */
  readonly confirmed?: {
    readonly ratio: number;
    readonly interval: readonly [number, number];
    readonly initialRuntime: number;
  };
  /** Null: the run has not ended. */
  readonly end?: {
    readonly success: boolean;
    readonly error?: { readonly code: string; readonly message: string };
  } | null;
  readonly startedAt?: string;
}

const INITIAL = "print(1)\n";

/** The events of a run; memory is 10 MB and the integral 10 MB times the runtime. */
export function recordedEvents(options: RecordedRunOptions = {}): JournalEvent[] {
  const {
    instanceId = "task_1",
    language = "python3",
    model = "test-model",
    initialRuntime = 2,
    rounds = [],
    end = { success: rounds.some((round) => round.verdict === "improved") },
    startedAt = "2025-01-01T10:00:00.000Z",
  } = options;
  const at = (second: number) => new Date(Date.parse(startedAt) + 1000 * second).toISOString();
  const best = rounds.findLastIndex((round) => round.verdict === "improved");
  return [
    {
      type: "run_started",
      at: startedAt,
      owner: { pid: 1, host: "test" },
      format: 1,
      instanceId,
      instanceSha256: "0".repeat(64),
      language,
      target: "runtime",
      unit: "s",
      metric: "runtime",
      model,
      perfagentVersion: "0.0.0",
      environment: {
        cpu: "Test CPU (2)",
        kernel: "Linux 6",
        toolchain: "Python 3",
        isolation: "L3",
        measurement: "launcher",
      },
      config: {},
      seed: 1,
      initialCode: INITIAL,
      placeholder: false,
    },
    { type: "initial_evaluated", at: at(1), evaluation: evaluationOf(initialRuntime), durationMs: 1000 },
    ...rounds.flatMap((round, index): JournalEvent[] => [
      {
        type: "reply",
        at: at(2 * index + 2),
        iteration: index + 1,
        retry: 0,
        messages: [{ role: "user", content: "Make it faster" }],
        completion: {
          text: "an answer",
          reasoning: null,
          finishReason: "stop",
          usage: {
            calls: 1,
            promptTokens: 100,
            cachedTokens: null,
            completionTokens: 10,
            reasoningTokens: null,
            costUsd: 0.01,
          },
          model,
          attempts: 1,
          durationMs: 500,
        },
        baseSha256: sha256(INITIAL),
      },
      {
        type: "iteration",
        at: at(2 * index + 3),
        iteration: index + 1,
        verdict: round.verdict,
        reason: round.reason ?? `reason ${index + 1}`,
        feedback: "",
        edits: [
          {
            status: round.verdict === "edit_failed" ? "rejected" : "applied",
            reason: round.verdict === "edit_failed" ? "no_match" : null,
            block: null,
            blocks: 1,
            matched: ["exact"],
            diff: round.verdict === "edit_failed" ? "" : `@@ -1 +1 @@\n-print(1)\n+print(${index + 2})\n`,
            message: "",
          },
        ],
        baseSha256: sha256(INITIAL),
        code: round.verdict === "edit_failed" ? null : `print(${index + 2})\n`,
        evaluation: round.verdict === "edit_failed" ? null : evaluationOf(round.runtime),
        comparison: null,
        durationMs: 1500,
      },
    ]),
    ...(options.confirmed === undefined
      ? []
      : [confirmation(at(2 * rounds.length + 3), best + 1, options.confirmed)]),
    ...(end === null
      ? []
      : [
          {
            type: "run_ended",
            at: at(2 * rounds.length + 4),
            stopReason: end.error === undefined ? "max_iterations" : "error",
            success: end.success,
            finalIteration: best + 1,
            usage: {
              calls: rounds.length,
              promptTokens: 100,
              cachedTokens: null,
              completionTokens: 10,
              reasoningTokens: null,
              costUsd: 0.01,
            },
            error: end.error ?? null,
          } as const,
        ]),
  ];
}

function confirmation(
  at: string,
  iteration: number,
  confirmed: NonNullable<RecordedRunOptions["confirmed"]>,
): JournalEvent {
  const { ratio, interval, initialRuntime } = confirmed;
  const metrics = (runtime: number) => evaluationOf(runtime).metrics;
  return {
    type: "confirmed",
    at,
    iteration,
    comparison: {
      verdict: "faster",
      metric: "cpu_time",
      ratio,
      interval,
      pValue: 0.001,
      pairs: [],
      reason: "",
      failures: [],
      failed: [],
      perTest: [],
      criterion: null,
    },
    initialMetrics: metrics(initialRuntime),
    finalMetrics: metrics(initialRuntime / ratio),
  };
}

export function journalText(events: readonly JournalEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

/** The three files of a run's folder, by name. */
export function runFiles(options: RecordedRunOptions = {}): Record<string, string> {
  const events = recordedEvents(options);
  const run = foldRun(events);
  const name = options.instanceId ?? "task_1";
  if (run === null) throw new Error("The run never started");
  return {
    "result.json": JSON.stringify(resultOf(run, `${name}.traj`)),
    [`${name}.traj`]: JSON.stringify(foldTrajectory(events)),
    [`${name}.journal.jsonl`]: journalText(events),
  };
}

/** A program that passes with a runtime, or fails one test of two without one. */
export function evaluationOf(runtime: number | null): Evaluation {
  return {
    passed: runtime !== null,
    passRate: runtime === null ? 0.5 : 1,
    build: { status: "ok", message: "" },
    tests: [],
    flaky: [],
    metrics: runtime === null ? {} : { runtime, memory: 10, integral: 10 * runtime },
    statistics: {},
    samples: [],
    runs: runtime === null ? 0 : 5,
    isolation: "L3",
    measurement: "launcher",
    feedback: "",
  };
}
