/** What a service says about its limits in the headers of a reply. Pure. */

/** How much of one limit is left. */
export interface Remaining {
  readonly remaining: number;
  /** Time until the limit is full again. */
  readonly resetMs: number;
}

export interface RateLimits {
  readonly requests: Remaining | null;
  readonly tokens: Remaining | null;
}

/**
 * How long a service asks to wait: `retry-after-ms`, `Retry-After` in seconds or as a date, else the reset time of a limit
 * of which nothing is left.
 *
 * @param dateMs Now, in milliseconds since 1970.
 * @returns milliseconds, or null when it does not say.
 */
export function retryAfterMs(headers: Headers, dateMs: number): number | null {
  const precise = numberOf(headers.get("retry-after-ms"));
  if (precise !== null) return precise;
  const given = headers.get("retry-after");
  if (given !== null) {
    const seconds = numberOf(given);
    if (seconds !== null) return seconds * 1000;
    const date = parseDateMs(given);
    if (date !== null) return Math.max(0, date - dateMs);
  }
  const limits = rateLimits(headers, dateMs);
  const exhausted = [limits?.requests, limits?.tokens].flatMap((limit) =>
    limit?.remaining === 0 ? [limit.resetMs] : [],
  );
  return exhausted.length === 0 ? null : Math.max(...exhausted);
}

/**
 * Reads `x-ratelimit-remaining-requests` and its relatives (`-tokens`, `-reset-…`; Anthropic's own spelling; the
 * unnamed pair of some gateways).
 *
 * @returns null when no limit is told completely.
 */
export function rateLimits(headers: Headers, dateMs: number): RateLimits | null {
  const read = (kind: "requests" | "tokens"): Remaining | null => {
    for (const [remainingName, resetName] of NAMES[kind]) {
      const remaining = numberOf(headers.get(remainingName));
      const resetMs = parseResetMs(headers.get(resetName) ?? "", dateMs);
      if (remaining !== null && resetMs !== null) return { remaining, resetMs };
    }
    return null;
  };
  const requests = read("requests");
  const tokens = read("tokens");
  return requests === null && tokens === null ? null : { requests, tokens };
}

/**
 * Reads a time until something: "6m0s", "20ms", "1.5", seconds or milliseconds since 1970, or a date.
 * @returns milliseconds from now, at least 0; null when it is none of them.
 */
export function parseResetMs(text: string, dateMs: number): number | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const number = numberOf(trimmed);
  if (number !== null) {
    if (number >= FIRST_EPOCH_MS) return Math.max(0, number - dateMs);
    if (number >= FIRST_EPOCH_S) return Math.max(0, number * 1000 - dateMs);
    return number * 1000;
  }
  const duration = parseDurationMs(trimmed);
  if (duration !== null) return duration;
  const date = parseDateMs(trimmed);
  return date === null ? null : Math.max(0, date - dateMs);
}

// --- internal ---

const NAMES: Readonly<Record<"requests" | "tokens", readonly (readonly [string, string])[]>> = {
  requests: [
    ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
    ["anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"],
    ["x-ratelimit-remaining", "x-ratelimit-reset"],
  ],
  tokens: [
    ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
    ["anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"],
  ],
};

/** A number from here on is no duration: 10⁹ s is the year 2001, and no limit lasts for 31 years. */
const FIRST_EPOCH_S = 1e9;
const FIRST_EPOCH_MS = 1e12;

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

function numberOf(text: string | null): number | null {
  if (text === null || !/^\s*\d+(\.\d+)?\s*$/.test(text)) return null;
  return Number(text);
}

/** Dates have a year; without this the engine takes "-5" for a month. */
function parseDateMs(text: string): number | null {
  const date = /\b\d{4}\b/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : date;
}

function parseDurationMs(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|[dhms]))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ""] ?? 0);
  }
  return total;
}
