/** Reads what a configuration is made of: files, `.env` files, flags. */
import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseDotenv } from "../../config/dotenv.ts";
import type { Environment } from "../../config/environment.ts";
import { layerOfFile } from "../../config/file-layer.ts";
import { KEYS, keyOf } from "../../config/keys.ts";
import { OBSOLETE_FLAGS } from "../../config/obsolete.ts";
import type { Problem, Source } from "../../config/problem.ts";
import type { Given, Layer } from "../../config/resolve.ts";
import { unknownKey } from "../../config/suggest.ts";
import { valueFromText } from "../../config/values.ts";
import { isSecretName, urlPasswords } from "../../lib/redact.ts";
import { readText } from "../process/files.ts";
import { listOf } from "./shared.ts";

/** A configuration file, and who asked for it: "--config", "PERFAGENT_CONFIG". */
export interface ConfigFile {
  readonly path: string;
  readonly askedBy: string;
}

export interface ReadLayer {
  readonly layer: Layer;
  readonly problems: readonly Problem[];
}

/**
 * The values of a configuration file.
 *
 * @throws PerfagentError `config` when it cannot be read.
 */
export async function readConfigFile(
  { path, askedBy }: ConfigFile,
  environment: Environment,
): Promise<ReadLayer> {
  // yaml is the largest dependency; without a file it is never loaded.
  const { parseConfigDocument } = await import("../../config/document.ts");
  const what = `the configuration (${askedBy})`;
  const text = await readText(path, { what, code: "config", maxBytes: MAX_CONFIG_BYTES });
  const shown = path === "-" ? "standard input" : path;
  const document = parseConfigDocument(text, shown);
  if (document.problems.length > 0) return { layer: [], problems: document.problems };
  return layerOfFile(document.root, document.lineOf, shown, (name) => environment.get(name)?.value);
}

/** What the `.env` files beside the configuration file and in the current directory hold; the first is stronger. */
export async function readDotenvs(configFile: string | null) {
  const beside = configFile === null || configFile === "-" ? [] : [dirname(configFile)];
  const paths = new Map([...beside, "."].map((folder) => [resolve(folder), join(folder, ".env")]));
  const files: { readonly file: string; readonly values: ReadonlyMap<string, string> }[] = [];
  const warnings: string[] = [];
  for (const path of paths.values()) {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const { values, badLines } = parseDotenv(
      await readText(path, { what: "the environment file", code: "config" }),
    );
    files.push({ file: path, values });
    for (const line of badLines) warnings.push(`${path}:${line}: this is no NAME=value line and is ignored`);
  }
  return { files, warnings };
}

/** The values of the flags that were given, and of `--set`. All are one layer: two that disagree are an error. */
export function layerOfFlags(args: Readonly<Record<string, unknown>>): ReadLayer {
  const problems: Problem[] = [];
  const layer: Given[] = [];
  for (const key of KEYS) {
    for (const flag of key.flags) {
      const value = args[flag];
      if (value === undefined) continue;
      const source: Source = { kind: "flag", flag: `--${flag}` };
      layer.push({
        name: key.name,
        value: typeof value === "string" ? valueFromText(key, value) : value,
        source,
      });
    }
  }
  for (const [flag, name] of OBSOLETE_FLAGS) {
    if (args[flag] !== undefined)
      layer.push({ name, value: args[flag], source: { kind: "flag", flag: `--${flag}` } });
  }
  for (const assignment of listOf(args.set)) {
    const split = assignment.indexOf("=");
    const name = split < 0 ? assignment : assignment.slice(0, split);
    const source: Source = { kind: "flag", flag: `--set ${name}` };
    const key = keyOf(name);
    if (split <= 0) problems.push({ source, key: name, message: "key=value is wanted" });
    else if (key === null) problems.push({ source, key: name, message: unknownKey(name) });
    else layer.push({ name, value: valueFromText(key, assignment.slice(split + 1)), source });
  }
  return { layer, problems };
}

/** The secrets among the values of layers: keys, secret headers and fields, passwords in URLs. */
export function secretsOfLayers(layers: readonly Layer[]): string[] {
  return layers.flat().flatMap(({ name, value }) => {
    const last = keyOf(name)?.path.at(-1) ?? name;
    return secretsIn(last, value);
  });
}

// --- internal ---

/** Far above any configuration with templates in it; keeps `--config /dev/zero` from filling the memory. */
const MAX_CONFIG_BYTES = 16 * 2 ** 20;

function secretsIn(name: string, value: unknown): string[] {
  if (typeof value === "string") {
    // Of "Bearer KEY" the key alone is a secret too.
    return isSecretName(name) ? [value, ...value.split(/\s+/).slice(1)] : urlPasswords(value);
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([inner, member]) => secretsIn(inner, member));
}
