/** Counting tokens and money of calls. Pure. */
import type { Usage } from "../types.ts";

/** Of one call whose cost nobody told. */
export const UNKNOWN_USAGE: Usage = {
  calls: 1,
  promptTokens: null,
  cachedTokens: null,
  completionTokens: null,
  reasoningTokens: null,
  costUsd: null,
};

/** Of an answer for which no model was asked. */
export const NO_USAGE: Usage = {
  calls: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  costUsd: 0,
};
