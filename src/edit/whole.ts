import type { Language } from "../types.ts";
import { contentOf, fenceContent, findFences } from "./fences.ts";
import { indentLength, isBlank, leadingBlankLines, trailingBlankLines, trimLine } from "./lines.ts";
import { markerOf, wrapperOf } from "./markers.ts";
import type { Owns } from "./owned.ts";
import type { ParseProblem } from "./parse.ts";

/** A whole program in an answer, or why there is none. */
export type WholeProgram = { readonly lines: readonly string[] } | { readonly problem: ParseProblem };

/**
 * Finds the whole program that an answer holds: the last complete fence in the task's language, or without a language
 * where none has one. Fences with shell commands, output, diffs or blocks, and excerpts of a program, are passed over; the
 * program as it is now counts only when there is no other.
 */
export function findWholeProgram(
  answer: readonly string[],
  program: readonly string[],
  language: Language,
  owns: Owns,
): WholeProgram {
  const fences = findFences(answer);
  const last = fences.at(-1);
  const lastContent = last === undefined ? "other" : contentOf(last.opening.info);
  if (last !== undefined && !last.closed && (lastContent === language || lastContent === "unlabelled")) {
    return {
      problem: { reason: "truncated", block: null, what: "ends inside a code fence that is never closed" },
    };
  }
  const complete = fences
    .slice(-MOST_FENCES)
    .filter((fence) => fence.closed)
    .map((fence) => ({ content: contentOf(fence.opening.info), lines: fenceContent(answer, fence) }));
  const labelled = complete.filter(({ content }) => content === language);
  const unlabelled = complete.filter(
    ({ content, lines }) => content === "unlabelled" && LOOKS_LIKE[language].test(lines.join("\n")),
  );
  const codes = (labelled.length > 0 ? labelled : unlabelled)
    .filter(({ lines }) => !holdsFormat(lines, owns))
    .map(({ lines }) => withoutWrapping(lines, owns))
    .filter((lines) => lines.length > 0);
  const chosen = lastWhole(codes, program, language);
  if (chosen !== null) return { lines: chosen };
  return { problem: { reason: "no_blocks", block: null, what: missing(complete.length, codes.length) } };
}

// --- internal ---

/** The last code that is no excerpt; the current program itself only when there is no other. */
function lastWhole(
  codes: readonly (readonly string[])[],
  program: readonly string[],
  language: Language,
): readonly string[] | null {
  const whole = codes.filter(
    (lines) => !isExcerpt(lines, program, language) && !codes.some((other) => isPartOf(lines, other)),
  );
  const current = codeText(program);
  return whole.findLast((lines) => codeText(lines) !== current) ?? whole.at(-1) ?? null;
}

/** Fences, from the end of an answer, that are looked at; each is compared with the others. */
const MOST_FENCES = 32;

function missing(complete: number, candidates: number): string {
  if (complete === 0) return "has no code fence";
  if (candidates > 0) return "has only excerpts of a program in its code fences";
  return "has no code fence that holds a program in the task's language";
}

/** A fence with SEARCH/REPLACE blocks or a unified diff in it, which the program does not hold itself. */
function holdsFormat(lines: readonly string[], owns: Owns): boolean {
  return lines.some((line, at) => {
    const marker = markerOf(line);
    if ((marker === "head" || marker === "tail") && !owns(line)) return true;
    const isDiff =
      /^@@ .*@@/.test(line) || (line.startsWith("--- ") && (lines[at + 1] ?? "").startsWith("+++ "));
    return isDiff && !owns(line);
  });
}

function withoutWrapping(lines: readonly string[], owns: Owns): readonly string[] {
  const code = lines.filter((line) => wrapperOf(line) === null || owns(line));
  return code.slice(leadingBlankLines(code), code.length - trailingBlankLines(code));
}

/**
 * Whether code is only a part of a program like the current one: it begins in the middle of something, it no longer runs
 * anything although the program does, it defines nothing of what is wanted, or it calls what only the program defines.
 */
