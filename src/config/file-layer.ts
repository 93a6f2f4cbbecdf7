import { expandVariables } from "./expand.ts";
import { KEYS, keyOf, SECTIONS } from "./keys.ts";
import type { Problem, Source } from "./problem.ts";
import type { Given, Layer } from "./resolve.ts";
import { typeOf, valueFromText } from "./values.ts";

/** Finds a variable of the environment; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

/** The values of a file's map, one for each key, with `${NAME}` filled in. */
export function layerOfFile(
  root: Readonly<Record<string, unknown>>,
  lineOf: (path: readonly string[]) => number,
  file: string,
  lookup: Lookup,
): { readonly layer: Layer; readonly problems: readonly Problem[] } {
  const layer: Given[] = [];
  const problems: Problem[] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    const name = path.join(".");
    const source: Source = { kind: "file", file, line: lineOf(path) };
    if (SECTIONS.has(name)) {
      // A section whose keys are all commented out reads as null.
      if (value === null) return;
      if (isMap(value)) for (const [child, inner] of Object.entries(value)) visit(inner, [...path, child]);
      else problems.push({ source, key: name, message: notASection(name, value) });
      return;
    }
    const unset = new Set<string>();
    const expanded = expandAll(value, lookup, unset);
    for (const missing of unset) {
      const advice = `set it, or write \${${missing}:-default}`;
      problems.push({ source, key: name, message: `the variable ${missing} is not set; ${advice}` });
    }
    if (unset.size > 0) return;
    const key = keyOf(name);
    // A text that came out of variables may stand for a number: `max_iterations: ${ROUNDS:-5}`.
    const spoken = typeof expanded === "string" && expanded !== value && key !== null;
    layer.push({ name, value: spoken ? valueFromText(key, expanded) : expanded, source });
  };
  for (const [name, value] of Object.entries(root)) visit(value, [name]);
  return { layer, problems };
}

// --- internal ---

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function notASection(name: string, value: unknown): string {
  const inside = KEYS.filter((key) => key.name.startsWith(`${name}.`)).map((key) => key.path.at(-1));
  return `${typeOf(value)} is given; a map with keys such as ${inside.slice(0, 3).join(", ")} is wanted`;
}

function expandAll(value: unknown, lookup: Lookup, unset: Set<string>): unknown {
  if (typeof value === "string") {
    const expansion = expandVariables(value, lookup);
    for (const name of expansion.unset) unset.add(name);
    return expansion.text;
  }
  if (Array.isArray(value)) return value.map((member) => expandAll(member, lookup, unset));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, expandAll(inner, lookup, unset)]),
  );
}
