import * as v from "valibot";
import type { About } from "./field.ts";
import { ConfigSchema } from "./schema.ts";

export type Kind = "boolean" | "integer" | "number" | "string" | "enum" | "list" | "record";

/** One configuration key as data, derived from the schema. */
export interface Key extends About {
  /** Nested spelling, such as "model.name". */
  readonly name: string;
  readonly path: readonly string[];
  readonly kind: Kind;
  readonly nullable: boolean;
  /** Allowed values of an `enum`, or of the members of a `list`. */
  readonly options: readonly string[];
  /** Bounds of a number, inclusive; `above` is exclusive. */
  readonly min: number | null;
  readonly max: number | null;
  readonly above: number | null;
  readonly fallback: unknown;
  readonly flags: readonly string[];
  readonly flat: readonly string[];
  /** Environment variables, the strongest first. */
  readonly variables: readonly string[];
  readonly secret: boolean;
  readonly schema: v.GenericSchema;
}

/** Kinds by the name of the valibot schema that a key is built on. */
const KINDS: Readonly<Record<string, Kind>> = {
  boolean: "boolean",
  number: "number",
  string: "string",
  picklist: "enum",
  array: "list",
  record: "record",
};

/** Every configuration key, in the order of the schema. */
export const KEYS: readonly Key[] = collect(ConfigSchema, []);

/** The sections ("model") of the nested spelling. */
export const SECTIONS: ReadonlySet<string> = new Set(
  KEYS.filter((key) => key.path.length > 1).map((key) => key.path.slice(0, -1).join(".")),
);

/** The key of a nested or flat spelling. */
export function keyOf(name: string): Key | null {
  return BY_SPELLING.get(name) ?? null;
}

/** Every spelling of every key, nested ones first. */
export function spellings(): string[] {
  return [...BY_SPELLING.keys()];
}

/** What a key accepts, in words: "a whole number from 1 to 100 (MB), or null". */
export function wanted(key: Key): string {
  const unit = key.unit === undefined || key.kind === "record" ? "" : ` (${key.unit})`;
  return `${kindInWords(key)}${unit}${key.nullable ? ", or null" : ""}`;
}

// --- internal ---

const BY_SPELLING = new Map<string, Key>();
for (const key of KEYS) BY_SPELLING.set(key.name, key);
for (const key of KEYS) {
  for (const flat of key.flat) if (!BY_SPELLING.has(flat)) BY_SPELLING.set(flat, key);
}

/** The parts of a valibot schema that are read here. */
interface Node {
  readonly type: string;
  readonly kind?: string;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly wrapped?: Node;
  readonly item?: Node;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly requirement?: unknown;
  readonly pipe?: readonly Node[];
}

function collect(schema: v.GenericSchema, path: readonly string[]): Key[] {
  const node = schema as unknown as Node;
  if (node.type !== "strict_object") return [describe(schema, node, path)];
  return Object.entries(node.entries ?? {}).flatMap(([name, entry]) =>
    collect(entry as unknown as v.GenericSchema, [...path, name]),
  );
}

function describe(schema: v.GenericSchema, node: Node, path: readonly string[]): Key {
  const about = v.getMetadata(schema as never) as unknown as About;
  const name = path.join(".");
  const parts = flatten(node);
  const base = parts.find((part) => part.type in KINDS);
  if (base === undefined) throw new TypeError(`The key ${name} has a type that is not described here`);
  const bound = (type: string) => {
    const requirement = parts.find((part) => part.type === type)?.requirement;
    return typeof requirement === "number" && Math.abs(requirement) < Number.MAX_SAFE_INTEGER
      ? requirement
      : null;
  };
  const picklist = parts.find((part) => part.type === "picklist");
  const flat = about.flat ?? [];
  return {
    ...about,
    name,
    path,
    kind: kindOf(base, parts),
    nullable: parts.some((part) => part.type === "nullable"),
    options: picklist?.options ?? [],
    min: bound("min_value"),
    max: bound("max_value"),
    above: bound("gt_value"),
    fallback: node.default,
    flags: about.flags ?? [],
    flat,
    variables: [
      ...new Set([
        `PERFAGENT_${path.join("__").toUpperCase()}`,
        ...flat.map((spelling) => `PERFAGENT_${spelling.toUpperCase()}`),
        ...(about.env ?? []),
      ]),
    ],
    secret: about.secret ?? false,
    schema,
  };
}

function kindOf(base: Node, parts: readonly Node[]): Kind {
  if (base.type === "array" || base.type === "record") return KINDS[base.type] ?? "record";
  if (parts.some((part) => part.type === "picklist")) return "enum";
  if (parts.some((part) => part.type === "integer")) return "integer";
  return KINDS[base.type] ?? "string";
}

/** A schema and everything it wraps, outermost first. */
function flatten(node: Node): Node[] {
  const inner = (node.pipe ?? []).slice(1).flatMap(flatten);
  const first = node.pipe?.[0];
  const self = first === undefined || first === node ? [node] : flatten(first);
  const wrapped = node.pipe === undefined && node.wrapped !== undefined ? flatten(node.wrapped) : [];
  const item = node.pipe === undefined && node.item !== undefined ? flatten(node.item) : [];
  return [...self, ...wrapped, ...item, ...inner];
}

function kindInWords(key: Key): string {
  switch (key.kind) {
    case "boolean":
      return "true or false";
    case "enum":
      return `one of ${key.options.join(", ")}`;
    case "list":
      return `a list of ${key.options.join(", ")}`;
    case "string":
      return "text";
    case "record":
      return key.name === "pricing"
        ? "a map of model names to {input, output, cached_input}"
        : "a map of names to values";
    case "integer":
    case "number":
      return `${key.kind === "integer" ? "a whole number" : "a number"}${range(key)}`;
  }
}

function range(key: Key): string {
  if (key.above !== null) return ` above ${key.above}`;
  if (key.min !== null && key.max !== null) return ` from ${key.min} to ${key.max}`;
  if (key.min !== null) return ` of at least ${key.min}`;
  return "";
}
