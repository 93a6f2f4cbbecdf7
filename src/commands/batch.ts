import { join } from "node:path";
import { defineCommand } from "citty";
import { type BatchEvent, exitCodeOf, runBatch } from "../batch/index.ts";
import { batchFileStem, lockBatch } from "../batch/lock.ts";
import { type BatchSummary, summarizeBatch } from "../batch/summary.ts";
import { type BatchTask, findTasks, selectTasks } from "../batch/tasks.ts";
import type { Config } from "../config/schema.ts";
import { interruptedError, PerfagentError } from "../errors.ts";
import { makeDirectory, writeFileWhole } from "../run/paths.ts";
import { openWorkshop } from "../run/workshop.ts";
import type { Language, Logger } from "../types.ts";
import { batchEventDocument } from "./batch-events.ts";
import { parseLanguages, parseRange, parseShard, shardOfScheduler } from "./batch-flags.ts";
import { batchTable } from "./batch-table.ts";
import { type BatchView, createPlainView, createTerminalView } from "./batch-view.ts";
import { ensureWritable, writeOutput } from "./files.ts";
import { configArgs, type ResolvedConfig, resolveConfig } from "./flags.ts";
import { interruptSignal } from "./interrupt.ts";
import { createLogger } from "./logger.ts";
import { redactSecrets } from "./secrets.ts";
import { listArg, listOf, numberArg, numberOf, usageError } from "./shared.ts";
import { writeStderr } from "./stderr.ts";
import { writeStdout } from "./stdout.ts";

export default defineCommand({
  meta: { name: "batch" },
  args: {
    "instances-dir": {
      type: "string",
      required: true,
      valueHint: "DIR|GLOB|FILE.jsonl",
      description:
        "The instances: a folder of .json files, a quoted glob, or a file with one instance a line",
    },
    "base-dir": {
      type: "string",
      valueHint: "DIR",
      description: "Folder of the outputs; default: the trajectory folder of the configuration",
    },
    output: {
      type: "string",
      valueHint: "FILE",
      description: "Also write the summary (JSON) here; - writes it to standard output",
    },
    include: listArg({
      valueHint: "GLOB",
      description: "Only instances whose name matches, such as 'aizu_*'; may be repeated",
    }),
    range: {
      type: "string",
      valueHint: "A:B",
      description: "Only instances from position A (from 0) up to, not including, B; either may be left out",
    },
    limit: numberArg({ valueHint: "N", min: 1, integer: true, description: "At most this many instances" }),
    shard: {
      type: "string",
      valueHint: "I/N",
      description: "Only part I of N, for many machines; a Slurm array job sets it by itself",
    },
    resume: { type: "boolean", description: "Continue: skip what is finished, go on where a run stopped" },
    restart: { type: "boolean", description: "Begin anew; the files of earlier runs are kept aside" },
    json: { type: "boolean", description: "Print one event a line as JSON; the last one is the summary" },
    ...configArgs,
    language: {
      type: "string",
      valueHint: "NAME[,NAME…]",
      description: "Language of the programs; several are worked through one by one",
    },
  },
  async run({ args }) {
    if (args.resume && args.restart) {
      throw usageError("perfagent batch", ["--resume and --restart exclude each other"]);
    }
    if (args.json && args.output === "-") {
      throw usageError("perfagent batch", ["--json and --output - both write to standard output"]);
    }
    if (args.output !== undefined) ensureWritable(args.output);
    const startTime = new Date().toISOString();
    const configs = await resolveForLanguages(args, parseLanguages(args.language));
    const first = configs.values().next().value as ResolvedConfig;
    const { config } = first;
    const shard = args.shard === undefined ? shardOfScheduler(process.env) : parseShard(args.shard);
    const tasks = selectTasks(await findTasks(args["instances-dir"], [...configs.keys()]), {
      include: listOf(args.include),
      range: args.range === undefined ? null : parseRange(args.range),
      limit: numberOf(args.limit),
      shard,
    });
    const baseDir = args["base-dir"] ?? config.logging.trajectory_dir;
    makeDirectory(baseDir);
    const lock = lockBatch(baseDir, shard);
    const view = createView(args.quiet === true);
    const logger = viewLogger(view, config);
    for (const warning of first.warnings) logger.warn(warning);
    const workshop = await openWorkshop({
      config,
      environment: first.environment,
      workingDirectory: process.cwd(),
      logger,
    });
    try {
      const entries = await runBatch(
        {
          tasks,
          configOf: (task) => configOfTask(configs, task),
          baseDirOf: (task) => (configs.size === 1 ? baseDir : join(baseDir, task.language)),
          start: args.resume ? "resume" : args.restart ? "restart" : "new",
          maxWorkers: config.max_workers,
          workshop,
          openLog: (file) => createLogger({ level: config.logging.log_level, quiet: true, file }),
          onEvent: (event) => {
            view.handle(event);
            if (args.json) streamEvent(event);
          },
        },
        interruptSignal,
      );
      view.close();
      const endTime = new Date().toISOString();
      const summary = summarizeBatch(entries, { shard, startTime, endTime });
      await writeSummary(summary, join(baseDir, `${batchFileStem(shard)}.json`), args);
      if (args.quiet !== true) writeStderr(redactSecrets(batchTable(entries, summary)));
      if (interruptSignal.aborted) throw interruptedError();
      process.exitCode = exitCodeOf(entries);
    } finally {
      view.close();
      await workshop.close();
      lock.release();
    }
  },
});

