/** What a run or a batch will probably cost, before it starts. Pure. */
import { costOf, type Price } from "./pricing.ts";

export interface EstimateInput {
  /** Tokens of each instance's first prompt. */
  readonly promptTokens: readonly number[];
  /** Model rounds of each instance. */
  readonly rounds: number;
  /** A prompt is never longer: history and failure details are shortened. */
  readonly maxInputTokens: number;
  /** Longest answer; null when the service's own limit holds. */
  readonly maxOutputTokens: number | null;
  /** Null for a model without a price. */
  readonly price: Price | null;
}

export interface SpendingEstimate {
  readonly calls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** US dollars; null for a model without a price. */
  readonly costUsd: number | null;
}

/**
 * @returns `expected`: prompts that stay as they begin, and answers of usual length; `most`: each prompt and each answer
 * as long as is allowed. Retries after failures are in neither: a failed request is not billed as a rule.
 */
export function estimateSpending(input: EstimateInput): {
  readonly expected: SpendingEstimate;
  readonly most: SpendingEstimate;
} {
  const { promptTokens, rounds, maxInputTokens, price } = input;
  const calls = promptTokens.length * rounds;
  const longest = input.maxOutputTokens ?? LONG_ANSWER_TOKENS;
  const first = promptTokens.reduce((sum, tokens) => sum + Math.min(tokens, maxInputTokens), 0);
  return {
    expected: spending(calls, first * rounds, calls * Math.min(USUAL_ANSWER_TOKENS, longest), price),
    most: spending(calls, calls * maxInputTokens, calls * longest, price),
  };
}

/** Tokens to expect of an answer at the most where no limit is sent. */
export const LONG_ANSWER_TOKENS = 8192;

// --- internal ---

/** A page of words and a program of a hundred lines; reasoning models write several times as much. */
const USUAL_ANSWER_TOKENS = 2000;

function spending(
  calls: number,
  promptTokens: number,
  completionTokens: number,
  price: Price | null,
): SpendingEstimate {
  const tokens = { promptTokens, completionTokens, cachedTokens: null, reasoningTokens: null, costUsd: null };
  return { calls, promptTokens, completionTokens, costUsd: costOf(tokens, price) };
}
