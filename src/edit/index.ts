import type { EditOutcome, Language, MatchTier, Mode } from "../types.ts";
import { applyEdits } from "./apply.ts";
import { Document } from "./document.ts";
import { placeholderLine } from "./elision.ts";
import { quote, rejected } from "./explain.ts";
import { BOM, splitLines, trimLineEnd } from "./lines.ts";
import { type Owns, ownedLines } from "./owned.ts";
import { type Edit, type ParsedBlocks, type ParseProblem, parseBlocks } from "./parse.ts";
import { withoutReasoning } from "./reasoning.ts";
import { parseUnifiedDiff } from "./unified.ts";
import { findWholeProgram } from "./whole.ts";

/** How an answer is read. */
export interface ResponseOptions {
  /**
   * `diff`: SEARCH/REPLACE blocks are wanted; without any, a unified diff or a whole program is taken. `direct`: a whole
   * program in a code fence is wanted, and nothing else is taken.
   */
  readonly mode: Mode;
  readonly language: Language;
}

/**
 * Applies a model's answer to a program: all of it, or nothing with the reason. Never throws, whatever the texts hold;
 * takes time in proportion to their lengths.
 */
export function applyResponse(program: string, response: string, options: ResponseOptions): EditOutcome {
  const answer = withoutReasoning(
    splitLines(response.startsWith(BOM) ? response.slice(BOM.length) : response),
  );
  const current = () => splitLines(program.startsWith(BOM) ? program.slice(BOM.length) : program);
  const context: Context = {
    program,
    current,
    answer,
    owns: ownedLines(current),
    lineEnd: response.includes("\r\n") ? "\r\n" : "\n",
    language: options.language,
  };
  if (options.mode === "direct") return replaceProgram(context);

  const blocks = parseBlocks(answer, context.owns);
  if ("problem" in blocks || blocks.edits.length > 0) return applyParsed(context, blocks, null);
  const hunks = parseUnifiedDiff(answer);
  if ("problem" in hunks || hunks.edits.length > 0) return applyParsed(context, hunks, "unified_diff");
  const outcome = replaceProgram(context);
  const isNothing = outcome.status === "rejected" && outcome.reason === "no_blocks";
  return isNothing ? refused({ reason: "no_blocks", block: null, what: NOTHING_TO_APPLY }) : outcome;
}

// --- internal ---

const NOTHING_TO_APPLY = "has no SEARCH/REPLACE block, no unified diff and no whole program";

interface Context {
  readonly program: string;
  /** Lines of the program, without a byte order mark. */
  readonly current: () => readonly string[];
  /** Lines of the answer, without reasoning. */
  readonly answer: readonly string[];
  readonly owns: Owns;
  readonly lineEnd: string;
  readonly language: Language;
}

function applyParsed(context: Context, parsed: ParsedBlocks, tier: MatchTier | null): EditOutcome {
  if ("problem" in parsed) return refused(parsed.problem);
  const edits: readonly Edit[] = parsed.edits;
  const applied = applyEdits(context.program, edits, context);
  if ("refusal" in applied) return rejected(applied.refusal);
  const matched = tier === null ? applied.matched : applied.matched.map(() => tier);
  return { status: "applied", program: applied.program, blocks: edits.length, matched };
}

function replaceProgram({ program, current: linesOf, answer, owns, language }: Context): EditOutcome {
  const current = linesOf();
  const whole = findWholeProgram(answer, current, language, owns);
  if ("problem" in whole) return refused(whole.problem);
  const placeholder = placeholderLine(whole.lines, [], owns, language);
  if (placeholder !== null) {
    const what = `has a line in its program that stands for code left out: ${quote(placeholder)}`;
    return refused({ reason: "malformed", block: null, what });
  }
  if (visibleText(whole.lines) === visibleText(current)) {
    return refused({ reason: "unchanged", block: null, what: "holds the program exactly as it is" });
  }
  const document = new Document(program, [], whole.lines.length);
  document.fill(whole.lines);
  return { status: "applied", program: document.render(), blocks: 1, matched: ["whole_program"] };
}

function refused({ reason, block, what }: ParseProblem): EditOutcome {
  return rejected({ reason, block, blocks: block ?? 0, what, details: [] });
}

/** Lines without what no compiler and no reader sees: blanks at line ends, blank lines before and behind. */
function visibleText(lines: readonly string[]): string {
  return lines
    .map(trimLineEnd)
    .join("\n")
    .replace(/^\n+|\n+$/g, "");
}