// --- internal ---

/** One configuration for each language; without a list, the one of the configuration itself. */
async function resolveForLanguages(
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

/** The configuration with the task's own file on top, where its folder has one. */
async function configOfTask(
  configs: ReadonlyMap<Language, ResolvedConfig>,
  task: BatchTask,
): Promise<Config> {
  const resolved = configs.get(task.language);
  if (resolved === undefined) throw new Error(`there is no configuration for ${task.language}`);
  const folder = resolved.config.prompts.instance_templates_dir;
  if (folder === null) return resolved.config;
  const path = join(folder, `${task.taskName}.yaml`);
  if (!(await Bun.file(path).exists())) return resolved.config;
  const own = await resolved.withFile(path);
  if (own.config.language_cfg.language !== task.language) {
    throw new PerfagentError(
      "config",
      `Cannot use '${path}': it sets the language to ${own.config.language_cfg.language}; this batch works in ${task.language}`,
    );
  }
  return own.config;
}

function createView(isQuiet: boolean): BatchView {
  if (isQuiet) return { handle: () => {}, say: () => {}, close: () => {} };
  const output = {
    write: (text: string) => writeStderr(redactSecrets(text)),
    columns: () => process.stderr.columns ?? 80,
  };
  const now = (): number => performance.now();
  return process.stderr.isTTY ? createTerminalView(output, now) : createPlainView(output, now);
}

/** Messages that concern the whole batch, above the picture. */
function viewLogger(view: BatchView, config: Config): Logger {
  const quiet = config.logging.log_level === "ERROR";
  return {
    debug: () => {},
    info: () => {},
    warn: (message) => (quiet ? undefined : view.say(`warning: ${message}`)),
    error: (message) => view.say(`error: ${message}`),
  };
}

function streamEvent(event: BatchEvent): void {
  const document = batchEventDocument(event);
  if (document !== null) pendingLines = pendingLines.then(() => writeStdout(`${JSON.stringify(document)}\n`));
}

/** Events come faster than a slow reader takes them: they are written one after another. */
let pendingLines: Promise<void> = Promise.resolve();

async function writeSummary(
  summary: BatchSummary,
  path: string,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  const text = `${JSON.stringify(summary, null, 2)}\n`;
  writeFileWhole(path, text);
  if (typeof args.output === "string") await writeOutput(args.output, text);
  if (args.json === true) {
    await pendingLines;
    await writeStdout(`${JSON.stringify({ type: "batch_finished", ...summary })}\n`);
  }
}
