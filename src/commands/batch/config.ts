/** The configuration of a batch, of each of its languages, and of each task. */
import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import type { BatchTask } from "../../batch/tasks.ts";
import type { Config } from "../../config/schema.ts";
import { PerfagentError } from "../../errors.ts";
import type { Language, Logger } from "../../types.ts";
import { type ResolvedConfig, resolveConfig } from "../line/flags.ts";

/** One configuration for each language; without a list, the one of the configuration itself. */
export async function resolveForLanguages(
  args: Readonly<Record<string, unknown>>,
  languages: readonly Language[] | null,
): Promise<ReadonlyMap<Language, ResolvedConfig>> {
  if (languages === null) {
    const resolved = await resolveConfig(args);
    return new Map([[resolved.config.language_cfg.language, resolved]]);
  }
  const configs = new Map<Language, ResolvedConfig>();
  for (const language of languages) configs.set(language, await resolveConfig({ ...args, language }));
  return configs;
}

/**
 * A misspelt folder would leave every instance without its own settings or its program.
 * @throws PerfagentError `config`
 */
export function requireFolders({ prompts, overrides }: Config): void {
  const folders = [
    ["--instance-templates-dir", prompts.instance_templates_dir],
    ["--initial-code-dir", overrides.initial_code_dir],
  ] as const;
  for (const [flag, path] of folders) {
    if (path === null || statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
    throw new PerfagentError("config", `Cannot use ${flag} '${path}': there is no such folder`);
  }
}

/**
 * The configuration with the task's own file on top, where its folder has one.
 * @throws PerfagentError `config` when that file cannot be used.
 */
export async function configOfTask(
  configs: ReadonlyMap<Language, ResolvedConfig>,
  task: BatchTask,
  logger: Logger,
): Promise<Config> {
  const resolved = configs.get(task.language);
  if (resolved === undefined) throw new Error(`there is no configuration for ${task.language}`);
  const path = templateOf(task, resolved.config.prompts.instance_templates_dir);
  const own = path === null ? resolved : await resolved.withFile(path);
  const { config } = own;
  if (config.language_cfg.language !== task.language) {
    throw new PerfagentError(
      "config",
      `Cannot use '${path}': it sets the language to ${config.language_cfg.language}; this batch works in ${task.language}`,
    );
  }
  for (const warning of [...own.warnings, ...uselessKeys(own, path)]) {
    if (!resolved.warnings.includes(warning)) logger.warn(`${task.key}: ${warning}`);
  }
  const { log_dir: logDir } = config.logging;
  if (configs.size === 1 || logDir === null) return config;
  // One instance in two languages is two runs: each has a log of its own.
  return { ...config, logging: { ...config.logging, log_dir: join(logDir, task.language) } };
}

// --- internal ---

/** The task's own configuration file; `.yaml` goes before `.yml`. A link that leads nowhere is one that cannot be read. */
function templateOf(task: BatchTask, folder: string | null): string | null {
  if (folder === null) return null;
  const paths = ["yaml", "yml"].map((extension) => join(folder, `${task.taskName}.${extension}`));
  return paths.find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined) ?? null;
}

/** Keys that hold for a batch as a whole: what an instance's own file says of them cannot be done. */
const OF_THE_BATCH: ReadonlySet<string> = new Set([
  "max_workers",
  "budget.max_cost",
  "budget.max_total_tokens",
  "budget.max_time",
  "model.requests_per_minute",
  "model.tokens_per_minute",
  "model.max_concurrency",
  "runtime.backend",
  "runtime.max_workers",
  "runtime.unsafe_no_sandbox",
  "runtime.compat",
]);

function uselessKeys({ provenance }: ResolvedConfig, path: string | null): readonly string[] {
  return [...provenance].flatMap(([key, source]) =>
    source.kind === "file" && source.file === path && OF_THE_BATCH.has(key)
      ? [`${path}:${source.line}: ${key} holds for the whole batch and is ignored here`]
      : [],
  );
}
