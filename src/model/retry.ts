/** When a failed attempt is repeated, and after which pause. Pure: time and chance come in from outside. */
import type { AttemptFailure } from "./failure.ts";

export interface RetryPolicy {
  /** Time for one call: all attempts and the pauses between them. */
  readonly timeoutMs: number;
  /** Attempts after the first one. */
  readonly maxRetries: number;
  /** Pause before the first retry. */
  readonly delayMs: number;
  /** Factor by which the pause grows with each retry. */
  readonly backoffFactor: number;
  /** Most that is added to a pause at random, so that parallel runs do not come back all at once. */
  readonly jitterMs: number;
}

export type RetryDecision =
  | { readonly action: "wait"; readonly waitMs: number }
  /** `reason` ends the sentence of the final error; empty where the failure says it all. */
  | { readonly action: "stop"; readonly reason: string };

/**
 * Decides what follows a failed attempt.
 *
 * A service's own word on when to come back goes before the configured pause; where that would outlast the call's time,
 * there is nothing to wait for and the call ends at once. An own pause takes half of what is left at the most, so that
 * there is time for the attempt behind it.
 *
 * @param retriesMade Retries so far.
 * @param leftMs What is left of the call's time.
 * @param random In [0, 1).
 */
export function decideRetry(
  policy: RetryPolicy,
  failure: Pick<AttemptFailure, "repeat" | "retryAfterMs">,
  retriesMade: number,
  leftMs: number,
  random: number,
): RetryDecision {
  const allowed =
    failure.repeat === "never"
      ? 0
      : failure.repeat === "few"
        ? Math.min(FEW, policy.maxRetries)
        : policy.maxRetries;
  if (retriesMade >= allowed || leftMs <= 0) return { action: "stop", reason: "" };
  const jitterMs = random * policy.jitterMs;
  if (failure.retryAfterMs === null) {
    const backoffMs = Math.min(policy.delayMs * policy.backoffFactor ** retriesMade, LONGEST_BACKOFF_MS);
    return { action: "wait", waitMs: Math.min(backoffMs + jitterMs, leftMs / 2) };
  }
  const waitMs = failure.retryAfterMs + jitterMs;
  if (waitMs < leftMs) return { action: "wait", waitMs };
  return {
    action: "stop",
    reason: `the service asks to come back in ${seconds(waitMs)}, and ${seconds(leftMs)} of the call's ${seconds(policy.timeoutMs)} are left`,
  };
}

/**
 * How long a connection may be silent before it counts as stalled.
 *
 * Before the first words half of the call's time: a model may think without a sound, and the other half is for one more
 * attempt. Once words flow, a gap of a minute is a broken stream: services send several a second.
 */
export function silenceLimitMs(timeoutMs: number, hasWords: boolean): number {
  return hasWords ? Math.min(timeoutMs / 2, LONGEST_GAP_MS) : timeoutMs / 2;
}

/** A duration for a sentence: "0.4 s", "12 s", "3 min". */
export function seconds(ms: number): string {
  if (ms >= 180_000) return `${Math.round(ms / 60_000)} min`;
  return ms >= 9_950 ? `${Math.round(ms / 1000)} s` : `${(ms / 1000).toFixed(1)} s`;
}

// --- internal ---

/** Two: an accident does not happen three times. */
const FEW = 2;
/** An own pause grows up to here: past a minute, waiting longer makes no service healthier. */
const LONGEST_BACKOFF_MS = 60_000;
const LONGEST_GAP_MS = 60_000;
