import { sha256 } from "../lib/hash.ts";
import type { Language } from "../types.ts";
import { lex, type Piece } from "./lexer.ts";

/**
 * A key that is equal for programs that differ only in layout and comments, so that no program is evaluated twice. When
 * in doubt two programs have different keys: an evaluation too many costs less than a program never tried.
 */
export function programKey(code: string, language: Language): string {
  return sha256(`${language}\n${normalize(code, language)}`);
}

/** The program's tokens with as little as possible between them. */
export function normalize(code: string, language: Language): string {
  const pieces = lex(code, language);
  switch (language) {
    case "cpp":
      return joinFree(pieces, true);
    case "java":
      return joinFree(pieces, false);
    case "javascript":
    case "golang":
      return joinLines(pieces);
    case "ruby":
      return joinSpaced(pieces);
    case "python3":
      return joinIndented(pieces);
  }
}

// --- internal ---

/** Newlines mean nothing, but at the ends of preprocessor lines; there spaces mean something too. */
function joinFree(pieces: readonly Piece[], preprocessor: boolean): string {
  let text = "";
  let previous: Piece | null = null;
  let spaced = false;
  let inDirective = false;
  let lineEmpty = true;
  for (const piece of pieces) {
    if (piece.kind === "newline") {
      if (inDirective) text += "\n";
      if (inDirective) previous = null;
      inDirective = false;
      lineEmpty = true;
      spaced = true;
    } else if (piece.kind === "space") {
      spaced = true;
    } else {
      if (preprocessor && lineEmpty && piece.text === "#") {
        inDirective = true;
        if (text !== "" && !text.endsWith("\n")) text += "\n";
        previous = null;
      }
      lineEmpty = false;
      const needed = previous !== null && spaced && (inDirective || mustSeparate(previous, piece));
      text += needed ? ` ${piece.text}` : piece.text;
      previous = piece;
      spaced = false;
    }
  }
  return text.trimEnd();
}

/** Newlines end statements, but not after an opening bracket or comma, nor before a closing bracket. */
function joinLines(pieces: readonly Piece[]): string {
  let text = "";
  let previous: Piece | null = null;
  let spaced = false;
  let broken = false;
  for (const piece of pieces) {
    if (piece.kind === "newline") broken = true;
    else if (piece.kind === "space") spaced = true;
    else {
      const breaks = broken && previous !== null && !isSign(previous, "{([,;") && !isSign(piece, "})]");
      if (breaks) text += "\n";
      else if (previous !== null && (spaced || broken) && mustSeparate(previous, piece)) text += " ";
      text += piece.text;
      previous = piece;
      spaced = false;
      broken = false;
    }
  }
  return text;
}

/** Newlines end statements and a space may change the meaning (`f -1`): only runs, indentation and empty lines go. */
function joinSpaced(pieces: readonly Piece[]): string {
  let text = "";
  for (const [index, piece] of pieces.entries()) {
    if (piece.kind === "newline") text = text.endsWith("\n") || text === "" ? text : `${text}\n`;
    else if (piece.kind === "space") {
      const next = pieces[index + 1];
      const edge = text === "" || text.endsWith("\n") || text.endsWith(" ") || next?.kind === "newline";
      if (!edge && next !== undefined) text += " ";
    } else text += piece.text;
  }
  return text.trimEnd();
}

/** Logical lines with their nesting depth; newlines inside brackets mean nothing. */
function joinIndented(pieces: readonly Piece[]): string {
  const lines: string[] = [];
  const indents: number[] = [0];
  let brackets = 0;
  let line = "";
  let indent = 0;
  let previous: Piece | null = null;
  let spaced = false;
  const endLine = (): void => {
    if (line !== "") lines.push(`${depthOf(indents, indent)}:${line}`);
    line = "";
    indent = 0;
    previous = null;
    spaced = false;
  };
  for (const piece of pieces) {
    if (piece.kind === "newline" && brackets === 0) endLine();
    else if (piece.kind === "newline") spaced = true;
    else if (piece.kind === "space") {
      if (line === "") indent = widthOf(piece.text, indent);
      spaced = true;
    } else {
      if (isSign(piece, "([{")) brackets++;
      if (isSign(piece, ")]}")) brackets = Math.max(0, brackets - 1);
      if (previous !== null && spaced && mustSeparate(previous, piece)) line += " ";
      line += piece.text;
      previous = piece;
      spaced = false;
    }
  }
  endLine();
  return lines.join("\n");
}

/** The column after more blanks; a tab goes to the next multiple of eight, as in Python. */
function widthOf(blanks: string, from: number): number {
  let width = from;
  for (const blank of blanks) width = blank === "\t" ? (Math.floor(width / 8) + 1) * 8 : width + 1;
  return width;
}

/** The nesting depth of an indentation, as Python's own tokenizer counts it. */
function depthOf(indents: number[], indent: number): number {
  while ((indents.at(-1) ?? 0) > indent) indents.pop();
  if ((indents.at(-1) ?? 0) < indent) indents.push(indent);
  return indents.length - 1;
}

/** True when joining would make one token of two, or another token of both. */
function mustSeparate(left: Piece, right: Piece): boolean {
  if (left.kind === "sign" && right.kind === "sign") return isOperator(left) && isOperator(right);
  if (left.kind === "sign" || right.kind === "sign") {
    // `1 .real` and `1.real` differ, and so do `a . 5` and `a .5`.
    return isSign(left, ".") || isSign(right, ".");
  }
  return true;
}

function isOperator({ text }: Piece): boolean {
  return !"()[]{},;".includes(text);
}

function isSign(piece: Piece, signs: string): boolean {
  return piece.kind === "sign" && signs.includes(piece.text);
}
