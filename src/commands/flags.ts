import { existsSync, statSync } from "node:fs";
import { resolve as absolute, dirname, join } from "node:path";
import type { ArgDef, ArgsDef } from "citty";
import { parseDotenv } from "../config/dotenv.ts";
import {
  type Environment,
  layersOfEnvironment,
  mergeEnvironment,
  unknownVariables,
} from "../config/environment.ts";
import { KEYS, type Key, keyOf } from "../config/keys.ts";
import { type Problem, problemText, type Source } from "../config/problem.ts";
import { type Layer, layerOfFile, resolveLayers, unknownKey, valueFromText } from "../config/resolve.ts";
import type { Config } from "../config/schema.ts";
import { PerfagentError } from "../errors.ts";
import { MIN_SECRET_LENGTH, secretsOf, urlPasswords } from "../lib/redact.ts";
import { readText } from "./files.ts";
import { registerSecrets } from "./secrets.ts";
import { listArg, listOf, type StrictArg } from "./shared.ts";

/** The configuration of one process, or of one instance of a batch. */
export interface ResolvedConfig {
  readonly config: Config;
  /** Where each key's value comes from, by its nested name ("model.name"). */
  readonly provenance: ReadonlyMap<string, Source>;
  /** One sentence each: obsolete keys, unknown variables, bad lines of a `.env` file. */
  readonly warnings: readonly string[];
  /** Every secret found; they are registered for redaction already. */
  readonly secrets: readonly string[];
  /** The real environment with the `.env` files under it: where a model's key variable is looked up. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * The same with one more file, stronger than `--config` and weaker than environment and flags.
   * @throws PerfagentError `config` as {@link resolveConfig} does.
   */
  withFile(path: string): Promise<ResolvedConfig>;
}

/** Flags that every command with a configuration has. */
const ALWAYS = ["config", "set", "log-level", "quiet"];

/** Every flag that sets a configuration key, and `--config`, `--set`, `--quiet`. */
export const configArgs: Readonly<Record<string, ArgDef>> = {
  config: {
    type: "string",
    valueHint: "FILE",
    description: "Configuration file; default: the variable PERFAGENT_CONFIG",
    ...grouped(),
  },
  set: listArg({
    valueHint: "KEY=VALUE",
    description: "Set any configuration key, such as model.stream=false; may be repeated",
    ...grouped(),
  }),
  quiet: { type: "boolean", description: "Write nothing but errors to standard error", ...grouped() },
  ...Object.fromEntries(KEYS.flatMap((key) => key.flags.map((flag) => [flag, argOf(key, flag)]))),
};

/** Some of {@link configArgs}, and those every command has (`config`, `set`, `log-level`, `quiet`). */
export function selectConfigArgs(...names: readonly string[]): ArgsDef {
  const wantedNames = new Set([...ALWAYS, ...names]);
  for (const name of names) {
    if (!Object.hasOwn(configArgs, name)) throw new TypeError(`There is no configuration flag --${name}`);
  }
  return Object.fromEntries(Object.entries(configArgs).filter(([name]) => wantedNames.has(name)));
}

/**
 * The configuration that a command's arguments, the environment and the configuration files come to:
 * defaults < file (`--config`, else `$PERFAGENT_CONFIG`) < environment < flags. A flag that was not given changes nothing.
 *
 * @throws PerfagentError `usage` or `config` that names every problem with its place.
 */
export async function resolveConfig(args: Readonly<Record<string, unknown>>): Promise<ResolvedConfig> {
  const given = args.config;
  const path = typeof given === "string" && given !== "" ? given : (process.env.PERFAGENT_CONFIG ?? "");
  const dotenv = await readDotenvs(path);
  const environment = mergeEnvironment(process.env, dotenv.files);
  const file = path === "" ? (environment.get("PERFAGENT_CONFIG")?.value ?? "") : path;
  registerSecrets(secretsOf(plain(environment)));
  if (typeof args["llm-api-key"] === "string") registerSecrets([args["llm-api-key"]]);
  return layerAll(args, environment, dotenv.warnings, file === "" ? [] : [file]);
}

// --- internal ---

function grouped(): StrictArg {
  return { group: "Configuration" };
}

function argOf(key: Key, flag: string): ArgDef & StrictArg {
  const first = key.flags[0];
  const unit = key.unit === undefined ? "" : ` (${key.unit})`;
  const fallback = key.fallback === null ? "" : `; default: ${String(key.fallback)}`;
  const description = flag === first ? `${key.text}${unit}${fallback}` : `The same as --${first}`;
  if (key.kind === "boolean") return { type: "boolean", description, ...grouped() };
  if (key.kind === "enum" && key.name !== "language_cfg.language") {
    return { type: "enum", options: [...key.options], description, ...grouped() };
  }
  const valueHint = key.kind === "enum" ? key.options.join("|") : hintOf(key);
  return { type: "string", valueHint, description, ...grouped() };
}

function hintOf(key: Key): string {
  if (key.kind === "integer") return "N";
  if (key.kind === "number") return key.unit === "s" ? "SECONDS" : (key.unit ?? "X");
  return key.name.endsWith("_dir") ? "DIR" : "TEXT";
}