function isExcerpt(lines: readonly string[], program: readonly string[], language: Language): boolean {
  if (indentLength(lines[0] ?? "") > 0) return true;
  const code = lines.join("\n");
  const current = program.join("\n");
  const runs = ENTRY[language].test(current);
  if (runs && !ENTRY[language].test(code)) return true;
  const names = definedNames(current);
  if (language === "python3" && importedNames(current).some((name) => usesUndefined(code, name))) return true;
  const defined = new Set(definedNames(code));
  if (!runs && names.length > 0 && !names.some((name) => defined.has(name))) return true;
  return names.some((name) => !defined.has(name) && usesUndefined(code, name));
}

/** Names of functions and types that a keyword introduces. */
function definedNames(code: string): string[] {
  const names = Array.from(
    code.matchAll(
      /^[ \t]*(?:export\s+|public\s+|final\s+|async\s+|static\s+)*(?:def|function\*?|func|class|struct)\s+(\w+)/gm,
    ),
    (match) => match[1] ?? "",
  );
  return [...new Set(names)];
}

/** Modules and names that a Python program imports at its top. */
function importedNames(code: string): string[] {
  const names = Array.from(
    code.matchAll(/^(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(\w+)[ \t]*$/gm),
    (match) => match[1] ?? "",
  );
  return [...new Set(names)];
}

function usesUndefined(code: string, name: string): boolean {
  if (BUILT_IN.has(name) || !new RegExp(`(?<![.\\w])${name}[.(]`).test(code)) return false;
  return !new RegExp(
    `\\b(?:def|function|func|class|struct|const|let|var|auto|type|import)\\b[^\\n]*\\b${name}\\b|(?<![.\\w])${name}\\s*:?=(?!=)|\\bimport \\*`,
  ).test(code);
}

/** Functions that programs often define themselves and that languages have as well. */
const BUILT_IN: ReadonlySet<string> = new Set(
  "abs filter gcd gets input lcm len map max min next open pow print puts range read reduce round sorted sum swap zip".split(
    " ",
  ),
);

/** Whether code stands, line by line, inside longer code. */
function isPartOf(lines: readonly string[], other: readonly string[]): boolean {
  const [part, whole] = [codeText(lines), codeText(other)];
  return part.length < whole.length && whole.includes(part);
}

function codeText(lines: readonly string[]): string {
  return `\n${lines
    .filter((line) => !isBlank(line))
    .map(trimLine)
    .join("\n")}\n`;
}

/** How a program of a language starts to run: a `main`, or a statement outside of all definitions. */
const ENTRY: Readonly<Record<Language, RegExp>> = {
  python3: /^(?:if|for|while|with)\b|^(?!sys\.set|threading\.stack_size|resource\.)[A-Za-z_][\w.]*\(/m,
  cpp: /\bmain\s*\(/,
  java: /\bvoid\s+main\s*\(/,
  javascript:
    /^(?!(?:async|function|class|const|let|var|import|export)\b|\/[/*]|[\s*})\];'"`]|[\w$.]+\s*=)\S/m,
  golang: /\bfunc\s+main\s*\(/,
  ruby: /^(?!(?:def|end|class|module|require|require_relative|include|attr_\w+|private|public)\b|\$?\w+\s*=|[\s#=@])\S/m,
};

/** What tells a program from sample output where the fence does not say. */
const LOOKS_LIKE: Readonly<Record<Language, RegExp>> = {
  python3: /^\s*(?:import|from|def|class|for|while|if|return|with)\b|^\s*\w+\s*=|\bprint\(/m,
  cpp: /^\s*#include\b|;\s*$/m,
  java: /\bclass\b|;\s*$/m,
  javascript: /\b(?:const|let|var|function|require)\b|=>|;\s*$/m,
  golang: /^\s*(?:package|func|import)\b/m,
  ruby: /^\s*(?:def|end|puts|require|class)\b|\bgets\b|\bdo\s*(?:\||$)/m,
};
