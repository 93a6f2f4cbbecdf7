/** Time as a port, so that waits can be tested without waiting. */
import { interruptedError } from "../errors.ts";

export interface Clock {
  /** Milliseconds that only grow; comparable with each other, not with a date. */
  nowMs(): number;
  /** Milliseconds since 1970, for dates that a server sends. */
  dateMs(): number;
  /**
   * Calls back after a time that is meant to pass (a pause before a retry, a rate limit).
   * @returns a function that cancels it.
   */
  wait(ms: number, callback: () => void): () => void;
  /**
   * Calls back after a time that should not pass (a stall, a deadline). Apart from `wait`, so that a clock which skips
   * pauses does not declare everything stalled.
   * @returns a function that cancels it.
   */
  watch(ms: number, callback: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  dateMs: () => Date.now(),
  wait: startTimer,
  watch: startTimer,
};

/**
 * Resolves after a time.
 * @throws PerfagentError `interrupted` at once when the signal is or becomes aborted.
 */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(interruptedError());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = clock.wait(ms, () => {
    signal.removeEventListener("abort", onAbort);
    resolve();
  });
  function onAbort(): void {
    cancel();
    reject(interruptedError());
  }
  signal.addEventListener("abort", onAbort, { once: true });
  return promise;
}

// --- internal ---

/** Longest delay of a timer (2³¹ − 1 ms, 24.8 days); a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function startTimer(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS));
  return () => clearTimeout(timer);
}
