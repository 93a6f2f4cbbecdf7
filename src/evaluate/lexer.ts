import type { Language } from "../types.ts";

/** A piece of source text; the pieces of a program, joined, are the program without its comments. */
export interface Piece {
  /**
   * `literal`: strings, regular expressions and whatever else must stay as it is; `word`: names, keywords and numbers;
   * `sign`: one character of an operator or a bracket; `space` and `newline`: what stands between the others.
   */
  readonly kind: "literal" | "word" | "sign" | "space" | "newline";
  readonly text: string;
}

/**
 * Cuts a program into pieces. Comments become space, or a newline where they end a line.
 *
 * Where a language needs a parser to tell a regular expression from a division, the answer is a guess; a wrong one keeps
 * text that could be left out, or the other way round in contrived programs only.
 */
export function lex(code: string, language: Language): Piece[] {
  const spec = SPECS[language];
  const text = code.replaceAll("\r\n", "\n");
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    const next = scan(text, at, spec, pieces);
    if (next.piece !== null) pieces.push(next.piece);
    at = next.end;
  }
  return pieces;
}

// --- internal ---

interface Spec {
  readonly lineComment: "//" | "#";
  /** A line comment that changes what the program does or how fast it is; kept. */
  readonly directive: RegExp | null;
  readonly blockComments: boolean;
  /** Quotes whose literal ends at the line's end at the latest, unless escaped. */
  readonly lineQuotes: string;
  /** Quotes whose literal may span lines; with backslash escapes. */
  readonly openQuotes: string;
  readonly tripleQuotes: readonly string[];
  readonly backtick: "raw" | "template" | "none";
  readonly slashRegex: boolean;
  /** `1'000'000` is one number. */
  readonly digitQuotes: boolean;
  readonly extra: "cpp" | "ruby" | null;
}

const C_LIKE: Spec = {
  lineComment: "//",
  directive: null,
  blockComments: true,
  lineQuotes: `"'`,
  openQuotes: "",
  tripleQuotes: [],
  backtick: "none",
  slashRegex: false,
  digitQuotes: false,
  extra: null,
};

const SPECS: Readonly<Record<Language, Spec>> = {
  cpp: { ...C_LIKE, digitQuotes: true, extra: "cpp" },
  java: { ...C_LIKE, tripleQuotes: [`"""`] },
  javascript: { ...C_LIKE, backtick: "template", slashRegex: true },
  golang: { ...C_LIKE, directive: /^\/\/go:/, backtick: "raw" },
  python3: { ...C_LIKE, lineComment: "#", blockComments: false, tripleQuotes: [`"""`, "'''"] },
  ruby: {
    ...C_LIKE,
    lineComment: "#",
    directive: /^#.*\b(?:frozen_string_literal|encoding|coding):/,
    blockComments: false,
    lineQuotes: "",
    openQuotes: "\"'`",
    slashRegex: true,
    extra: "ruby",
  },
};

interface Step {
  readonly piece: Piece | null;
  readonly end: number;
}

const NEWLINE: Piece = { kind: "newline", text: "\n" };
const SPACE: Piece = { kind: "space", text: " " };

function scan(text: string, at: number, spec: Spec, before: readonly Piece[]): Step {
  const char = text[at] ?? "";
  const literal = (end: number): Step => ({ piece: { kind: "literal", text: text.slice(at, end) }, end });
  if (char === "\n") return { piece: NEWLINE, end: at + 1 };
  if (/\s/.test(char)) {
    const end = endOf(/[^\S\n]+/y, text, at);
    return { piece: { kind: "space", text: text.slice(at, end) }, end };
  }
  if (char === "\\" && text[at + 1] === "\n") return { piece: SPACE, end: at + 2 };

  if (text.startsWith(spec.lineComment, at)) {
    const end = endOf(/[^\n]*/y, text, at);
    return spec.directive?.test(text.slice(at, end)) ? literal(end) : { piece: null, end };
  }
  if (spec.blockComments && text.startsWith("/*", at)) {
    const close = text.indexOf("*/", at + 2);
    const end = close < 0 ? text.length : close + 2;
    return { piece: text.slice(at, end).includes("\n") ? NEWLINE : SPACE, end };
  }
  const special = scanSpecial(text, at, spec);
  if (special !== null) return special === "block comment" ? skipRubyBlock(text, at) : literal(special);

  const triple = spec.tripleQuotes.find((quote) => text.startsWith(quote, at));
  if (triple !== undefined) return literal(endOfQuoted(text, at, triple, true));
  if (spec.openQuotes.includes(char)) return literal(endOfQuoted(text, at, char, true));
  if (spec.lineQuotes.includes(char)) return literal(endOfQuoted(text, at, char, false));
  if (char === "`" && spec.backtick === "raw") return literal(endOfRaw(text, at));
  if (char === "`" && spec.backtick === "template") return literal(endOfTemplate(text, at));
  if (char === "/" && spec.slashRegex && regexMayStart(before)) {
    const end = endOfRegex(text, at);
    if (end !== null) return literal(end);
  }
  const word = spec.digitQuotes ? CPP_WORD : WORD;
  const end = endOf(word, text, at);
  return end > at
    ? { piece: { kind: "word", text: text.slice(at, end) }, end }
    : { piece: { kind: "sign", text: char }, end: at + 1 };
}

