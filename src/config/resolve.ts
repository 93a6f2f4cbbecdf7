import * as v from "valibot";
import { KEYS, type Key, keyOf, SECTIONS, wanted } from "./keys.ts";
import { OBSOLETE, RENAMED } from "./obsolete.ts";
import { type Problem, type Source, sourceText } from "./problem.ts";
import { type Config, ConfigSchema } from "./schema.ts";
import { unknownKey } from "./suggest.ts";
import { quoteValue } from "./values.ts";

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
  const values = new Map<Key, unknown>();
  for (const layer of layers) {
    const seen = new Map<Key, { readonly value: unknown; readonly given: Given }>();
    for (const given of layer) {
      const name = RENAMED.get(given.name) ?? given.name;
      const reason = OBSOLETE.get(name);
      if (reason !== undefined) {
        warnings.push(`${sourceText(given.source)}: ${name} no longer means anything: ${reason}`);
        continue;
      }
      const problem = (message: string) => problems.push({ source: given.source, key: given.name, message });
      const key = keyOf(name);
      if (key === null) {
        problem(unknownKey(given.name));
        continue;
      }
      const checked = check(key, given.value);
      const earlier = seen.get(key);
      if ("wrong" in checked) problem(checked.wrong);
      else if (earlier !== undefined && !Bun.deepEquals(earlier.value, checked.value)) {
        problem(disagreement(key, earlier.given, given));
      } else {
        seen.set(key, { value: checked.value, given });
        values.set(key, given.value);
        provenance.set(key.name, given.source);
      }
    }
  }
  if (problems.length > 0) return { config: null, provenance, problems, warnings };
  const config = v.parse(ConfigSchema, nest(values));
  const { language, supported_languages: supported } = config.language_cfg;
  if (supported.includes(language)) return { config, provenance, problems, warnings };
  const name = "language_cfg.language";
  const message = `'${language}' is given; one of language_cfg.supported_languages (${supported.join(", ")}) is wanted`;
  const source = provenance.get(name) ?? { kind: "default" };
  return { config: null, provenance, problems: [{ source, key: name, message }], warnings };
}

// --- internal ---

function check(key: Key, value: unknown): { readonly value: unknown } | { readonly wrong: string } {
  const result = v.safeParse(key.schema, value);
  if (result.success && value !== undefined) return { value: result.output };
  const path = result.issues?.map((issue) => v.getDotPath(issue)).find((found) => typeof found === "string");
  const inside = path === undefined ? "" : ` (wrong at '${path}')`;
  return { wrong: `${quoteValue(key, value)} is given; ${wanted(key)} is wanted${inside}` };
}

function disagreement(key: Key, first: Given, second: Given): string {
  const values = key.secret ? "" : ` (${quoteValue(key, first.value)} and ${quoteValue(key, second.value)})`;
  return `disagrees with ${written(first)}${values}; both mean ${key.name}, give it once`;
}

/** A value's place: "model_name at perfagent.yaml:3", or the flag or variable, which name the key themselves. */
function written({ name, source }: Given): string {
  return source.kind === "file" ? `${name} at ${sourceText(source)}` : sourceText(source);
}

/** `model.name` → `{model: {name}}`, with every section present. */
function nest(values: ReadonlyMap<Key, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const section of SECTIONS) root[section] = {};
  for (const [{ path }, value] of values) {
    const [first = "", second] = path;
    if (second === undefined) root[first] = value;
    else root[first] = { ...(root[first] as Record<string, unknown>), [second]: value };
  }
  return root;
}
