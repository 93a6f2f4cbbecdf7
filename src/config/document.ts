import { isMap, isNode, isPair, isScalar, LineCounter, type Node, parseAllDocuments } from "yaml";
import { messageOf } from "../errors.ts";
import type { Problem } from "./problem.ts";

/** A YAML file as plain values, with the line of each. */
export interface ConfigDocument {
  readonly root: Readonly<Record<string, unknown>>;
  /** 1-based line of a path; of its nearest known parent where a merge or an alias brought the value in. */
  readonly lineOf: (path: readonly string[]) => number;
  readonly problems: readonly Problem[];
}

/**
 * Reads a configuration file's text. Everything wrong with its form (no YAML, duplicate keys, several documents, too many
 * aliases, no map at the top) is a problem with file and line; the file's own text is never quoted.
 *
 * @param file The file's name for messages.
 */
export function parseConfigDocument(text: string, file: string): ConfigDocument {
  const counter = new LineCounter();
  const at = (offset: number) => Math.max(1, counter.linePos(offset).line);
  const problem = (line: number, message: string, key: string | null = null): Problem => ({
    source: { kind: "file", file, line },
    key,
    message,
  });
  const failed = (...problems: Problem[]): ConfigDocument => ({ root: {}, lineOf: () => 1, problems });
  try {
    const documents = parseAllDocuments(text, { lineCounter: counter, prettyErrors: false, merge: true });
    if ("empty" in documents) return failed();
    const [document, second] = documents;
    if (document === undefined) return failed();
    const broken = documents.flatMap((each) => each.errors);
    const syntax = broken.find((error) => error.code !== "DUPLICATE_KEY");
    const duplicates = broken.filter((error) => error.code === "DUPLICATE_KEY");
    if (broken.length > 0) {
      // After the first syntax error the rest are its echoes.
      return failed(
        ...duplicates.map(({ pos }) => problem(at(pos[0]), "is given twice", keyAt(text, pos[0]))),
        ...(syntax === undefined ? [] : [problem(at(syntax.pos[0]), describe(syntax.code, syntax.message))]),
      );
    }
    if (second !== undefined) {
      return failed(problem(at(second.range[0]), "holds a second YAML document; one is wanted"));
    }
    if (document.warnings.length > 0) {
      return failed(
        ...document.warnings.map(({ pos }) => problem(at(pos[0]), "holds a tag that is not known here")),
      );
    }
    const contents = document.contents;
    if (contents === null || (isScalar(contents) && contents.value === null)) return failed();
    if (!isMap(contents)) {
      return failed(
        problem(at(contents.range?.[0] ?? 0), "holds no keys at its top; 'key: value' lines are wanted"),
      );
    }
    const root = document.toJS({ maxAliasCount: MAX_ALIASES }) as Record<string, unknown>;
    return { root, lineOf: (path) => at(offsetOf(contents, path)), problems: [] };
  } catch (error) {
    return failed(problem(1, whyUnusable(error)));
  }
}

// --- internal ---

/** Far above what a configuration needs, far below what fills the memory. */
const MAX_ALIASES = 100;

/** Offset of the key of a path, or of its nearest parent that is written in the file. */
function offsetOf(root: Node, path: readonly string[]): number {
  let node: Node = root;
  let offset = root.range?.[0] ?? 0;
  for (const name of path) {
    if (!isMap(node)) return offset;
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === name,
    );
    if (pair === undefined || !isNode(pair.key)) return offset;
    offset = pair.key.range?.[0] ?? offset;
    if (!isNode(pair.value)) return offset;
    node = pair.value;
  }
  return offset;
}

/** The library's words for errors, without those that would quote the file. */
function describe(code: string, message: string): string {
  const quoted = /[`'"“]/.test(message);
  return quoted
    ? `is not valid YAML here (${code.toLowerCase().replaceAll("_", " ")})`
    : `is not valid YAML: ${message}`;
}

/** The key that is written at an offset; a key is no secret, what follows it may be one. */
function keyAt(text: string, offset: number): string {
  return /^[^:\n]*/.exec(text.slice(offset))?.[0].trim() ?? "";
}

/** The library throws for aliases, and the stack ends for a bomb of brackets. */
function whyUnusable(error: unknown): string {
  if (error instanceof RangeError) return "is nested too deeply";
  const message = messageOf(error);
  if (message.startsWith("Unresolved alias")) return `is not valid YAML: ${message}`;
  if (message.startsWith("Excessive alias")) return `uses its aliases more than ${MAX_ALIASES} times`;
  throw error;
}
