import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "citty";
import { type BatchEstimate, estimateBatch } from "../batch/estimate.ts";
import { type BatchEvent, exitCodeOf, runBatch } from "../batch/index.ts";
import { batchFileStem, lockBatch } from "../batch/lock.ts";
import { type BatchSummary, summarizeBatch } from "../batch/summary.ts";
import { type BatchTask, findTasks } from "../batch/tasks.ts";
import type { Config } from "../config/schema.ts";
import { interruptedError, PerfagentError } from "../errors.ts";
import { makeDirectory, removeUnfinishedFiles, writeFileWhole } from "../run/paths.ts";
import { openWorkshop, type Workshop } from "../run/workshop.ts";
import type { Language, Logger } from "../types.ts";
import { estimateDocument, estimateText } from "./batch-estimate.ts";
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
import { writeJson, writeStdout } from "./stdout.ts";

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
      description: "Only part I of N, for many machines; in a Slurm array job it is set by itself",
    },
    resume: { type: "boolean", description: "Continue: skip what is finished, go on where a run stopped" },
    restart: { type: "boolean", description: "Begin anew; the files of earlier runs are kept aside" },
    estimate: {
      type: "boolean",
      description: "Only print what the model calls would cost; nothing is asked, run or written",
    },
    json: { type: "boolean", description: "Print one event a line as JSON; the last one is the summary" },
    ...configArgs,
    language: {
      type: "string",
      valueHint: "NAME[,NAME…]",
      description: "Language of the programs; several are worked through one by one",
    },
  },
  async run({ args }) {
    const command = "perfagent batch";
    if (args.resume && args.restart) throw usageError(command, ["--resume and --restart exclude each other"]);
    if (args.json && args.output === "-") {
      throw usageError(command, ["--json and --output - both write to standard output"]);
    }
    if (args.output !== undefined) ensureWritable(args.output);
    const startTime = new Date().toISOString();
    const configs = await resolveForLanguages(args, parseLanguages(args.language));
    const first = configs.values().next().value as ResolvedConfig;
    const { config } = first;
    requireFolders(config);
    const shard = args.shard === undefined ? shardOfScheduler(process.env) : parseShard(args.shard);
    const tasks = await findTasks(args["instances-dir"], [...configs.keys()], {
      include: listOf(args.include),
      range: args.range === undefined ? null : parseRange(args.range),
      limit: numberOf(args.limit),
      shard,
    });
    const baseDir = args["base-dir"] ?? config.logging.trajectory_dir;
    const baseDirOf = (task: BatchTask) => (configs.size === 1 ? baseDir : join(baseDir, task.language));
    const view = createView(args.quiet === true || args.estimate === true);
    const logger = viewLogger(view, config);
    const configOf = (task: BatchTask) => configOfTask(configs, task, logger);
    if (args.estimate) {
      const isResumed = args.resume === true;
      return await printEstimate(await estimateBatch({ tasks, configOf, baseDirOf, isResumed }), args);
    }
    makeDirectory(baseDir);
    const lock = lockBatch(baseDir, shard);
    for (const warning of first.warnings) logger.warn(warning);
    const stream = createStream(args.json === true);
    const onEvent = (event: BatchEvent): void => {
      view.handle(event);
      stream.send(batchEventDocument(event));
    };
    let workshop: Workshop | null = null;
    try {
      const document = `${batchFileStem(shard)}.json`;
      removeUnfinishedFiles(baseDir, (name) => name === document);
      workshop = await openWorkshop({
        config,
        environment: first.environment,
        workingDirectory: process.cwd(),
        logger,
        onRateWait: (wait) => onEvent({ type: "rate_limited", wait }),
      });
      const entries = await runBatch(
        {
          tasks,
          configOf,
          baseDirOf,
          start: args.resume ? "resume" : args.restart ? "restart" : "new",
          maxWorkers: config.max_workers,
          workshop,
          openLog: (file) => createLogger({ level: config.logging.log_level, quiet: true, file }),
          onEvent,
        },
        interruptSignal,
      );
      view.close();
      const summary = summarizeBatch(entries, { shard, startTime, endTime: new Date().toISOString() });
      if (args.quiet !== true) writeStderr(redactSecrets(batchTable(summary, entries)));
      await writeSummary(summary, join(baseDir, document), args.output, stream);
      if (interruptSignal.aborted) throw interruptedError();
      process.exitCode = exitCodeOf(entries);
    } finally {
      view.close();
      await workshop?.close();
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

/**
 * A misspelt folder would leave every instance without its own settings or its program.
 * @throws PerfagentError `config`
 */
function requireFolders({ prompts, overrides }: Config): void {
  const folders = [
    ["--instance-templates-dir", prompts.instance_templates_dir],
    ["--initial-code-dir", overrides.initial_code_dir],
  ] as const;
  for (const [flag, path] of folders) {
    if (path === null || statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
    throw new PerfagentError("config", `Cannot use ${flag} '${path}': there is no such folder`);
  }
}

/** The configuration with the task's own file on top, where its folder has one. */
async function configOfTask(
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
  for (const warning of own.warnings) {
    if (!resolved.warnings.includes(warning)) logger.warn(`${task.key}: ${warning}`);
  }
  const { log_dir: logDir } = config.logging;
  if (configs.size === 1 || logDir === null) return config;
  // One instance in two languages is two runs: each has a log of its own.
  return { ...config, logging: { ...config.logging, log_dir: join(logDir, task.language) } };
}

/** The task's own configuration file; `.yaml` goes before `.yml`. A link that leads nowhere is one that cannot be read. */
function templateOf(task: BatchTask, folder: string | null): string | null {
  if (folder === null) return null;
  const paths = ["yaml", "yml"].map((extension) => join(folder, `${task.taskName}.${extension}`));
  return paths.find((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined) ?? null;
}

async function printEstimate(
  estimate: BatchEstimate,
  args: { readonly json?: boolean | undefined },
): Promise<void> {
  for (const { task, message } of estimate.unusable) writeStderr(redactSecrets(`${task}: ${message}\n`));
  if (args.json) await writeJson(estimateDocument(estimate));
  else await writeStdout(estimateText(estimate));
}

function createView(isQuiet: boolean): BatchView {
  if (isQuiet) return { handle: () => {}, say: () => {}, close: () => {} };
  const output = {
    write: (text: string) => writeStderr(redactSecrets(text)),
    // A terminal that was never given a size says 0.
    columns: () => process.stderr.columns || 80,
    rows: () => process.stderr.rows || 24,
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

/** Events as JSON lines on standard output. */
interface EventStream {
  /** Null is passed over. */
  send(document: Readonly<Record<string, unknown>> | null): void;
  /** @throws PerfagentError `output` when a line could not be written. */
  finish(): Promise<void>;
}

/**
 * Events come faster than a slow reader takes them: they are written one after another. What cannot be written stops no
 * instance; it is told at the end.
 */
function createStream(isWanted: boolean): EventStream {
  let pending: Promise<void> = Promise.resolve();
  let failure: unknown = null;
  return {
    send(document) {
      if (!isWanted || document === null) return;
      pending = pending.then(async () => {
        if (failure !== null) return;
        try {
          await writeStdout(`${JSON.stringify(document)}\n`);
        } catch (error) {
          failure = error;
        }
      });
    },
    async finish() {
      await pending;
      if (failure !== null) throw failure;
    },
  };
}

/** Writes the summary to every place, also after one of them could not be written. */
async function writeSummary(
  summary: BatchSummary,
  path: string,
  output: string | undefined,
  stream: EventStream,
): Promise<void> {
  const text = `${JSON.stringify(summary, null, 2)}\n`;
  stream.send({ type: "batch_finished", ...summary });
  const outcomes = await Promise.allSettled([
    (async () => writeFileWhole(path, text))(),
    output === undefined ? undefined : writeOutput(output, text),
    stream.finish(),
  ]);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
