import { nearest } from "../lib/nearest.ts";
import { KEYS, type Key } from "./keys.ts";
import type { Source } from "./problem.ts";
import type { Given, Layer } from "./resolve.ts";
import { valueFromText } from "./values.ts";

/** A variable's value and the `.env` file it comes from; null when it is from the real environment. */
export interface Variable {
  readonly value: string;
  readonly file: string | null;
}

export type Environment = ReadonlyMap<string, Variable>;

/** Variables of perfagent that are no configuration keys. */
const OTHER_VARIABLES = /^PERFAGENT_(CONFIG$|TEST_)/;

/**
 * The real environment with `.env` files under it: a file never overrides what is really set, and earlier files are
 * stronger than later ones.
 */
export function mergeEnvironment(
  real: Readonly<Record<string, string | undefined>>,
  files: readonly { readonly file: string; readonly values: ReadonlyMap<string, string> }[],
): Environment {
  const merged = new Map<string, Variable>();
  for (const [name, value] of Object.entries(real)) {
    if (value !== undefined) merged.set(name, { value, file: null });
  }
  for (const { file, values } of files) {
    for (const [name, value] of values) if (!merged.has(name)) merged.set(name, { value, file });
  }
  return merged;
}

/** The configuration values of an environment. An empty variable counts as not set. */
export function layersOfEnvironment(environment: Environment): readonly Layer[] {
  const weak: Given[] = [];
  const regular: Given[] = [];
  for (const key of KEYS) {
    for (const variable of key.variables) {
      const found = environment.get(variable);
      if (found === undefined || found.value === "") continue;
      const source: Source = { kind: "environment", variable, file: found.file };
      const given = { name: key.name, value: valueFromText(key, found.value), source };
      if (isWeak(key, variable)) weak.push(given);
      else regular.push(given);
    }
  }
  return [weak, regular];
}

/** A warning for each `PERFAGENT_…` variable that names no key. */
export function unknownVariables(environment: Environment): string[] {
  const known = KEYS.flatMap((key) => key.variables);
  const warnings: string[] = [];
  for (const [name, { file }] of environment) {
    if (!name.startsWith("PERFAGENT_") || known.includes(name) || OTHER_VARIABLES.test(name)) continue;
    const guess = nearest(name, known);
    const where = file === null ? "" : ` in ${file}`;
    warnings.push(
      `The variable ${name}${where} names no configuration key and is ignored${guess === null ? "" : `; did you mean ${guess}?`}`,
    );
  }
  return warnings;
}

// --- internal ---

/** Variables that others may have set for their own purpose give way to perfagent's own. */
function isWeak(key: Key, variable: string): boolean {
  return !variable.startsWith("PERFAGENT_") && (key.env ?? []).includes(variable);
}
