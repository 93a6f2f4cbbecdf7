/** Why one attempt to get an answer failed, before anybody decided what to do about it. */
import type { RateLimits } from "./rate-headers.ts";

/** How often an attempt that failed in this way is worth repeating. */
export type Repeat =
  /** As often as the configuration allows: the service was busy or the connection broke. */
  | "always"
  /** A few times: it may have been an accident, more probably it is a mistake in the configuration. */
  | "few"
  /** Not at all: the same request will get the same answer. */
  | "never";

export interface FailureDetails {
  readonly repeat: Repeat;
  /** HTTP status, or null when there was none. */
  readonly status?: number;
  /** What the service asks to wait before the next attempt. */
  readonly retryAfterMs?: number | null;
  readonly limits?: RateLimits | null;
  /** What a person should do about it. */
  readonly hint?: string;
  /** Text that had arrived: it was generated, so it was probably billed. */
  readonly received?: string;
  /** Requests that the attempt made; more than one when parameters were adapted. */
  readonly requests?: number;
}

/** Stays inside this folder: a caller of a model sees `PerfagentError` only. */
export class AttemptFailure extends Error {
  readonly repeat: Repeat;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly limits: RateLimits | null;
  readonly hint: string;
  readonly received: string;
  readonly requests: number;

  /** @param message The end of the sentence "Cannot get an answer: …". */
  constructor(message: string, details: FailureDetails) {
    super(message);
    this.name = "AttemptFailure";
    this.repeat = details.repeat;
    this.status = details.status ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.limits = details.limits ?? null;
    this.hint = details.hint ?? "";
    this.received = details.received ?? "";
    this.requests = details.requests ?? 1;
  }
}
