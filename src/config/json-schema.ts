import { KEYS, type Key } from "./keys.ts";

/** JSON Schema (2020-12) of a configuration file, for editors: nested and flat spellings, bounds, defaults, meanings. */
export function jsonSchema(): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  for (const key of KEYS) {
    const [first = "", second] = key.path;
    if (second === undefined) properties[first] = describe(key);
    else {
      const section = (properties[first] as Section | undefined) ?? {
        type: "object",
        additionalProperties: false,
        properties: {},
      };
      properties[first] = section;
      section.properties[second] = describe(key);
    }
  }
  for (const key of KEYS) {
    for (const flat of key.flat) {
      properties[flat] ??= { ...describe(key), description: `The same as ${key.name}. ${key.text}` };
    }
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of perfagent",
    type: "object",
    additionalProperties: false,
    properties,
  };
}

// --- internal ---

interface Section {
  readonly type: "object";
  readonly additionalProperties: false;
  readonly properties: Record<string, unknown>;
}

/** A text with `${NAME}` in it may stand for a value of any type. */
const REFERENCE = { type: "string", pattern: "\\$\\{" };

function describe(key: Key): Record<string, unknown> {
  const unit = key.unit === undefined ? "" : ` (${key.unit})`;
  const types = [typeOf(key), ...(key.nullable ? [{ type: "null" }] : [])];
  const needsReference = key.kind !== "string" && key.kind !== "list" && key.kind !== "record";
  const all = needsReference ? [...types, REFERENCE] : types;
  const [only = {}, ...others] = all;
  return {
    description: `${key.text}${unit}`,
    default: key.fallback,
    ...(others.length === 0 ? only : { anyOf: all }),
  };
}

function typeOf(key: Key): Record<string, unknown> {
  switch (key.kind) {
    case "enum":
      return { enum: key.options };
    case "list":
      return { type: "array", items: { enum: key.options } };
    case "record":
      return { type: "object", ...membersOf(key) };
    case "integer":
    case "number":
      return {
        type: key.kind,
        ...(key.min === null ? {} : { minimum: key.min }),
        ...(key.max === null ? {} : { maximum: key.max }),
        ...(key.above === null ? {} : { exclusiveMinimum: key.above }),
      };
    case "string":
    case "boolean":
      return { type: key.kind };
  }
}

function membersOf(key: Key): Record<string, unknown> {
  if (key.name === "model.headers") return { additionalProperties: { type: "string" } };
  if (key.name !== "pricing") return {};
  const amount = { type: "number", minimum: 0 };
  return {
    additionalProperties: {
      type: "object",
      additionalProperties: false,
      required: ["input", "output"],
      properties: { input: amount, output: amount, cached_input: amount },
    },
  };
}
