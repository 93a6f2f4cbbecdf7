import { LANGUAGE_IDS, LANGUAGES, languageOfFile, parseLanguage } from "../languages.ts";
import type { Language } from "../types.ts";
import { indentLength } from "./lines.ts";

/** The opening line of a code fence, by CommonMark's rules. */
export interface FenceOpening {
  readonly sign: "`" | "~";
  /** Number of signs; the closing line has at least as many. */
  readonly length: number;
  /** Blanks before the fence; as many are removed from each of its lines. */
  readonly indent: number;
  /** What follows the signs, trimmed. */
  readonly info: string;
}

/** A code fence of an answer. */
export interface Fence {
  readonly opening: FenceOpening;
  /** 0-based line of the opening. */
  readonly at: number;
  /** 0-based line behind the closing one, or the number of lines of the answer when the fence was never closed. */
  readonly end: number;
  readonly closed: boolean;
}

/** Reads a line as the opening of a fence; null when it is none. Outside of a fence any indentation is allowed (lists). */
export function openingFence(line: string): FenceOpening | null {
  const indent = indentLength(line);
  const first = line[indent];
  if (first !== "`" && first !== "~") return null;
  const length = runLength(line, indent);
  if (length < SHORTEST_FENCE) return null;
  const info = line.slice(indent + length).trim();
  if (first === "`" && info.includes("`")) return null;
  return { sign: first, length, indent, info };
}

/** Whether a line closes an open fence. */
export function closesFence(line: string, opening: FenceOpening): boolean {
  const indent = indentLength(line);
  if (indent > opening.indent + DEEPEST_FENCE || line[indent] !== opening.sign) return false;
  const length = runLength(line, indent);
  return length >= opening.length && line.slice(indent + length).trim() === "";
}

/** Whether a line, taken alone, opens or closes a fence: at most three blanks, then the signs and at most an info string. */
export function isBareFence(line: string): boolean {
  const opening = openingFence(line);
  return opening !== null && opening.indent <= DEEPEST_FENCE;
}

/** Finds the code fences of an answer. */
export function findFences(lines: readonly string[]): Fence[] {
  const fences: Fence[] = [];
  for (let at = 0; at < lines.length; at++) {
    const opening = openingFence(lines[at] ?? "");
    if (opening === null) continue;
    let end = at + 1;
    while (end < lines.length && !closesFence(lines[end] ?? "", opening)) end++;
    const closed = end < lines.length;
    fences.push({ opening, at, end: closed ? end + 1 : end, closed });
    at = end;
  }
  return fences;
}

/** The lines inside a complete fence, moved to the left as far as the fence is indented. */
export function fenceContent(answer: readonly string[], fence: Fence): string[] {
  const { indent } = fence.opening;
  const lines = answer.slice(fence.at + 1, fence.end - 1);
  return indent === 0 ? lines : lines.map((line) => line.slice(Math.min(indent, indentLength(line))));
}

/** What the info string of a fence says about its content: a language, something that is no program, or nothing. */
export type FenceContent = Language | "other" | "unlabelled";

/** Reads an info string: `python`, `C++`, `{.java}`, `py title="a"`, `cpp:main.cpp`, `solution.rb`. */
export function contentOf(info: string): FenceContent {
  const word =
    /^[\w+#./\\-]+/.exec(info.replace(/^\{?\s*\.?(?:lang(?:uage)?-)?/i, ""))?.[0]?.toLowerCase() ?? "";
  if (word === "") return "unlabelled";
  const tagged = LANGUAGE_IDS.find((language) => LANGUAGES[language].fenceTags.includes(word));
  if (tagged !== undefined) return tagged;
  const versioned = parseLanguage(word.replace(/[-.]?\d[\d.]*$/, "")) ?? languageOfFile(word);
  if (versioned !== null) return versioned;
  if (word === "c" || word === "h" || word === "hpp") return "cpp";
  if (/^(?:c|i|micro)?python|^pypy/.test(word)) return "python3";
  if (word === "nodejs" || word === "mjs" || word === "cjs") return "javascript";
  return UNKNOWING_TAGS.has(word) ? "unlabelled" : "other";
}

// --- internal ---

const SHORTEST_FENCE = 3;
/** Blanks after which CommonMark reads a line as text, not as a fence. */
const DEEPEST_FENCE = 3;
/** Info strings that say no more than that something is a program. */
const UNKNOWING_TAGS: ReadonlySet<string> = new Set([
  "code",
  "program",
  "solution",
  "source",
  "src",
  "answer",
  "main",
]);

function runLength(line: string, from: number): number {
  let end = from;
  while (end < line.length && line[end] === line[from]) end++;
  return end - from;
}
