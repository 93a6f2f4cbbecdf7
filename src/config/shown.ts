import { isSecretName, REDACTED } from "../lib/redact.ts";
import { KEYS, type Key } from "./keys.ts";
import type { Config } from "./schema.ts";

/** A configuration as it may be shown and recorded: nested as in a file, every secret replaced by `***`. */
export function shownConfig(config: Config): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const key of KEYS) {
    const [first = "", second] = key.path;
    const value = shownValue(config, key);
    if (second === undefined) root[first] = value;
    else root[first] = { ...(root[first] as Record<string, unknown> | undefined), [second]: value };
  }
  return root;
}

/** One value as it may be shown. */
export function shownValue(config: Config, key: Key): unknown {
  const value = key.path.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], config);
  return key.secret ? hideAll(value) : hideNamed(value);
}

// --- internal ---

/** A secret that is set shows that it is; of a map, the names stay. */
function hideAll(value: unknown): unknown {
  if (value === null) return null;
  if (typeof value !== "object") return REDACTED;
  return Object.fromEntries(Object.keys(value).map((name) => [name, REDACTED]));
}

/** In maps that are passed on as they are, whatever is named like a secret is one. */
function hideNamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideNamed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      typeof inner === "string" && isSecretName(name) ? REDACTED : hideNamed(inner),
    ]),
  );
}
