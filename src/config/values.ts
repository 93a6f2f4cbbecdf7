import { isDecimal } from "../lib/decimal.ts";
import type { Key } from "./keys.ts";

/**
 * The value that a text (a flag, a variable) stands for: a number or true/false where the key wants one, `null` where the
 * key may be null, a list separated by commas, JSON for a map. A text that is none of it stays, and the check names it.
 */
export function valueFromText(key: Key, text: string): unknown {
  if (key.nullable && text === "null") return null;
  switch (key.kind) {
    case "boolean":
      return BOOLEANS.get(text.toLowerCase()) ?? text;
    case "integer":
    case "number":
      return isDecimal(text.trim()) ? Number(text) : text;
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

/** A value as a message quotes it, shortened; of a secret only its type. */
export function quoteValue(key: Key, value: unknown): string {
  if (key.secret) return typeOf(value);
  const text = typeof value === "string" ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  return text.length <= QUOTE_LENGTH ? text : `${text.slice(0, QUOTE_LENGTH)}…`;
}

/** The kind of a value, in words. */
export function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return TYPES[typeof value] ?? typeof value;
}

// --- internal ---

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  object: "a map",
};

/** Longest value that a message quotes. */
const QUOTE_LENGTH = 60;