const WORD = /[\p{L}\p{N}\p{M}_$@]+/uy;

/** As {@link WORD}, with quotes between a number's digits. */
const CPP_WORD = /\d[\w.]*(?:'\w+)*|[\p{L}\p{N}\p{M}_$]+/uy;

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function endOfQuoted(text: string, at: number, quote: string, spansLines: boolean): number {
  for (let end = at + quote.length; end < text.length; end++) {
    if (text[end] === "\\") end++;
    else if (text.startsWith(quote, end)) return end + quote.length;
    else if (text[end] === "\n" && !spansLines) return end;
  }
  return text.length;
}

function endOfRaw(text: string, at: number): number {
  const close = text.indexOf("`", at + 1);
  return close < 0 ? text.length : close + 1;
}

/** The end of a template literal; expressions inside may hold strings and further templates. */
function endOfTemplate(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === "`") return end + 1;
    else if (text.startsWith("${", end)) end = endOfExpression(text, end + 2) - 1;
  }
  return text.length;
}

function endOfExpression(text: string, at: number): number {
  let depth = 1;
  for (let end = at; end < text.length; end++) {
    const char = text[end] ?? "";
    if (char === "`") end = endOfTemplate(text, end) - 1;
    else if (char === '"' || char === "'") end = endOfQuoted(text, end, char, false) - 1;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return end + 1;
  }
  return text.length;
}

/** Words after which a value is expected, so that a slash opens a regular expression. */
const BEFORE_VALUE = new Set(
  "return typeof case in of delete void throw new else do and or not if unless while until when then".split(
    " ",
  ),
);

function regexMayStart(before: readonly Piece[]): boolean {
  const last = before.findLast(({ kind }) => kind !== "space" && kind !== "newline");
  if (last === undefined) return true;
  if (last.kind === "literal") return false;
  return last.kind === "word" ? BEFORE_VALUE.has(last.text) : !")]}".includes(last.text);
}

/** The end of a regular expression with its flags; null when the line has no closing slash. */
function endOfRegex(text: string, at: number): number | null {
  let inClass = false;
  for (let end = at + 1; end < text.length && text[end] !== "\n"; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === "[") inClass = true;
    else if (text[end] === "]") inClass = false;
    else if (text[end] === "/" && !inClass) return endOf(/[a-z]*/y, text, end + 1);
  }
  return null;
}

/** Literals that only one language has: their end, or null. */
function scanSpecial(text: string, at: number, spec: Spec): number | "block comment" | null {
  if (spec.extra === "cpp") return endOfCppRaw(text, at);
  return spec.extra === "ruby" ? endOfRubySpecial(text, at) : null;
}

/** R"x( … )x" with its encoding prefix. */
function endOfCppRaw(text: string, at: number): number | null {
  const [open, delimiter] = matchAt(/(?:u8|[uUL])?R"([^()\\\s]{0,16})\(/y, text, at);
  if (open === undefined) return null;
  const end = `)${delimiter}"`;
  const close = text.indexOf(end, at + open.length);
  return close < 0 ? text.length : close + end.length;
}

function endOfRubySpecial(text: string, at: number): number | "block comment" | null {
  const lineStart = at === 0 || text[at - 1] === "\n";
  if (lineStart && /=begin\s/y.test(text.slice(at, at + 7))) return "block comment";
  if (lineStart && text.startsWith("__END__\n", at)) return text.length;
  // The rest of a here-document's first line is kept with it: telling them apart gains nothing.
  const [heredoc, , name] = matchAt(/<<[~-]?(["'`]?)([A-Z_]\w*)\1/y, text, at);
  if (heredoc !== undefined) {
    const close = new RegExp(`\\n[ \\t]*${name}(?=\\n|$)`, "g");
    close.lastIndex = at;
    return close.test(text) ? close.lastIndex : null;
  }
  const [percent, bracket = ""] = matchAt(/%[wWiIqQrsx]([([{<|!/])/y, text, at);
  if (percent === undefined) return null;
  const end = text.indexOf(CLOSING[bracket] ?? bracket, at + percent.length);
  return end < 0 ? null : end + 1;
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}", "<": ">" };

function skipRubyBlock(text: string, at: number): Step {
  const close = text.indexOf("\n=end", at);
  return { piece: null, end: close < 0 ? text.length : endOf(/\n=end[^\n]*/y, text, close) };
}

function matchAt(pattern: RegExp, text: string, at: number): readonly (string | undefined)[] {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? [];
}
