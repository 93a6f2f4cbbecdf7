import * as v from "valibot";

/** What a person and the other sources of a value need to know of a configuration key. */
export interface About {
  /** One sentence without a full stop at its end; says what null and 0 mean. */
  readonly text: string;
  /** Unit of the value, such as "s" or "MB". */
  readonly unit?: string;
  /** Command-line flags, without dashes; the first one is shown. */
  readonly flags?: readonly string[];
  /** Spellings at the top level of a file; `PERFAGENT_` and the name in capitals is its environment variable. */
  readonly flat?: readonly string[];
  /** Further environment variables, the strongest first; weaker than the regular ones. */
  readonly env?: readonly string[];
  /** The value is never shown. */
  readonly secret?: boolean;
  /** The value in `config_example.yaml` where the default would show nothing. */
  readonly example?: unknown;
}

/** One configuration key: its type, its default, and what is known of it. */
export function field<const S extends v.GenericSchema, const D extends v.InferInput<S>>(
  schema: S,
  fallback: D,
  about: About,
) {
  return v.pipe(v.optional(schema, fallback as never), v.metadata({ ...about }));
}

/** A whole number of at least `min`. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}

/** A finite number of at least `min`. */
export function number(min: number, max = Number.MAX_VALUE) {
  return v.pipe(v.number(), v.finite(), v.minValue(min), v.maxValue(max));
}

/** A finite number above `bound`. */
export function numberAbove(bound: number) {
  return v.pipe(v.number(), v.finite(), v.gtValue(bound));
}

/** A string of at least one character. */
export function text() {
  return v.pipe(v.string(), v.nonEmpty());
}