async function layerAll(
  args: Readonly<Record<string, unknown>>,
  environment: Environment,
  dotenvWarnings: readonly string[],
  files: readonly string[],
): Promise<ResolvedConfig> {
  const problems: Problem[] = [];
  const layers: Layer[] = [];
  for (const file of files) {
    const read = await readConfigFile(file, environment);
    problems.push(...read.problems);
    layers.push(read.layer);
  }
  const flags = layersOfFlags(args);
  problems.push(...flags.problems);
  layers.push(...layersOfEnvironment(environment), ...flags.layers);
  const secrets = [...secretsOf(plain(environment)), ...secretsOfLayers(layers)];
  registerSecrets(secrets);
  const result = resolveLayers(layers);
  problems.push(...result.problems);
  const config = result.config;
  if (problems.length > 0 || config === null) throw configError(problems);
  return {
    config,
    provenance: result.provenance,
    warnings: [...dotenvWarnings, ...unknownVariables(environment), ...result.warnings],
    secrets: [...new Set(secrets)].filter((secret) => secret.length >= MIN_SECRET_LENGTH),
    environment: plain(environment),
    withFile: (path) => layerAll(args, environment, dotenvWarnings, [...files, path]),
  };
}

async function readConfigFile(
  file: string,
  environment: Environment,
): Promise<{ readonly layer: Layer; readonly problems: readonly Problem[] }> {
  // yaml is the largest dependency; without a file it is never loaded.
  const { parseConfigDocument } = await import("../config/document.ts");
  const text = await readText(file, {
    what: "the configuration",
    code: "config",
    maxBytes: MAX_CONFIG_BYTES,
  });
  const shown = file === "-" ? "standard input" : file;
  const document = parseConfigDocument(text, shown);
  if (document.problems.length > 0) return { layer: [], problems: document.problems };
  return layerOfFile(document.root, document.lineOf, shown, (name) => environment.get(name)?.value);
}

/** Far above any configuration with templates in it. */
const MAX_CONFIG_BYTES = 16 * 2 ** 20;

/** Flags, and on top of them `--set`. */
function layersOfFlags(args: Readonly<Record<string, unknown>>) {
  const problems: Problem[] = [];
  const direct: Layer[number][] = [];
  for (const key of KEYS) {
    for (const flag of key.flags) {
      const value = args[flag];
      if (value === undefined || value === null) continue;
      const source: Source = { kind: "flag", flag: `--${flag}` };
      direct.push({
        name: key.name,
        value: typeof value === "string" ? valueFromText(key, value) : value,
        source,
      });
    }
  }
  const set: Layer[number][] = [];
  for (const assignment of listOf(args.set)) {
    const split = assignment.indexOf("=");
    const name = split < 0 ? assignment : assignment.slice(0, split);
    const source: Source = { kind: "flag", flag: `--set ${name}` };
    const key = keyOf(name);
    if (split <= 0) problems.push({ source, key: name, message: "key=value is wanted" });
    else if (key === null) problems.push({ source, key: name, message: unknownKey(name) });
    else set.push({ name, value: valueFromText(key, assignment.slice(split + 1)), source });
  }
  return { layers: [direct, set], problems };
}

function secretsOfLayers(layers: readonly Layer[]): string[] {
  const secrets: string[] = [];
  for (const { name, value } of layers.flat()) {
    if (keyOf(name)?.secret === true) secrets.push(...strings(value));
    for (const text of strings(value)) secrets.push(...urlPasswords(text));
  }
  return secrets;
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(strings);
  return [];
}

/** The `.env` files beside the configuration file and in the current directory. */
async function readDotenvs(configFile: string) {
  const folders = configFile === "" || configFile === "-" ? ["."] : [dirname(configFile), "."];
  const paths = new Map(folders.map((folder) => [absolute(folder), join(folder, ".env")]));
  const files: { file: string; values: ReadonlyMap<string, string> }[] = [];
  const warnings: string[] = [];
  for (const path of paths.values()) {
    if (!existsSync(path) || !statSync(path).isFile()) continue;
    const { values, badLines } = parseDotenv(
      await readText(path, { what: "the environment file", code: "config" }),
    );
    files.push({ file: path, values });
    for (const line of badLines) warnings.push(`${path}:${line} is no NAME=value line and is ignored`);
  }
  return { files, warnings };
}

function plain(environment: Environment): Record<string, string> {
  return Object.fromEntries(Array.from(environment, ([name, { value }]) => [name, value]));
}

function configError(problems: readonly Problem[]): PerfagentError {
  const flagsOnly = problems.every(({ source }) => source.kind === "flag");
  const lines = problems.map(problemText);
  const [first = ""] = lines;
  const what = flagsOnly ? "Cannot use the flags" : "Cannot use the configuration";
  return new PerfagentError(
    flagsOnly ? "usage" : "config",
    lines.length === 1 ? `${what}: ${first}` : `${what}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    { hint: "'perfagent config --example' shows every key with its meaning" },
  );
}
