/** The `.traj` document: a run for analysis and replay, folded from its journal. Pure. */
import type { JournalEvent, ReplyReceived } from "../events.ts";
import type { Evaluation, Usage } from "../types.ts";
import { finalMetrics, foldRun, type RecordedRound, type RecordedRun } from "./fold.ts";

/** As documented in the README; keys are the document's own. */
export interface Trajectory {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly steps: readonly TrajectoryStep[];
}

export interface TrajectoryStep {
  readonly step_id: number;
  readonly timestamp: string;
  readonly action: "initial_evaluation" | "generate_optimization";
  readonly input_data: Readonly<Record<string, unknown>>;
  readonly output_data: Readonly<Record<string, unknown>>;
  readonly performance_metrics: Readonly<Record<string, number | null>>;
  readonly duration_seconds: number;
}

/** Folds a journal into its trajectory; null when the run never started. */
export function foldTrajectory(events: readonly JournalEvent[]): Trajectory | null {
  const run = foldRun(events);
  if (run === null) return null;
  const initial = run.initial === null ? [] : [initialStep(run)];
  const rounds = run.rounds.map((round, index) => roundStep(round, initial.length + index + 1));
  return { metadata: metadataOf(run, events), steps: [...initial, ...rounds] };
}

/** Usage with the keys of files and `--json`. */
export function usageDocument(usage: Usage): Readonly<Record<string, number | null>> {
  return {
    calls: usage.calls,
    prompt_tokens: usage.promptTokens,
    cached_tokens: usage.cachedTokens,
    completion_tokens: usage.completionTokens,
    reasoning_tokens: usage.reasoningTokens,
    cost_usd: usage.costUsd,
  };
}

/** The four metrics of the contract and the pass rate, then any further metric; null where not measured. */
export function metricsDocument(evaluation: Evaluation | null): Readonly<Record<string, number | null>> {
  const metrics = evaluation?.metrics ?? {};
  return {
    pass_rate: evaluation?.passRate ?? null,
    runtime: metrics.runtime ?? null,
    memory: metrics.memory ?? null,
    integral: metrics.integral ?? null,
    ...metrics,
  };
}

// --- internal ---

function metadataOf(run: RecordedRun, events: readonly JournalEvent[]): Readonly<Record<string, unknown>> {
  const { started, ended } = run;
  return {
    instance_id: started.instanceId,
    start_time: started.at,
    end_time: ended?.at ?? events.at(-1)?.at ?? started.at,
    total_iterations: run.rounds.length,
    success: ended?.success ?? false,
    stop_reason: ended?.stopReason ?? null,
    language: started.language,
    optimization_target: started.target,
    model: started.model,
    perfagent_version: started.perfagentVersion,
    environment: started.environment,
    seed: started.seed,
    config: started.config,
    usage: usageDocument(run.usage),
    final_performance: {
      ...metricsDocument(run.final.evaluation),
      ...finalMetrics(run),
      iteration: run.final.iteration,
    },
    confirmation: run.confirmed,
    held_out: run.heldOut,
    error: ended?.error ?? null,
  };
}

function initialStep(run: RecordedRun): TrajectoryStep {
  const event = run.initial;
  return {
    step_id: 1,
    timestamp: event?.at ?? run.started.at,
    action: "initial_evaluation",
    input_data: { code: run.started.initialCode },
    output_data: { evaluation: event?.evaluation ?? null },
    performance_metrics: metricsDocument(event?.evaluation ?? null),
    duration_seconds: (event?.durationMs ?? 0) / 1000,
  };
}

function roundStep(round: RecordedRound, stepId: number): TrajectoryStep {
  const { event, replies } = round;
  const last = replies.at(-1);
  return {
    step_id: stepId,
    timestamp: event.at,
    action: "generate_optimization",
    input_data: { iteration: event.iteration, code: round.base, messages: replies[0]?.messages ?? [] },
    output_data: {
      reply: last?.completion.text ?? null,
      reasoning: last?.completion.reasoning ?? null,
      finish_reason: last?.completion.finishReason ?? null,
      // Only a round with edit retries has more than one answer.
      ...(replies.length > 1 ? { replies: replies.map(replyDocument) } : {}),
      edits: event.edits,
      code: event.code,
      verdict: event.verdict,
      reason: event.reason,
      feedback: event.feedback,
      comparison: event.comparison,
      evaluation: event.evaluation,
      usage: last === undefined ? null : usageDocument(last.completion.usage),
    },
    performance_metrics: metricsDocument(event.evaluation),
    duration_seconds: event.durationMs / 1000,
  };
}

function replyDocument(reply: ReplyReceived): Readonly<Record<string, unknown>> {
  return {
    messages: reply.messages,
    text: reply.completion.text,
    reasoning: reply.completion.reasoning,
    finish_reason: reply.completion.finishReason,
    usage: usageDocument(reply.completion.usage),
  };
}
