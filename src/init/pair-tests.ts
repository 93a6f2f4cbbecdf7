/** Which input belongs to which expected output, by their names. Pure. */

/** A test by the names of its two files. */
export interface TestPair {
  readonly input: string;
  readonly output: string;
}

export interface Pairing {
  /** In natural order: 2 comes before 10. */
  readonly pairs: readonly TestPair[];
  /** Files without a partner, each with the names that were looked for. */
  readonly missing: readonly { readonly name: string; readonly wanted: readonly string[] }[];
  /** Inputs with more than one expected output. */
  readonly ambiguous: readonly { readonly name: string; readonly outputs: readonly string[] }[];
}

/**
 * Pairs files: `X.in` with `X.out` or `X.ans`, and `inputX.txt` with `outputX.txt`, in any letter case, within the same
 * folder. Other files are left alone.
 */
export function pairTests(names: readonly string[]): Pairing {
  const roles = names.flatMap((name) => {
    const role = roleOf(name);
    return role === null ? [] : [{ name, ...role }];
  });
  const byKey = Map.groupBy(roles, (role) => role.key);
  const pairs: TestPair[] = [];
  const missing: { name: string; wanted: string[] }[] = [];
  const ambiguous: { name: string; outputs: string[] }[] = [];
  for (const group of byKey.values()) {
    const inputs = group.filter((role) => role.kind === "input");
    const outputs = group.filter((role) => role.kind === "output");
    for (const { name, partners } of group.filter(
      (role) => (role.kind === "input" ? outputs : inputs).length === 0,
    )) {
      missing.push({ name, wanted: partners });
    }
    const [input, ...otherInputs] = inputs;
    const [output, ...otherOutputs] = outputs;
    if (input === undefined || output === undefined) continue;
    // Names that differ in letter case only.
    if (otherInputs.length > 0)
      ambiguous.push({ name: output.name, outputs: inputs.map((role) => role.name) });
    else if (otherOutputs.length > 0)
      ambiguous.push({ name: input.name, outputs: outputs.map((role) => role.name) });
    else pairs.push({ input: input.name, output: output.name });
  }
  return {
    pairs: pairs.sort((a, b) => compareNaturally(a.input, b.input)),
    missing: missing.sort((a, b) => compareNaturally(a.name, b.name)),
    ambiguous: ambiguous.sort((a, b) => compareNaturally(a.name, b.name)),
  };
}

/** True for a name that a test may have. */
export function isTestName(name: string): boolean {
  return roleOf(name) !== null;
}

/** Orders names as a person does: runs of digits by their value. The same on every machine. */
export function compareNaturally(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

// --- internal ---

interface Role {
  readonly kind: "input" | "output";
  /** Equal for files that belong together. */
  readonly key: string;
  /** Names that the partner may have. */
  readonly partners: string[];
}

const collator = new Intl.Collator("en", { numeric: true });

function roleOf(path: string): Role | null {
  const slash = path.lastIndexOf("/") + 1;
  const folder = path.slice(0, slash);
  const name = path.slice(slash);
  // Hidden files and the copies that macOS puts beside files in an archive.
  if (name.startsWith(".") || `/${folder}`.includes("/__MACOSX/")) return null;
  const bySuffix = /^(.+)\.(in|out|ans)$/i.exec(name);
  if (bySuffix !== null) {
    const [, stem = "", suffix = ""] = bySuffix;
    const isInput = suffix.toLowerCase() === "in";
    return {
      kind: isInput ? "input" : "output",
      key: `${folder}${stem}.in`.toLowerCase(),
      partners: isInput ? [`${stem}.out`, `${stem}.ans`] : [`${stem}.in`],
    };
  }
  const byPrefix = /^(input|output)(.*)\.txt$/i.exec(name);
  if (byPrefix === null) return null;
  const [, prefix = "", rest = ""] = byPrefix;
  const isInput = prefix.toLowerCase() === "input";
  return {
    kind: isInput ? "input" : "output",
    key: `${folder}input${rest}.txt`.toLowerCase(),
    partners: [`${isInput ? "output" : "input"}${rest}.txt`],
  };
}
