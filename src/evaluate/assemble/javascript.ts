/** Functional JavaScript programs. Pure. */
import { fillMarker } from "./marker.ts";
import { lineDepths, type MaskStyle, maskCode } from "./mask.ts";

/**
 * The solution's and the runner's own top-level `require` statements, the benchmark's modules, then the runner with the
 * solution in it. A name is declared once: what the program declares itself is left out of the block.
 */
export function assembleJavascript(runner: string, solution: string): string {
  const outer = splitRequires(runner);
  const inner = splitRequires(solution);
  const body = fillMarker(outer.body, inner.body).trim();
  const taken = new Set(topLevelNames(body));
  const statements: string[] = [];
  for (const { kind, module, names } of [...inner.requires, ...outer.requires, ...blockFor(body)]) {
    const free = names.filter(({ local }) => !taken.has(local));
    for (const { local } of free) taken.add(local);
    if (free.length > 0) statements.push(`${kind} ${pattern(free)} = require('${module}');`);
  }
  return `${statements.join("\n")}\n\n${body}\n`;
}

// --- internal ---

const STYLE: MaskStyle = {
  lineComment: "//",
  blockComments: true,
  strings: [
    { mark: '"', escapes: true, lines: false },
    { mark: "'", escapes: true, lines: false },
  ],
  javascript: true,
};

const CORE_MODULES: readonly string[] = [
  "util fs path crypto assert os http https url querystring zlib stream buffer events child_process readline process",
  "string_decoder timers perf_hooks dgram dns net tls vm",
].flatMap((line) => line.split(" "));

/** A name bound by a statement; `imported` is null for the whole module. */
interface Binding {
  readonly local: string;
  readonly imported: string | null;
}

interface Require {
  readonly kind: string;
  readonly module: string;
  readonly names: readonly Binding[];
}

/** The benchmark's block; its third-party modules only for a program that uses them. */
function blockFor(body: string): Require[] {
  const masked = maskCode(body, STYLE);
  const structures = ["PriorityQueue", "Queue", "Deque"].filter((name) =>
    new RegExp(`\\b${name}\\b`).test(masked),
  );
  const block: Require[] = CORE_MODULES.map((module) => ({ kind: "const", module, names: [whole(module)] }));
  if (/(?<![\w$.])_\s*[.(]/.test(masked))
    block.push({ kind: "const", module: "lodash", names: [whole("_")] });
  if (structures.length > 0) {
    const names = structures.map((name) => ({ local: name, imported: name }));
    block.push({ kind: "const", module: "datastructures-js", names });
  }
  return block;
}

function whole(local: string): Binding {
  return { local, imported: null };
}

function pattern(names: readonly Binding[]): string {
  const [first] = names;
  if (first?.imported === null) return first.local;
  const parts = names.map(({ local, imported }) => (local === imported ? local : `${imported}: ${local}`));
  return `{ ${parts.join(", ")} }`;
}

const REQUIRE =
  /^(const|let|var)\s+([\w$]+|\{[^{}=]*\})\s*=\s*require\(\s*(['"])( *)\3\s*\)[ \t]*(?:;|(?=\n|$))/gm;

const IMPORT =
  /^import\s+(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)|\{([^{}]*)\})?\s*from\s*(['"])( *)\4[ \t]*;?/gm;

/** Takes plain `require` and `import` statements at the top level out; one that does more than bind names stays. */
function splitRequires(code: string): { requires: Require[]; body: string } {
  const source = code.replaceAll("\r\n", "\n");
  const masked = maskCode(source, STYLE);
  const depths = lineDepths(masked, "([{", ")]}");
  const requires: { at: number; length: number; statement: Require }[] = [];
  const moduleOf = (match: RegExpExecArray): string => {
    const text = source.slice(match.index, match.index + match[0].length);
    return /(['"])([^'"]*)\1[^'"]*$/.exec(text)?.[2] ?? "";
  };
  for (const match of masked.matchAll(REQUIRE)) {
    const names = bindings(match[2] ?? "", ":");
    const statement = { kind: match[1] ?? "const", module: moduleOf(match), names };
    requires.push({ at: match.index, length: match[0].length, statement });
  }
  for (const match of masked.matchAll(IMPORT)) {
    const names = [match[1], match[2]].filter((name) => name !== undefined).map(whole);
    const module = moduleOf(match);
    const named = bindings(`{${match[3] ?? ""}}`, " as ");
    if (names.length > 0)
      requires.push({
        at: match.index,
        length: match[0].length,
        statement: { kind: "const", module, names },
      });
    if (named.length > 0)
      requires.push({
        at: match.index,
        length: match[0].length,
        statement: { kind: "const", module, names: named },
      });
  }
  const top = requires
    .filter(({ at }) => depths[masked.slice(0, at).split("\n").length - 1] === 0)
    .sort((a, b) => a.at - b.at);
  let body = "";
  let from = 0;
  for (const { at, length } of top) {
    if (at >= from) body += source.slice(from, at);
    from = at + length;
  }
  return { requires: top.map(({ statement }) => statement), body: body + source.slice(from) };
}

/** `name`, or `{ a, b: c }` with the given separator between imported and local name. */
function bindings(text: string, separator: string): Binding[] {
  if (!text.startsWith("{")) return [whole(text)];
  return text
    .slice(1, -1)
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const [imported, local] = part.split(separator).map((name) => name.trim());
      return { imported: imported ?? part, local: local ?? imported ?? part };
    });
}

/** Names declared at the top level by functions, classes and variables; of a pattern, every word in it. */
function topLevelNames(code: string): string[] {
  const masked = maskCode(code, STYLE);
  const names: string[] = [];
  const word =
    /[([{]|[)\]}]|(?<![\w$.])(?:function\s*\*?|class)\s+([\w$]+)|(?<![\w$.])(?:const|let|var)\s+([^=;]*(?:=|;|$))/g;
  let depth = 0;
  for (let match = word.exec(masked); match !== null; match = word.exec(masked)) {
    const [text, named, declared] = match;
    if ("([{".includes(text)) depth += 1;
    else if (")]}".includes(text)) depth -= 1;
    else if (depth > 0) word.lastIndex = match.index + (/^\w+/.exec(text)?.[0].length ?? 1);
    else if (named !== undefined) names.push(named);
    else if (declared !== undefined)
      names.push(...(declared.match(/[\w$]+/g) ?? []), ...laterDeclarators(masked, match.index));
  }
  return names;
}

/** Names after a comma of the same declaration: `const a = f(1, 2), b = 3` declares `b`. */
function laterDeclarators(masked: string, from: number): string[] {
  const names: string[] = [];
  let depth = 0;
  for (let at = from; at < masked.length; at += 1) {
    const char = masked[at] ?? "";
    if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth -= 1;
    if (depth < 0 || (depth === 0 && char === ";")) break;
    if (depth === 0 && char === "\n" && !/,\s*$/.test(masked.slice(from, at))) break;
    if (depth === 0 && char === ",") {
      const name = /^,\s*([\w$]+)/.exec(masked.slice(at, at + 200))?.[1];
      if (name !== undefined) names.push(name);
    }
  }
  return names;
}
