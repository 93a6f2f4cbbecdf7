import type { ArgDef, ArgsDef } from "citty";
import {
  type Environment,
  layersOfEnvironment,
  mergeEnvironment,
  unknownVariables,
} from "../../config/environment.ts";
import { KEYS, type Key, wanted } from "../../config/keys.ts";
import { OBSOLETE_FLAGS } from "../../config/obsolete.ts";
import { inReadingOrder, type Problem, problemText, type Source } from "../../config/problem.ts";
import { resolveLayers } from "../../config/resolve.ts";
import type { Config } from "../../config/schema.ts";
import { PerfagentError } from "../../errors.ts";
import { MIN_SECRET_LENGTH, secretsOf } from "../../lib/redact.ts";
import { registerSecrets } from "../process/secrets.ts";
import {
  type ConfigFile,
  layerOfFlags,
  type ReadLayer,
  readConfigFile,
  readDotenvs,
  secretsOfLayers,
} from "./config-sources.ts";
import { listArg, type StrictArg } from "./shared.ts";

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

const OBSOLETE_ARG: ArgDef & StrictArg = {
  type: "boolean",
  description: "Has no meaning any more; accepted for old scripts",
  ...grouped(),
};

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
  ...Object.fromEntries(Array.from(OBSOLETE_FLAGS.keys(), (flag) => [flag, OBSOLETE_ARG])),
};

/** Some of {@link configArgs}, and those every command has (`config`, `set`, `log-level`, `quiet`). */
export function selectConfigArgs(...names: readonly string[]): ArgsDef {
  const chosen = new Set([...ALWAYS, ...names]);
  for (const name of names) {
    if (!Object.hasOwn(configArgs, name)) throw new TypeError(`There is no configuration flag --${name}`);
  }
  return Object.fromEntries(Object.entries(configArgs).filter(([name]) => chosen.has(name)));
}

/**
 * The configuration that a command's arguments, the environment and the configuration files come to:
 * defaults < file (`--config`, else `$PERFAGENT_CONFIG`) < environment < flags. A flag that was not given changes nothing.
 *
 * @throws PerfagentError `usage` or `config` that names every problem with its place.
 */
export async function resolveConfig(args: Readonly<Record<string, unknown>>): Promise<ResolvedConfig> {
  if (typeof args["llm-api-key"] === "string") registerSecrets([args["llm-api-key"]]);
  const early = configFile(args, process.env.PERFAGENT_CONFIG);
  const dotenv = await readDotenvs(early?.path ?? null);
  const environment = mergeEnvironment(process.env, dotenv.files);
  const file = early ?? configFile(args, environment.get("PERFAGENT_CONFIG")?.value);
  return layerAll(args, environment, dotenv.warnings, file === null ? [] : [file]);
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
  return { type: "string", valueHint, description, wanted: wanted(key), ...grouped() };
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
  files: readonly ConfigFile[],
): Promise<ResolvedConfig> {
  const reads: ReadLayer[] = [];
  for (const file of files) reads.push(await readConfigFile(file, environment));
  const flags = layerOfFlags(args);
  const layers = [...reads.map(({ layer }) => layer), ...layersOfEnvironment(environment), flags.layer];
  const variables = plain(environment);
  const secrets = [...secretsOf(variables), ...secretsOfLayers(layers)];
  registerSecrets(secrets);
  const result = resolveLayers(layers);
  const problems = [...reads, flags, result].flatMap((part) => part.problems);
  if (problems.length > 0 || result.config === null) throw configError(problems);
  return {
    config: result.config,
    provenance: result.provenance,
    warnings: [...dotenvWarnings, ...unknownVariables(environment), ...result.warnings],
    secrets: [...new Set(secrets)].filter((secret) => secret.length >= MIN_SECRET_LENGTH),
    environment: variables,
    withFile: (path) =>
      layerAll(args, environment, dotenvWarnings, [...files, { path, askedBy: "one instance" }]),
  };
}

/** Which configuration file is meant, before and after the `.env` files are known. */
function configFile(
  args: Readonly<Record<string, unknown>>,
  variable: string | undefined,
): ConfigFile | null {
  if (typeof args.config === "string") return { path: args.config, askedBy: "--config" };
  return variable === undefined || variable === "" ? null : { path: variable, askedBy: "PERFAGENT_CONFIG" };
}

function plain(environment: Environment): Record<string, string> {
  return Object.fromEntries(Array.from(environment, ([name, { value }]) => [name, value]));
}

function configError(problems: readonly Problem[]): PerfagentError {
  const flagsOnly = problems.every(({ source }) => source.kind === "flag");
  const lines = inReadingOrder(problems).map(problemText);
  const [first = ""] = lines;
  const what = flagsOnly ? "Cannot use the flags" : "Cannot use the configuration";
  return new PerfagentError(
    flagsOnly ? "usage" : "config",
    lines.length === 1 ? `${what}: ${first}` : `${what}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    { hint: "'perfagent config --example' shows every key with its meaning" },
  );
}
