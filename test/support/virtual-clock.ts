import type { Clock } from "../../src/model/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  readonly kind: "wait" | "watch";
}

/**
 * A clock for tests. Its time stands still, except that it jumps to the end of a pause as soon as nothing else is going
 * on, and moves when it is told to. Limits that should not be reached pass only in `advance`.
 */
export class VirtualClock implements Clock {
  /** The pauses that passed, in milliseconds, in the order in which they ended. */
  readonly waited: number[] = [];
  #nowMs = 0;
  readonly #timers = new Set<Timer>();
  readonly #lengths = new Map<Timer, number>();

  nowMs(): number {
    return this.#nowMs;
  }

  /** 2026-01-01T00:00:00Z at the start. */
  dateMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  wait(ms: number, callback: () => void): () => void {
    const cancel = this.#add("wait", ms, callback);
    setTimeout(() => this.#jump(), 0);
    return cancel;
  }

  watch(ms: number, callback: () => void): () => void {
    return this.#add("watch", ms, callback);
  }

  /** Lets time pass and everything happen that is due. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#next("any"); next !== null && next.dueMs <= endMs; next = this.#next("any"))
      this.#fire(next);
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #add(kind: Timer["kind"], ms: number, callback: () => void): () => void {
    const timer: Timer = { kind, dueMs: this.#nowMs + ms, callback };
    this.#timers.add(timer);
    this.#lengths.set(timer, ms);
    return () => this.#timers.delete(timer);
  }

  #jump(): void {
    const next = this.#next("wait");
    if (next !== null) this.#fire(next);
  }

  #next(kind: "any" | "wait"): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) {
      if (kind === "wait" && timer.kind !== "wait") continue;
      if (first === null || timer.dueMs < first.dueMs) first = timer;
    }
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    if (timer.kind === "wait") this.waited.push(this.#lengths.get(timer) ?? 0);
    timer.callback();
  }
}
