import * as v from "valibot";
import { nearest } from "../lib/nearest.ts";
import { expandVariables } from "./expand.ts";
import { KEYS, type Key, keyOf, SECTIONS, spellings, wanted } from "./keys.ts";
import { OBSOLETE, RENAMED } from "./obsolete.ts";
import { type Problem, type Source, sourceText } from "./problem.ts";
import { type Config, ConfigSchema } from "./schema.ts";

/** One value given for one key, as it was written. */
export interface Given {
  /** Nested or flat spelling, as written. */
  readonly name: string;
  readonly value: unknown;
  readonly source: Source;
}

/** Values of one strength. Within a layer a key may be given twice only if both agree. */
export type Layer = readonly Given[];

/** What the layers come to. */
export interface Resolution {
  /** Null when there is a problem. */
  readonly config: Config | null;
  /** Where each key's value comes from, by its nested name. */
  readonly provenance: ReadonlyMap<string, Source>;
  /** Everything wrong, in the order of the layers. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/**
 * Puts layers on top of the defaults, later ones stronger, and checks every value of every layer, also of those that a
 * stronger one hides.
 */
export function resolveLayers(layers: readonly Layer[]): Resolution {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const provenance = new Map<string, Source>(KEYS.map((key) => [key.name, { kind: "default" }]));
  const values = new Map<string, unknown>();
  for (const layer of layers) {
    const seen = new Map<string, { value: unknown; given: Given }>();
    for (const given of layer) {
      const name = RENAMED[given.name] ?? given.name;
      const reason = Object.hasOwn(OBSOLETE, name) ? OBSOLETE[name] : undefined;
      if (reason !== undefined) {
        warnings.push(`${sourceText(given.source)}: ${name} no longer means anything: ${reason}`);
        continue;
      }
      const key = keyOf(name);
      if (key === null) {
        problems.push({ source: given.source, key: given.name, message: unknownKey(given.name) });
        continue;
      }
      const checked = check(key, given.value);
      if ("problem" in checked) {
        problems.push({ source: given.source, key: given.name, message: checked.problem });
        continue;
      }
      const earlier = seen.get(key.name);
      if (earlier !== undefined && !Bun.deepEquals(earlier.value, checked.value)) {
        problems.push({
          source: given.source,
          key: given.name,
          message: disagreement(key, earlier.given, given),
        });
        continue;
      }
      seen.set(key.name, { value: checked.value, given });
      values.set(key.name, given.value);
      provenance.set(key.name, given.source);
    }
  }
  if (problems.length > 0) return { config: null, provenance, problems, warnings };
  const config = v.parse(ConfigSchema, nest(values));
  const language = config.language_cfg.language;
  if (!config.language_cfg.supported_languages.includes(language)) {
    const source = provenance.get("language_cfg.language") ?? { kind: "default" };
    const message = `'${language}' is not among language_cfg.supported_languages (${config.language_cfg.supported_languages.join(", ")})`;
    return {
      config: null,
      provenance,
      problems: [{ source, key: "language_cfg.language", message }],
      warnings,
    };
  }
  return { config, provenance, problems, warnings };
}

/** The values of a file's map, one for each key; `${NAME}` is filled in. */
export function layerOfFile(
  root: Readonly<Record<string, unknown>>,
  lineOf: (path: readonly string[]) => number,
  file: string,
  lookup: (name: string) => string | undefined,
): { readonly layer: Layer; readonly problems: readonly Problem[] } {
  const layer: Given[] = [];
  const problems: Problem[] = [];
  const visit = (value: unknown, path: readonly string[]): void => {
    const name = path.join(".");
    const source: Source = { kind: "file", file, line: lineOf(path) };
    if (SECTIONS.has(name)) {
      if (value === null) return;
      if (!isMap(value)) {
        problems.push({ source, key: name, message: notASection(name, value) });
        return;
      }
      for (const [child, inner] of Object.entries(value)) visit(inner, [...path, child]);
      return;
    }
    const unset = new Set<string>();
    const expanded = expandAll(value, lookup, unset);
    for (const missing of unset) {
      problems.push({
        source,
        key: name,
        message: `the variable ${missing} is not set; set it, or write \${${missing}:-default}`,
      });
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

/**
 * The value that a text (a flag, a variable) stands for: a number or true/false where the key wants one, `null` where the
 * key may be null, a list separated by commas, JSON for a map. A text that is none of it stays, and the check names it.
 */
export function valueFromText(key: Key, text: string): unknown {
  if (key.nullable && text === "null") return null;
  switch (key.kind) {
    case "boolean":
      return BOOLEANS[text.toLowerCase()] ?? text;
    case "integer":
    case "number":
      return DECIMAL.test(text.trim()) ? Number(text) : text;
    case "list":
      return text
        .split(",")
        .map((member) => member.trim())
        .filter((member) => member !== "");
    case "record":
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
    case "string":
    case "enum":
      return text;
  }
}

/** Why a key is refused, with the nearest valid one. */
export function unknownKey(name: string): string {
  const candidates = [...spellings(), ...Object.keys(OBSOLETE)];
  const guess = nearest(name, candidates) ?? sameLastName(name);
  return `there is no such key${guess === null ? "" : `; did you mean '${guess}'?`}`;
}

// --- internal ---

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };

/** Longest value that a message quotes. */
const QUOTE_LENGTH = 60;

function check(key: Key, value: unknown): { readonly value: unknown } | { readonly problem: string } {
  const result = v.safeParse(key.schema, value);
  if (result.success && value !== undefined) return { value: result.output };
  const where = (result.issues ?? [])
    .map((issue) => v.getDotPath(issue))
    .find((path) => path !== null && path !== undefined);
  const inside = where === undefined ? "" : ` (wrong at '${where}')`;
  return { problem: `${quote(key, value)} is given; ${wanted(key)} is wanted${inside}` };
}

function quote(key: Key, value: unknown): string {
  if (key.secret) return `a ${Array.isArray(value) ? "list" : typeof value}`;
  const text = typeof value === "string" ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  return text.length <= QUOTE_LENGTH ? text : `${text.slice(0, QUOTE_LENGTH)}…`;
}

function disagreement(key: Key, first: Given, second: Given): string {
  const values = key.secret ? "" : ` (${quote(key, first.value)} and ${quote(key, second.value)})`;
  return `disagrees with ${written(first)}${values}; both mean ${key.name}, give it once`;
}

/** A value's place: "model_name at perfagent.yaml:3", or the flag or variable, which name the key themselves. */
function written({ name, source }: Given): string {
  return source.kind === "file" ? `${name} at ${sourceText(source)}` : sourceText(source);
}

function notASection(name: string, value: unknown): string {
  const inner = KEYS.filter((key) => key.name.startsWith(`${name}.`)).map((key) => key.path.at(-1));
  const kind = Array.isArray(value) ? "a list" : `a ${typeof value}`;
  return `${kind} is given; a map with keys such as ${inner.slice(0, 3).join(", ")} is wanted`;
}

/** `model.num_runs` → `runtime.num_runs`: the right key in the wrong section. */
function sameLastName(name: string): string | null {
  const last = name.split(".").at(-1) ?? "";
  return (
    KEYS.find((key) => key.path.at(-1) === last)?.name ??
    nearest(
      last,
      KEYS.map((key) => key.path.at(-1) ?? "").filter((word) => word.length > 3),
    )
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expandAll(
  value: unknown,
  lookup: (name: string) => string | undefined,
  unset: Set<string>,
): unknown {
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

/** `{"model.name": "x"}` → `{model: {name: "x"}}`, with every section present. */
function nest(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const section of SECTIONS) root[section] = {};
  for (const [name, value] of values) {
    const path = keyOf(name)?.path ?? [];
    const [first = "", second] = path;
    if (second === undefined) root[first] = value;
    else root[first] = { ...(root[first] as Record<string, unknown>), [second]: value };
  }
  return root;
}
