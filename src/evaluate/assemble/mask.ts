/**
 * Source code with comments and the insides of strings blanked out, character for character, so that plain patterns can
 * find statements and count brackets without being misled. Pure.
 */

/** How a language writes what is not code. */
export interface MaskStyle {
  readonly lineComment: "//" | "#";
  readonly blockComments: boolean;
  /** Opening marks of strings, longest first; a string ends at the same mark. */
  readonly strings: readonly {
    readonly mark: string;
    readonly escapes: boolean;
    /** A one-line string that is not closed ends with its line. */
    readonly lines: boolean;
  }[];
  /** `R"x(…)x"` of C++. */
  readonly rawStrings?: boolean;
  /** `'` between digits, as in C++'s 1'000, opens nothing. */
  readonly digitSeparators?: boolean;
  /** Regular expressions and templates of JavaScript. */
  readonly javascript?: boolean;
}

/** Blanks comments and the insides of strings; length and line ends stay. */
export function maskCode(code: string, style: MaskStyle): string {
  const out: string[] = [];
  let at = 0;
  while (at < code.length) {
    const end = endOfBlank(code, at, style);
    if (end === at) {
      out.push(code[at] ?? "");
      at += 1;
    } else {
      out.push(blank(code.slice(at, end)));
      at = end;
    }
  }
  return out.join("");
}

/** Depth of brackets of the given kinds before each line of masked code. */
export function lineDepths(masked: string, open: string, close: string): number[] {
  let depth = 0;
  return masked.split("\n").map((line) => {
    const before = depth;
    for (const char of line) {
      if (open.includes(char)) depth += 1;
      else if (close.includes(char)) depth = Math.max(0, depth - 1);
    }
    return before;
  });
}

// --- internal ---

/** Where the comment or string that starts here ends; the same position when none does. */
function endOfBlank(code: string, at: number, style: MaskStyle): number {
  if (code.startsWith(style.lineComment, at)) return endOfLine(code, at);
  if (style.blockComments && code.startsWith("/*", at)) return after(code, "*/", at + 2);
  if (style.rawStrings === true) {
    const raw = /R"([^()\\\s]{0,16})\(/y;
    raw.lastIndex = at;
    const match = raw.exec(code);
    if (match !== null) return after(code, `)${match[1]}"`, raw.lastIndex);
  }
  if (style.javascript === true) {
    if (code[at] === "`") return endOfTemplate(code, at + 1);
    if (code[at] === "/" && startsRegex(code, at)) return endOfRegex(code, at + 1);
  }
  if (style.digitSeparators === true && code[at] === "'" && /[0-9a-fA-F]/.test(code[at - 1] ?? "")) return at;
  const string = style.strings.find(({ mark }) => code.startsWith(mark, at));
  if (string === undefined) return at;
  return endOfString(code, at + string.mark.length, string);
}

/** Everything but line ends becomes a blank; the first and last character stay when they are string marks. */
function blank(text: string): string {
  const inner = text.replace(/[^\n]/g, " ");
  const mark = /^["'`]/.exec(text)?.[0];
  if (mark === undefined || text.length < 2) return inner;
  return mark + inner.slice(1, -1) + (text.endsWith(mark) ? mark : inner.slice(-1));
}

function endOfLine(code: string, at: number): number {
  const end = code.indexOf("\n", at);
  return end < 0 ? code.length : end;
}

function after(code: string, mark: string, from: number): number {
  const found = code.indexOf(mark, from);
  return found < 0 ? code.length : found + mark.length;
}

function endOfString(code: string, from: number, string: MaskStyle["strings"][number]): number {
  let at = from;
  while (at < code.length) {
    if (string.escapes && code[at] === "\\") {
      at += 2;
    } else if (code.startsWith(string.mark, at)) {
      return at + string.mark.length;
    } else if (code[at] === "\n" && !string.lines) {
      return at;
    } else {
      at += 1;
    }
  }
  return code.length;
}

/** The end of a template; `${…}` may hold strings, braces and templates. */
function endOfTemplate(code: string, from: number): number {
  let at = from;
  while (at < code.length) {
    if (code[at] === "\\") at += 2;
    else if (code[at] === "`") return at + 1;
    else if (code.startsWith("${", at)) at = endOfSubstitution(code, at + 2);
    else at += 1;
  }
  return code.length;
}

function endOfSubstitution(code: string, from: number): number {
  let at = from;
  let depth = 1;
  while (at < code.length) {
    const char = code[at];
    if (char === "`") at = endOfTemplate(code, at + 1);
    else if (char === "'" || char === '"')
      at = endOfString(code, at + 1, { mark: char, escapes: true, lines: false });
    else {
      if (char === "{") depth += 1;
      if (char === "}") depth -= 1;
      at += 1;
      if (depth === 0) return at;
    }
  }
  return code.length;
}

/** A slash is a division after a value, else it opens a regular expression. */
function startsRegex(code: string, at: number): boolean {
  const before = code.slice(Math.max(0, at - 40), at).trimEnd();
  if (before === "") return true;
  if (/(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|else|do|yield|await)$/.test(before))
    return true;
  return !/[\w$)\]}"'`]$/.test(before);
}

function endOfRegex(code: string, from: number): number {
  let inClass = false;
  for (let at = from; at < code.length; at += 1) {
    const char = code[at];
    if (char === "\n") return from;
    if (char === "\\") at += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return at + 1;
  }
  return code.length;
}
