/** Programs that were evaluated, so that none is evaluated twice. */
import type { Evaluation } from "../types.ts";
import type { LoopState } from "./state.ts";

export interface KnownPrograms {
  /** Remembers the program of a round; one that was not evaluated may come again. */
  add(code: string | null, evaluation: Evaluation | null, iteration: number): void;
  /** The round that evaluated this program first, 0 for the initial one; null when it is new. */
  roundOf(code: string): number | null;
}

/** @param ports `programKey` decides which programs are the same. */
export function createKnownPrograms(
  state: LoopState,
  ports: { programKey(code: string): string },
): KnownPrograms {
  const rounds = new Map<string, number>();
  const known: KnownPrograms = {
    add(code, evaluation, iteration) {
      if (code === null || evaluation === null) return;
      const key = ports.programKey(code);
      if (!rounds.has(key)) rounds.set(key, iteration);
    },
    roundOf: (code) => rounds.get(ports.programKey(code)) ?? null,
  };
  if (!state.initialIsPlaceholder) rounds.set(ports.programKey(state.initial.code), 0);
  for (const { code, evaluation, iteration } of state.attempts) known.add(code, evaluation, iteration);
  return known;
}
