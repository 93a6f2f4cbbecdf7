import { describe, expect, test } from "bun:test";
import { parseResetMs, rateLimits, retryAfterMs } from "../../src/model/rate-headers.ts";
import { decideRetry, seconds, silenceLimitMs } from "../../src/model/retry.ts";

const NOW = Date.UTC(2026, 0, 1);

describe("decideRetry()", () => {
  const policy = { timeoutMs: 100_000, maxRetries: 5, delayMs: 1000, backoffFactor: 3, jitterMs: 500 };
  const always = { repeat: "always", retryAfterMs: null } as const;

  test("grows the pause by the factor up to a minute", () => {
    const waits = [0, 1, 2, 3, 4].map((retries) => decideRetry(policy, always, retries, 1e9, 0));
    expect(waits).toEqual([1000, 3000, 9000, 27_000, 60_000].map((waitMs) => ({ action: "wait", waitMs })));
  });

  test("adds chance up to the jitter, also to what the service asks for", () => {
    expect(decideRetry(policy, always, 0, 1e9, 0.5)).toEqual({ action: "wait", waitMs: 1250 });
    const asked = { repeat: "always", retryAfterMs: 7000 } as const;
    expect(decideRetry(policy, asked, 2, 1e9, 0.5)).toEqual({ action: "wait", waitMs: 7250 });
  });

  test("stops when the allowed retries are made", () => {
    expect(decideRetry(policy, always, 5, 1e9, 0).action).toBe("stop");
    expect(decideRetry(policy, { repeat: "few", retryAfterMs: null }, 2, 1e9, 0).action).toBe("stop");
    expect(decideRetry(policy, { repeat: "few", retryAfterMs: null }, 1, 1e9, 0).action).toBe("wait");
    expect(
      decideRetry({ ...policy, maxRetries: 1 }, { repeat: "few", retryAfterMs: null }, 1, 1e9, 0).action,
    ).toBe("stop");
    expect(decideRetry(policy, { repeat: "never", retryAfterMs: 1 }, 0, 1e9, 0).action).toBe("stop");
  });

  test("leaves time for the attempt behind an own pause, and does not wait for what comes too late", () => {
    expect(decideRetry(policy, always, 2, 9000, 0)).toEqual({ action: "wait", waitMs: 4500 });
    expect(decideRetry(policy, always, 0, 0, 0)).toEqual({ action: "stop", reason: "" });
    expect(decideRetry(policy, { repeat: "always", retryAfterMs: 9000 }, 0, 9000, 0)).toEqual({
      action: "stop",
      reason: "the service asks to come back in 9.0 s, and 9.0 s of the call's 100 s are left",
    });
  });
});

describe("silenceLimitMs()", () => {
  test("is half of the call's time, and a minute at the most once words flow", () => {
    expect(silenceLimitMs(600_000, false)).toBe(300_000);
    expect(silenceLimitMs(600_000, true)).toBe(60_000);
    expect(silenceLimitMs(2000, true)).toBe(1000);
  });
});

describe("seconds()", () => {
  test("is short", () => {
    expect([400, 1234, 9_960, 179_000, 600_000].map(seconds)).toEqual([
      "0.4 s",
      "1.2 s",
      "10 s",
      "179 s",
      "10 min",
    ]);
  });
});

describe("parseResetMs()", () => {
  const cases: readonly [string, number | null][] = [
    ["1s", 1000],
    ["6m0s", 360_000],
    ["2m59.56s", 179_560],
    ["20ms", 20],
    ["1h2m3s", 3_723_000],
    ["1d", 86_400_000],
    ["1.5", 1500],
    ["0", 0],
    [String(NOW / 1000 + 10), 10_000],
    [String(NOW + 10), 10],
    ["2026-01-01T00:00:05Z", 5000],
    ["2025-01-01T00:00:05Z", 0],
    ["", null],
    ["soon", null],
    ["-5", null],
  ];
  for (const [text, expected] of cases) {
    test(`of '${text}'`, () => expect(parseResetMs(text, NOW)).toBe(expected));
  }
});

describe("retryAfterMs()", () => {
  const cases: readonly [Readonly<Record<string, string>>, number | null][] = [
    [{}, null],
    [{ "retry-after": "2" }, 2000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" }, 60_000],
    [{ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, 0],
    [{ "retry-after": "soon" }, null],
    [{ "retry-after": "9", "retry-after-ms": "70" }, 70],
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "3s" }, 3000],
    [{ "x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "3s" }, null],
    [
      {
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:04Z",
      },
      4000,
    ],
  ];
  for (const [headers, expected] of cases) {
    test(JSON.stringify(headers), () => expect(retryAfterMs(new Headers(headers), NOW)).toBe(expected));
  }
});

describe("rateLimits()", () => {
  test("reads each limit that is told completely", () => {
    const headers = new Headers({
      "x-ratelimit-remaining-requests": "59",
      "x-ratelimit-reset-requests": "1s",
      "x-ratelimit-remaining-tokens": "100",
    });
    expect(rateLimits(headers, NOW)).toEqual({ requests: { remaining: 59, resetMs: 1000 }, tokens: null });
    expect(rateLimits(new Headers({ "x-ratelimit-remaining": "3" }), NOW)).toBeNull();
  });
});
