/** Reading JSON that others wrote: every field may be missing, of another type, or a number written as a word. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The objects of a list; anything else is an empty list. */
export function asObjects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(asObject).filter((entry) => entry !== null) : [];
}

/** A text that is not empty. */
export function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A finite number, also one written as text; "Infinity" and "NaN" are how some files say "not measured". */
export function asNumber(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** A cost above zero: a zero is a sampler that saw nothing, or a failed run. */
export function asCost(value: unknown): number | null {
  const number = asNumber(value);
  return number !== null && number > 0 ? number : null;
}

export function asBoolean(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

/**
 * Parses JSON as Python writes it: `NaN` and `Infinity` are no JSON, but `json.dump` writes them.
 * @throws SyntaxError when it is not even that.
 */
export function parseLooseJson(text: string): unknown {
  const content = text.replace(/^\uFEFF/, "");
  try {
    return JSON.parse(content);
  } catch (error) {
    if (!/\b(?:NaN|Infinity)\b/.test(content)) throw error;
    return Bun.JSON5.parse(content);
  }
}
