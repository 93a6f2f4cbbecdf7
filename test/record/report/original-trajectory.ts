/**
 * A trajectory as the Python original writes it: `info` with the metadata and the final program (`submission`), `steps`
 * with query, answer, code and metrics, `history` as a chat. Numbers that do not exist are the word "Infinity".
 */
export interface OriginalStep {
  readonly action?: string;
  readonly runtime: number | "Infinity";
  readonly error?: string;
  readonly unchanged?: true;
}

export function originalTrajectory(
  instanceId: string,
  steps: readonly OriginalStep[],
  info: object = {},
): object {
  const passing = steps.filter((step) => step.runtime !== "Infinity" && step.error === undefined);
  const best = Math.min(...passing.map((step) => Number(step.runtime)));
  return {
    info: {
      instance_id: instanceId,
      start_time: "2025-05-01T10:00:00.123456",
      language: "python3",
      optimization_target: "runtime",
      end_time: "2025-05-01T10:05:00.123456",
      total_iterations: steps.length,
      success: passing.length > 1,
      final_performance: {
        target: "runtime",
        unit: "s",
        value: Number.isFinite(best) ? best : "Infinity",
        runtime: Number.isFinite(best) ? best : "Infinity",
        memory: Number.isFinite(best) ? 12.5 : "Infinity",
        integral: Number.isFinite(best) ? 3.5 : "Infinity",
      },
      error_message: null,
      final_best_code: "print(2)",
      submission: "print(2)",
      ...info,
    },
    steps: steps.map((step, index) => ({
      step_id: `step_${index + 1}`,
      timestamp: "2025-05-01T10:00:01.000000",
      action: step.action ?? (index === 0 ? "initial_evaluation" : "generate_optimization"),
      query: "Optimize this",
      response: "## Thinking …",
      thought: "…",
      code_snapshot: `print(${index + 1})`,
      code_changed: step.unchanged !== true && index > 0,
      diff: index === 0 ? null : "<<<<<<< SEARCH\nprint(1)\n=======\nprint(2)\n>>>>>>> REPLACE",
      performance_metrics:
        step.unchanged === true || step.error !== undefined
          ? null
          : {
              performance_analysis: {
                passed: step.runtime !== "Infinity",
                pass_rate: step.runtime === "Infinity" ? 0.25 : 1,
                runtime: step.runtime,
                memory: step.runtime === "Infinity" ? "Infinity" : 12.5,
                integral: step.runtime === "Infinity" ? "Infinity" : 3.5,
                analysis: {},
              },
              failed_test_details: [],
              pass_rates: [1],
              pass_rate_consistent: true,
            },
      error: step.error ?? null,
      execution_time: 1.5,
    })),
    history: [{ role: "system", content: "…", message_type: "system_prompt" }],
  };
}
