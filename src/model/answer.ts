/** What a model answered, before anybody counted what it cost. */
import type { FinishReason } from "../types.ts";

export interface Answer {
  readonly text: string;
  /** Reasoning that came apart from the text; null when there was none. */
  readonly reasoning: string | null;
  readonly finishReason: FinishReason;
}

/**
 * The reason a service gave for the end of an answer, in our words.
 * @param given `finish_reason` as received; absent or unheard of is `unknown`.
 */
export function finishReasonOf(given: unknown): FinishReason {
  return typeof given === "string" ? (FINISH_REASONS[given.toLowerCase()] ?? "unknown") : "unknown";
}

// --- internal ---

/** The API's own words, those of services that pass on another API's, and ours (a journal holds them). */
const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  end_turn: "stop",
  eos: "stop",
  stop_sequence: "stop",
  length: "length",
  max_tokens: "length",
  max_output_tokens: "length",
  model_length: "length",
  refusal: "refusal",
  content_filter: "content_filter",
  safety: "content_filter",
  tool_calls: "tool_calls",
  tool_use: "tool_calls",
  function_call: "tool_calls",
};
