/** The way to one kind of model: makes one attempt and leaves patience, money and records to its caller. */
import type { Message } from "../types.ts";
import type { Answer } from "./answer.ts";
import type { TokenCounts } from "./pricing.ts";
import type { RateLimits } from "./rate-headers.ts";

export interface AttemptResult extends Answer {
  readonly tokens: TokenCounts;
  /** The model's name as the service gave it. */
  readonly model: string;
  /** Requests made: more than one when parameters were adapted. */
  readonly requests: number;
  /** What the service said about its limits; null when it said nothing. */
  readonly limits: RateLimits | null;
  /** Time until the first words; null when it is not known. */
  readonly firstWordsMs: number | null;
}

export interface Transport {
  /** Address that is asked, without credentials and query; null for a model without one. */
  readonly endpoint: string | null;
  /**
   * Asks once.
   * @throws AttemptFailure Anything may be thrown when the signal is aborted: the caller knows why it aborted.
   */
  attempt(messages: readonly Message[], signal: AbortSignal): Promise<AttemptResult>;
  /** What is sent for these messages, for the log. */
  describe(messages: readonly Message[]): Readonly<Record<string, unknown>>;
}

/** Of a model that does not count. */
export const UNCOUNTED: TokenCounts = {
  promptTokens: null,
  cachedTokens: null,
  completionTokens: null,
  reasoningTokens: null,
  costUsd: null,
};
