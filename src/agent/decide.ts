/** Verdicts: what became of a round, in a sentence for a person and in words the model can act on. Pure. */
import type { PerfagentError } from "../errors.ts";
import type { Verdict } from "../events.ts";
import type { Comparison, Completion, EditOutcome, Evaluation } from "../types.ts";
import type { LoopState } from "./state.ts";

export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly feedback: string;
  readonly evaluation: Evaluation | null;
  readonly comparison: Comparison | null;
}

/** The model could not be asked at all. */
export function judgeModelFailure(failure: PerfagentError | null): Judgement {
  const reason = failure?.message ?? "The model could not be asked";
  return withoutEvaluation("model_failed", reason, "");
}

/** The model answered with nothing that could be an edit. */
export function judgeModelAnswer(completion: Completion): Judgement {
  const [reason, feedback] = describeEmptyAnswer(completion);
  return withoutEvaluation("model_failed", reason, feedback);
}

/** The answer's edit could not be applied. */
export function judgeRejectedEdit(outcome: Extract<EditOutcome, { status: "rejected" }>): Judgement {
  const reason = `${outcome.reason}: ${firstLine(outcome.message)}`;
  // An edit that changes nothing was understood: it is no miss, and no other form of answer would help.
  return withoutEvaluation(
    outcome.reason === "unchanged" ? "unchanged" : "edit_failed",
    reason,
    outcome.feedback,
  );
}

/** The judgement with a word about an answer that was cut at the token limit, which the model cannot see itself. */
export function withTruncationNote(judgement: Judgement, completion: Completion): Judgement {
  if (completion.finishReason !== "length" || judgement.feedback.startsWith(CUT_ANSWER)) return judgement;
  return { ...judgement, feedback: `${CUT_ANSWER} ${judgement.feedback}`.trim() };
}

/** The answer led to a program that was evaluated before, in this round (0: the initial one). */
export function judgeRepeat(round: number, state: LoopState): Judgement {
  const which =
    round === state.current.iteration
      ? "the current program"
      : round === 0
        ? "the initial program"
        : `the program of round ${round}`;
  // Rounds are counted from 1 without a gap.
  const earlier = state.attempts[round - 1];
  const outcome = earlier === undefined ? "" : ` (${earlier.verdict}: ${earlier.reason})`;
  return withoutEvaluation(
    "unchanged",
    `The answer leads to ${which} again, so it was not evaluated a second time`,
    `Your edit leads to ${which} again${outcome}; nothing but layout or comments differs. Send a change of another kind.`,
  );
}

/**
 * A program that was evaluated, and compared where there was a passing program to beat.
 *
 * @param comparison Against the best program; null when that one does not pass its tests.
 * @param explanation Why the evaluation failed; null when it passed.
 */
export function judgeCandidate(
  evaluation: Evaluation,
  comparison: Comparison | null,
  explanation: { readonly reason: string; readonly feedback: string } | null,
): Judgement {
  if (!evaluation.passed) {
    const { reason, feedback } = explanation ?? { reason: "it fails tests", feedback: "" };
    return { verdict: "failed_tests", reason, feedback, evaluation, comparison };
  }
  if (comparison === null) {
    return {
      verdict: "improved",
      reason: "It is the first program that passes all tests",
      feedback: "",
      evaluation,
      comparison,
    };
  }
  switch (comparison.verdict) {
    case "faster":
      return { verdict: "improved", reason: comparison.reason, feedback: "", evaluation, comparison };
    case "incorrect":
      if (!comparison.failed.includes("b")) {
        return {
          verdict: "improved",
          reason: `The best program so far turned out to be wrong, so this one takes its place: ${comparison.reason}`,
          feedback: "",
          evaluation,
          comparison,
        };
      }
      return {
        verdict: "failed_tests",
        reason: comparison.reason,
        feedback: `The program passed the tests once and failed in a later run: ${comparison.reason}`,
        evaluation: asFlaky(evaluation, comparison),
        comparison,
      };
    default:
      return {
        verdict: "not_improved",
        reason: comparison.reason,
        feedback: `It passes all tests, but it is not better than the best program: ${comparison.reason}`,
        evaluation,
        comparison,
      };
  }
}

// --- internal ---

const CUT_ANSWER = "Your answer was cut off at the token limit: be shorter, and send the edit first.";

/** What is known of a program that passed its tests once and failed some of them in a later pass. */
function asFlaky(evaluation: Evaluation, comparison: Comparison): Evaluation {
  const failing = comparison.failures.map(({ index }) => index);
  const flaky = [...new Set([...evaluation.flaky, ...failing])].sort((a, b) => a - b);
  const total = evaluation.tests.length;
  const passRate = total === 0 ? evaluation.passRate : (total - flaky.length) / total;
  return { ...evaluation, passed: false, passRate, flaky };
}

function describeEmptyAnswer(completion: Completion): readonly [string, string] {
  switch (completion.finishReason) {
    case "length":
      return ["The answer was cut at the token limit before it began", CUT_ANSWER];
    case "refusal":
    case "content_filter":
      return [
        "The model refused to answer",
        "Your last answer was a refusal; an edit of the program is wanted.",
      ];
    case "tool_calls":
      return [
        "The model called a tool instead of answering",
        "There are no tools here: answer with an edit as text.",
      ];
    default:
      return [
        "The model's answer was empty",
        "Your last answer was empty; an edit of the program is wanted.",
      ];
  }
}

function withoutEvaluation(verdict: Verdict, reason: string, feedback: string): Judgement {
  return { verdict, reason, feedback, evaluation: null, comparison: null };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
