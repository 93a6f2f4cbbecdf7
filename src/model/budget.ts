/** Hard limits on money, tokens and time, shared by all that spend them. */
import { PerfagentError } from "../errors.ts";
import { type Clock, systemClock } from "./clock.ts";
import { joinLine, type Waiter } from "./line.ts";
import { seconds } from "./retry.ts";

export interface BudgetLimits {
  /** US dollars; null sets no limit. */
  readonly maxCostUsd: number | null;
  /** Tokens of prompts and answers; null sets no limit. */
  readonly maxTotalTokens: number | null;
  /** Time from the budget's making, after which no call starts; null sets no limit. */
  readonly maxTimeMs: number | null;
}

/** An amount that is or may be spent. */
export interface Spending {
  readonly tokens: number;
  /** US dollars; 0 for a model without a price. */
  readonly costUsd: number;
}

/** Room for one call. */
export interface Reservation {
  /** Ends the call and books what it used. Later calls do nothing. */
  settle(used: Spending): void;
}

/** Shared by a whole batch. */
export interface Budget {
  readonly limits: BudgetLimits;
  /**
   * Waits for room for a call. A call goes ahead when the most it may use still fits. Where it does not fit beside
   * calls in flight it waits for them; alone it goes ahead as long as anything is left. So the limits are passed by
   * one call at the most, however many work in parallel.
   *
   * @param most The most that the call may use.
   * @throws PerfagentError `budget` when nothing is left, `interrupted` at once when the signal is or becomes aborted.
   */
  reserve(most: Spending, signal: AbortSignal): Promise<Reservation>;
  /** Books what was spent without a reservation: the calls of a run that is continued. */
  book(used: Spending): void;
  /** What was spent so far. */
  spent(): Spending;
  /** The error that a call would meet now because nothing is left; null while something is. */
  exhausted(): PerfagentError | null;
}

export function createBudget(limits: BudgetLimits, clock: Clock = systemClock): Budget {
  const startedMs = clock.nowMs();
  const waiting: Waiter<Spending, Reservation>[] = [];
  let spent: Spending = NOTHING;
  let reserved: Spending = NOTHING;
  let inFlight = 0;

  function pump(): void {
    while (waiting.length > 0) {
      const [next] = waiting;
      if (next === undefined) return;
      const exhausted = whatIsUsedUp(limits, spent, clock.nowMs() - startedMs);
      if (exhausted === null && inFlight > 0 && !fits(limits, add(add(spent, reserved), next.need))) return;
      waiting.shift();
      if (exhausted === null) grant(next);
      else next.reject(exhausted);
    }
  }

  function grant(waiter: Waiter<Spending, Reservation>): void {
    const most = waiter.need;
    reserved = add(reserved, most);
    inFlight += 1;
    let isOpen = true;
    waiter.resolve({
      settle(used) {
        if (!isOpen) return;
        isOpen = false;
        inFlight -= 1;
        // Sums of floating-point numbers do not come back to 0 by themselves.
        reserved = inFlight === 0 ? NOTHING : add(reserved, { tokens: -most.tokens, costUsd: -most.costUsd });
        spent = add(spent, used);
        pump();
      },
    });
  }

  return {
    limits,
    reserve: (most, signal) => joinLine(waiting, most, signal, pump),
    book(used) {
      spent = add(spent, used);
    },
    spent: () => spent,
    exhausted: () => whatIsUsedUp(limits, spent, clock.nowMs() - startedMs),
  };
}

// --- internal ---

const NOTHING: Spending = { tokens: 0, costUsd: 0 };

function add(a: Spending, b: Spending): Spending {
  return { tokens: a.tokens + b.tokens, costUsd: a.costUsd + b.costUsd };
}

function fits(limits: BudgetLimits, spending: Spending): boolean {
  return (
    spending.tokens <= (limits.maxTotalTokens ?? Number.POSITIVE_INFINITY) &&
    spending.costUsd <= (limits.maxCostUsd ?? Number.POSITIVE_INFINITY)
  );
}

function whatIsUsedUp(limits: BudgetLimits, spent: Spending, elapsedMs: number): PerfagentError | null {
  const { maxCostUsd, maxTotalTokens, maxTimeMs } = limits;
  if (maxCostUsd !== null && spent.costUsd >= maxCostUsd) {
    return usedUp(`${maxCostUsd} USD`, `${spent.costUsd.toFixed(6)} USD are spent`, "--max-cost");
  }
  if (maxTotalTokens !== null && spent.tokens >= maxTotalTokens) {
    return usedUp(`${maxTotalTokens} tokens`, `${spent.tokens} are spent`, "--max-total-tokens");
  }
  if (maxTimeMs !== null && elapsedMs >= maxTimeMs) {
    return usedUp(seconds(maxTimeMs), `${seconds(elapsedMs)} have passed`, "--max-time");
  }
  return null;
}

function usedUp(limit: string, found: string, flag: string): PerfagentError {
  return new PerfagentError("budget", `Cannot ask the model: the budget of ${limit} is used up; ${found}`, {
    hint: `Raise ${flag}, and continue with --resume`,
  });
}
