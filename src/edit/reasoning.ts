import { closesFence, type FenceOpening, openingFence } from "./fences.ts";
import { isBlank } from "./lines.ts";
import { markerOf } from "./markers.ts";

/**
 * Removes what a model only thought: everything from a `<think>` that begins a line to its end tag, everything before an
 * end tag that was never opened, and everything behind a tag that is never closed. Tags inside a block or a fence are
 * code.
 */
export function withoutReasoning(response: readonly string[]): string[] {
  const lines = finalChannel(response);
  const lastEnd = lines.findLastIndex(endsThought);
  let answer: string[] = [];
  let fence: FenceOpening | null = null;
  let isInBlock = false;
  /** Last end tag at the start of a line since the open block or fence began. */
  let endTagInCode = -1;

  for (let at = 0; at <= lines.length; at++) {
    const line = lines[at];
    if (line === undefined || (endTagInCode >= 0 && beginsCode(line, fence, isInBlock))) {
      // What is open here was a draft that the model left unfinished when it stopped thinking.
      if (endTagInCode < 0) break;
      at = endTagInCode;
      answer = remainder(lines[at] ?? "");
      fence = null;
      isInBlock = false;
      endTagInCode = -1;
      continue;
    }
    const isInCode = fence !== null || isInBlock;
    if (!isInCode && START_TAG.test(line)) {
      const end = endOfThought(lines, at, lastEnd);
      if (end === null) break;
      at = end;
      answer.push(...remainder(lines[at] ?? ""));
      continue;
    }
    if (!isInCode && endsThought(line)) {
      answer = remainder(line);
      continue;
    }
    answer.push(line);
    if (isInCode && line.includes("</") && END_TAG_AT_START.test(line)) endTagInCode = at;
    const marker = markerOf(line);
    if (isInBlock) isInBlock = marker !== "tail";
    else if (marker === "head") isInBlock = true;
    else if (fence === null) fence = openingFence(line);
    else if (closesFence(line, fence)) fence = null;
    if (fence === null && !isInBlock) endTagInCode = -1;
  }
  return answer;
}

// --- internal ---

const TAGS = "(?:think|thinking|thoughts?|reasoning)";
const START_TAG = new RegExp(`^[ \\t]*<${TAGS}>`, "i");
const END_TAG = new RegExp(`</${TAGS}>`, "i");
const END_TAG_AT_START = new RegExp(`^[ \\t]*</${TAGS}>`, "i");
/** An end tag in the middle of a line is a mention of it, unless a fence is glued to it. */
const END_TAG_AT_EDGE = new RegExp(`^[ \\t]*</${TAGS}>|</${TAGS}>[ \\t]*(?:$|\`\`\`|~~~)`, "i");

function endsThought(line: string): boolean {
  return line.includes("</") && END_TAG_AT_EDGE.test(line);
}

/** Whether a line begins a block or a fence although one is open. */
function beginsCode(line: string, fence: FenceOpening | null, isInBlock: boolean): boolean {
  if (markerOf(line) === "head") return isInBlock;
  return fence !== null && !isInBlock && (openingFence(line)?.info ?? "") !== "";
}

/** The line where a thought that begins at a line ends; null when it never does. */
function endOfThought(lines: readonly string[], start: number, lastEnd: number): number | null {
  if (END_TAG.test(lines[start] ?? "")) return start;
  const pattern = start < lastEnd ? END_TAG_AT_EDGE : END_TAG;
  for (let at = start; at < lines.length; at++) if (pattern.test(lines[at] ?? "")) return at;
  return null;
}

/** What stands behind the end tag of a line, as the first line of the answer. */
function remainder(line: string): string[] {
  const match = END_TAG_AT_EDGE.exec(line) ?? END_TAG.exec(line);
  const tagEnd = line.indexOf(">", line.indexOf("</", match?.index ?? 0)) + 1;
  const rest = line.slice(tagEnd);
  return isBlank(rest) ? [] : [rest];
}

/** The answer's part of a reply whose channels were not taken apart (`<|channel|>final<|message|>`). */
function finalChannel(lines: readonly string[]): readonly string[] {
  const first = lines.find((line) => !isBlank(line)) ?? "";
  if (!first.trimStart().startsWith("<|")) return lines;
  const at = lines.findLastIndex((line) => line.includes(FINAL_CHANNEL));
  if (at < 0) return first.includes(CHANNEL) ? [] : lines;
  const start = lines[at] ?? "";
  const answer = [
    start.slice(start.lastIndexOf(FINAL_CHANNEL) + FINAL_CHANNEL.length),
    ...lines.slice(at + 1),
  ];
  return answer.map((line) => line.replace(END_OF_CHANNEL, ""));
}

const CHANNEL = "<|channel|>";
const FINAL_CHANNEL = "<|channel|>final<|message|>";
const END_OF_CHANNEL = /(?:<\|(?:return|end)\|>)+$/;
