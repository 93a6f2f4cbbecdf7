/** Keeps all model calls of a process within a service's limits, and fair between those who ask. */
import { type Clock, systemClock } from "./clock.ts";
import { joinLine, type Waiter } from "./line.ts";
import type { RateLimits, Remaining } from "./rate-headers.ts";

export interface GovernorOptions {
  /** Requests in any 60 s; null sets no limit of our own. */
  readonly requestsPerMinute: number | null;
  /** Tokens in any 60 s, prompts and answers together; null sets no limit of our own. */
  readonly tokensPerMinute: number | null;
  /** Requests at once; null sets no limit. */
  readonly maxConcurrency: number | null;
  /** Hears of a wait that has become longer than what was told before; must not throw. */
  readonly onWait?: (wait: RateWait) => void;
  readonly clock?: Clock;
}

/** Nothing is sent for a time, because a limit is reached. */
export interface RateWait {
  readonly ms: number;
}

/** The permission for one request. */
export interface Lease {
  /**
   * Ends the request. Later calls do nothing.
   * @param tokens What it used; null keeps the estimate.
   */
  release(tokens: number | null): void;
}

/** Shared by everything that asks the same service: one for a whole batch. */
export interface Governor {
  /**
   * Waits until a request may be sent. Among those who wait, the one goes first who was served the longest time ago.
   *
   * @param owner Who asks, such as an instance's name.
   * @param tokens Estimate of prompt and answer.
   * @throws PerfagentError `interrupted` at once when the signal is or becomes aborted.
   */
  acquire(owner: string, tokens: number, signal: AbortSignal): Promise<Lease>;
  /**
   * Takes over what the service said about its limits, for a minute at the most: what lasts longer, such as a limit per
   * day, is for the call itself to run into and to report.
   */
  learn(limits: RateLimits): void;
  /** Sends nothing for a time, a minute at the most: the service said that all is used up. */
  pause(ms: number): void;
}

export function createGovernor(options: GovernorOptions): Governor {
  const clock = options.clock ?? systemClock;
  const waiting: Asking[] = [];
  const lastServed = new Map<string, number>();
  let sent: Sent[] = [];
  let inFlight = 0;
  let served = 0;
  let pausedUntilMs = 0;
  const learnt: Record<"requests" | "tokens", Learnt | null> = { requests: null, tokens: null };
  let cancelTimer: (() => void) | null = null;
  let announcedUntilMs = 0;

  function announce(untilMs: number, now: number): void {
    // Less than this is no news, and a wait that grows with every request would be told of with every request.
    if (untilMs < announcedUntilMs + LEAST_NEWS_MS) return;
    announcedUntilMs = untilMs;
    options.onWait?.({ ms: untilMs - now });
  }

  function pump(): void {
    cancelTimer?.();
    cancelTimer = null;
    while (waiting.length > 0) {
      if (options.maxConcurrency !== null && inFlight >= options.maxConcurrency) return;
      const next = nextWaiter(waiting, lastServed);
      const now = clock.nowMs();
      const readyMs = readyAtMs(next.need.tokens, now);
      if (readyMs > now) {
        announce(readyMs, now);
        cancelTimer = clock.wait(readyMs - now, pump);
        return;
      }
      grant(next, now);
    }
  }

  function readyAtMs(tokens: number, now: number): number {
    sent = sent.filter((entry) => entry.atMs > now - MINUTE_MS);
    return Math.max(
      pausedUntilMs,
      windowFreeAtMs(sent, options.requestsPerMinute, 1, () => 1),
      windowFreeAtMs(sent, options.tokensPerMinute, tokens, (entry) => entry.tokens),
      learntFreeAtMs(learnt.requests, 1, now),
      learntFreeAtMs(learnt.tokens, tokens, now),
    );
  }

  function grant(waiter: Asking, now: number): void {
    const { owner, tokens: expected } = waiter.need;
    waiting.splice(waiting.indexOf(waiter), 1);
    lastServed.set(owner, ++served);
    const entry: Sent = { atMs: now, tokens: expected };
    sent.push(entry);
    if (learnt.requests !== null) learnt.requests.remaining -= 1;
    if (learnt.tokens !== null) learnt.tokens.remaining -= expected;
    inFlight += 1;
    let isOpen = true;
    waiter.resolve({
      release(tokens) {
        if (!isOpen) return;
        isOpen = false;
        inFlight -= 1;
        if (tokens !== null) entry.tokens = tokens;
        pump();
      },
    });
  }

  return {
    acquire: (owner, tokens, signal) => joinLine(waiting, { owner, tokens }, signal, pump),
    learn(limits) {
      for (const kind of ["requests", "tokens"] as const) {
        const told = limits[kind];
        if (told !== null) learnt[kind] = learntFrom(told, clock.nowMs());
      }
    },
    pause(ms) {
      const now = clock.nowMs();
      pausedUntilMs = Math.max(pausedUntilMs, now + Math.min(ms, MINUTE_MS));
      if (pausedUntilMs > now) announce(pausedUntilMs, now);
    },
  };
}

// --- internal ---

const MINUTE_MS = 60_000;

/** A second: shorter waits cannot be read. */
const LEAST_NEWS_MS = 1000;

interface Need {
  readonly owner: string;
  readonly tokens: number;
}

type Asking = Waiter<Need, Lease>;

/** A request of the last minute. */
interface Sent {
  readonly atMs: number;
  tokens: number;
}

/** What is left of a limit that the service told, until it is full again. */
interface Learnt {
  remaining: number;
  readonly resetAtMs: number;
}

function learntFrom(told: Remaining, nowMs: number): Learnt {
  return { remaining: told.remaining, resetAtMs: nowMs + Math.min(told.resetMs, MINUTE_MS) };
}

/** The first waiter of the owner who was served the longest time ago; nobody ever served goes before all. */
function nextWaiter(waiting: readonly Asking[], lastServed: ReadonlyMap<string, number>): Asking {
  const rank = ({ need }: Asking): number => lastServed.get(need.owner) ?? 0;
  return waiting.reduce((best, waiter) => (rank(waiter) < rank(best) ? waiter : best));
}

/**
 * When a window of a minute has room for an amount more. What is larger than the whole limit may go when the window is
 * empty: it would wait for ever otherwise.
 */
function windowFreeAtMs(
  sent: readonly Sent[],
  limit: number | null,
  amount: number,
  size: (entry: Sent) => number,
): number {
  if (limit === null) return 0;
  let used = sent.reduce((sum, entry) => sum + size(entry), 0);
  let freeAtMs = 0;
  for (const entry of sent) {
    if (used + amount <= limit) break;
    used -= size(entry);
    freeAtMs = entry.atMs + MINUTE_MS;
  }
  return freeAtMs;
}

function learntFreeAtMs(learnt: Learnt | null, amount: number, nowMs: number): number {
  if (learnt === null || learnt.resetAtMs <= nowMs || learnt.remaining >= amount) return 0;
  return learnt.resetAtMs;
}
