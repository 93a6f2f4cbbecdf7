/** The model that gives recorded answers: for reproducing a run, for scripts, and for tests. */
import { readFileSync } from "node:fs";
import { interruptedError, PerfagentError, systemReason } from "../errors.ts";
import type { Model, Usage } from "../types.ts";
import { readRecording } from "./recording.ts";

/**
 * Opens a recording. Its answers are given one after another, whatever is asked; nothing is sent and nothing costs.
 *
 * @param path A file; "-" is standard input.
 * @param skip Answers to leave out at the beginning: those that a continued run has used already.
 * @throws PerfagentError `config` when the file cannot be read or holds no answer.
 */
export function createReplay(path: string, skip: number): Model {
  const answers = readRecording(readText(path), path);
  const name = `replay:${path}`;
  let next = skip;
  return {
    name,
    async complete(_messages, signal) {
      if (signal.aborted) throw interruptedError();
      const answer = answers[next];
      if (answer === undefined) {
        throw new PerfagentError(
          "model_exhausted",
          `Cannot answer from '${path}': all of its ${answers.length} answers are used`,
          { hint: "Ask for fewer rounds with --max-iterations, or add answers to the file" },
        );
      }
      next += 1;
      const { text, reasoning, finishReason, writtenFor } = answer;
      return {
        text,
        reasoning,
        finishReason,
        usage: NO_USAGE,
        model: name,
        ...(writtenFor === null ? {} : { writtenFor }),
        attempts: 0,
        durationMs: 0,
      };
    },
  };
}

// --- internal ---

const STDIN_FD = 0;

/** Nothing was asked, so these are zeros, not unknowns. */
const NO_USAGE: Usage = {
  calls: 0,
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  costUsd: 0,
};

function readText(path: string): string {
  if (path === "") {
    throw new PerfagentError("config", "Cannot replay: 'replay:' names no file; replay:FILE is wanted");
  }
  try {
    return readFileSync(path === "-" ? STDIN_FD : path, "utf8");
  } catch (error) {
    throw new PerfagentError("config", `Cannot replay '${path}': ${systemReason(error)}`);
  }
}
