/** After the search: which of the accepted programs holds up on fresh measurements and on new inputs. */
import type { Candidate, LoopState } from "../agent/state.ts";
import type { HeldOutChecked, JournalEvent, WinnerConfirmed } from "../events.ts";
import type { Comparison, Sample } from "../types.ts";

export interface HeldOutResult {
  /** New inputs tried; 0 when none could be made. */
  readonly tests: number;
  readonly failed: number;
  readonly seed: number;
  readonly message: string;
}

export interface FinishPorts {
  /** Measures the program against the initial one on fresh pairs; null where the rule asks for no confirmation. */
  readonly confirm: ((winner: Candidate, signal: AbortSignal) => Promise<Comparison>) | null;
  /**
   * Checks the program on inputs it never saw; null where there are none.
   * @param reference The initial program where it passes the given tests, so that its word counts too.
   */
  readonly holdOut:
    | ((winner: Candidate, reference: string | null, signal: AbortSignal) => Promise<HeldOutResult>)
    | null;
  /** Metrics of passes by the reporting rule. */
  summarize(samples: readonly Sample[]): Sample;
  record(event: JournalEvent): void;
  timestamp(): string;
}

export interface FinalProgram {
  readonly program: Candidate;
  /** It passes all tests and is proven better than the initial program, or that one did not pass. */
  readonly success: boolean;
}

/**
 * Goes through the accepted programs, the newest first, and takes the first one that holds. Checks that the journal
 * already has (of a run that is resumed) are not made again.
 */
export async function chooseFinal(
  state: LoopState,
  earlier: readonly JournalEvent[],
  ports: FinishPorts,
  signal: AbortSignal,
): Promise<FinalProgram> {
  let initialPasses = state.initial.evaluation?.passed === true;
  const reference = (): string | null => (initialPasses ? state.initial.code : null);
  for (const winner of state.accepted.toReversed()) {
    if (winner.iteration === 0) break;
    if (initialPasses && ports.confirm !== null) {
      const comparison = (findConfirmed(earlier, winner) ?? (await confirm(winner, ports, signal)))
        .comparison;
      const isInitialFlaky = comparison.verdict === "incorrect" && !comparison.failed.includes("b");
      if (isInitialFlaky) initialPasses = false;
      else if (comparison.verdict !== "faster") continue;
    }
    if (ports.holdOut !== null) {
      const held = findHeldOut(earlier, winner) ?? (await holdOut(winner, reference(), ports, signal));
      if (held.failed > 0) continue;
    }
    return { program: winner, success: true };
  }
  return fallBack(state, initialPasses);
}

/** What a run that was stopped before its checks has: the best program by the evidence of its own round. */
export function unfinishedFinal(state: LoopState): FinalProgram {
  const { best } = state;
  return { program: best, success: best.iteration > 0 && best.evaluation?.passed === true };
}

// --- internal ---

/** No accepted program held: the initial one if it passes, else the one that passed most tests. */
function fallBack(state: LoopState, initialPasses: boolean): FinalProgram {
  const program = initialPasses ? state.initial : state.best;
  return { program, success: false };
}

async function confirm(winner: Candidate, ports: FinishPorts, signal: AbortSignal): Promise<WinnerConfirmed> {
  if (ports.confirm === null) throw new Error("a confirmation was asked for where there is none");
  const comparison = await ports.confirm(winner, signal);
  const event: WinnerConfirmed = {
    type: "confirmed",
    at: ports.timestamp(),
    iteration: winner.iteration,
    comparison,
    initialMetrics: ports.summarize(comparison.pairs.map((pair) => pair.a)),
    finalMetrics: ports.summarize(comparison.pairs.map((pair) => pair.b)),
  };
  ports.record(event);
  return event;
}

async function holdOut(
  winner: Candidate,
  reference: string | null,
  ports: FinishPorts,
  signal: AbortSignal,
): Promise<HeldOutChecked> {
  if (ports.holdOut === null) throw new Error("held-out tests were asked for where there are none");
  const result = await ports.holdOut(winner, reference, signal);
  const event: HeldOutChecked = {
    type: "held_out",
    at: ports.timestamp(),
    iteration: winner.iteration,
    ...result,
  };
  ports.record(event);
  return event;
}

function findConfirmed(events: readonly JournalEvent[], winner: Candidate): WinnerConfirmed | null {
  return (
    events.filter((event) => event.type === "confirmed").findLast((e) => e.iteration === winner.iteration) ??
    null
  );
}

function findHeldOut(events: readonly JournalEvent[], winner: Candidate): HeldOutChecked | null {
  return (
    events.filter((event) => event.type === "held_out").findLast((e) => e.iteration === winner.iteration) ??
    null
  );
}
