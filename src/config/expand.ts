/** A string after its `${NAME}` parts were filled in. */
export interface Expansion {
  readonly text: string;
  /** Names that are not set and have no default. */
  readonly unset: readonly string[];
  /** Whether anything was filled in. */
  readonly expanded: boolean;
}

/**
 * Fills in `${NAME}` and `${NAME:-default}` (the default counts when NAME is unset or empty). `$${` stands for a
 * literal `${`. Anything else, such as `$NAME` or `${a + b}`, stays as it is.
 */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): Expansion {
  const unset: string[] = [];
  let expanded = false;
  const result = text.replaceAll(
    REFERENCE,
    (whole, name: string | undefined, fallback: string | undefined) => {
      if (name === undefined) return "${";
      expanded = true;
      const value = lookup(name);
      if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
      if (value === undefined) unset.push(name);
      return value ?? whole;
    },
  );
  return { text: result, unset, expanded };
}

// --- internal ---

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;
