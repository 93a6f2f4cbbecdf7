import { join } from "node:path";
import { defineCommand } from "citty";
import { type BatchEstimate, estimateBatch } from "../batch/estimate.ts";
import { type BatchEntry, type BatchEvent, exitCodeOf, runBatch } from "../batch/index.ts";
import { batchFileStem, lockBatch } from "../batch/lock.ts";
import { summarizeBatch } from "../batch/summary.ts";
import { type BatchTask, findTasks } from "../batch/tasks.ts";
import type { Config } from "../config/schema.ts";
import { interruptedError } from "../errors.ts";
import { requireConfiguredModel } from "../run/model-options.ts";
import { makeDirectory, removeUnfinishedFiles } from "../run/paths.ts";
import { openWorkshop, type Workshop } from "../run/workshop.ts";
import type { Logger } from "../types.ts";
import { configOfTask, requireFolders, resolveForLanguages } from "./batch/config.ts";
import { estimateDocument, estimateText } from "./batch/estimate.ts";
import { batchEventDocument } from "./batch/events.ts";
import { parseLanguages, parseRange, parseShard, shardOfScheduler } from "./batch/flags.ts";
import { createStream, writeSummary } from "./batch/output.ts";
import { batchTable } from "./batch/table.ts";
import { type BatchView, createPlainView, createTerminalView } from "./batch/view.ts";
import { configArgs, type ResolvedConfig } from "./line/flags.ts";
import { listArg, listOf, numberArg, numberOf, usageError } from "./line/shared.ts";
import { ensureWritable } from "./process/files.ts";
import { interruptSignal } from "./process/interrupt.ts";
import { createLogger } from "./process/logger.ts";
import { redactSecrets } from "./process/secrets.ts";
import { writeStderr } from "./process/stderr.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";

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
    const logger = viewLogger(view, config, args.quiet === true);
    const configOf = (task: BatchTask) => configOfTask(configs, task, logger);
    if (args.estimate) {
      const isResumed = args.resume === true;
      return await printEstimate(await estimateBatch({ tasks, configOf, baseDirOf, isResumed }), args);
    }
    // A file of its own may give an instance another model.
    if (config.prompts.instance_templates_dir === null && !args.estimate) {
      for (const resolved of configs.values()) requireConfiguredModel(resolved.config, resolved.environment);
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
      if (entries.some(isInterrupted)) throw interruptedError();
      process.exitCode = exitCodeOf(entries);
    } finally {
      view.close();
      await workshop?.close();
      lock.release();
    }
  },
});

// --- internal ---

function isInterrupted({ error, skipped }: BatchEntry): boolean {
  return (error ?? skipped)?.code === "interrupted";
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

/** Messages that concern the whole batch, above the picture; `--quiet` leaves the errors. */
function viewLogger(view: BatchView, config: Config, isQuiet: boolean): Logger {
  const onlyErrors = isQuiet || config.logging.log_level === "ERROR";
  return {
    debug: () => {},
    info: () => {},
    warn: (message) => (onlyErrors ? undefined : view.say(`warning: ${message}`)),
    error: (message) =>
      isQuiet ? writeStderr(redactSecrets(`error: ${message}\n`)) : view.say(`error: ${message}`),
  };
}
