/** Turns a model's name into a model. */
import { PerfagentError } from "../errors.ts";
import type { Model } from "../types.ts";
import { createReplay } from "./replay.ts";

export interface ModelOptions {
  /** `replay:FILE`. */
  readonly name: string;
  /** Answers of a replay that a continued run has used already. */
  readonly answersUsed: number;
}

/**
 * Makes the model that a name stands for.
 * @throws PerfagentError `config` when the name stands for no model or its file cannot be used.
 */
export async function createModel(options: ModelOptions): Promise<Model> {
  const name = options.name.trim();
  if (name.startsWith(REPLAY)) return createReplay(name.slice(REPLAY.length), options.answersUsed);
  throw new PerfagentError("config", `Cannot use the model '${name}': replay:FILE is wanted`);
}

// --- internal ---

const REPLAY = "replay:";
