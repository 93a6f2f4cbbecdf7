import { defineCommand } from "citty";
import { EXIT_CONDITION_NOT_MET } from "../errors.ts";
import { parseInstance } from "../instance.ts";
import { requireConfiguredModel } from "../run/model-options.ts";
import { initialCodeOf, runTask } from "../run/task.ts";
import { openWorkshop } from "../run/workshop.ts";
import { configArgs, resolveConfig } from "./line/flags.ts";
import { usageError } from "./line/shared.ts";
import { ensureWritable, readBytes, readText, writeOutput } from "./process/files.ts";
import { interruptSignal } from "./process/interrupt.ts";
import { createLogger } from "./process/logger.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";
import { runSummary } from "./run/summary.ts";

export default defineCommand({
  meta: { name: "run" },
  args: {
    instance: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "The problem, in EffiBench-X's format; - reads standard input",
    },
    "initial-code": {
      type: "string",
      valueHint: "FILE",
      description: "The program to begin with; - reads standard input",
    },
    output: {
      type: "string",
      valueHint: "FILE",
      description: "Also write the result (JSON) here; - writes it to standard output",
    },
    "base-dir": {
      type: "string",
      valueHint: "DIR",
      description: "Folder of the outputs; default: the trajectory folder of the configuration",
    },
    resume: { type: "boolean", description: "Continue where an earlier run of the same settings stopped" },
    restart: { type: "boolean", description: "Begin anew; the files of an earlier run are kept aside" },
    "fail-unless-faster": {
      type: "boolean",
      description: `Exit with ${EXIT_CONDITION_NOT_MET} unless a better program was found and proven`,
    },
    json: { type: "boolean", description: "Print the result as JSON" },
    ...configArgs,
  },
  async run({ args }) {
    if (args.resume && args.restart) {
      throw usageError("perfagent run", ["--resume and --restart exclude each other"]);
    }
    if (args.instance === "-" && args["initial-code"] === "-") {
      throw usageError("perfagent run", ["--instance and --initial-code cannot both be standard input"]);
    }
    const { config, warnings, environment } = await resolveConfig(args);
    const logOptions = { level: config.logging.log_level, quiet: args.quiet === true };
    const logger = createLogger(logOptions);
    for (const warning of warnings) logger.warn(warning);
    if (args.output !== undefined) ensureWritable(args.output);

    const instance = parseInstance(await readText(args.instance, { what: "the instance" }), args.instance);
    const given = args["initial-code"];
    const givenCode =
      given === undefined
        ? null
        : { bytes: await readBytes(given, { what: "the initial code", code: "code" }), name: given };
    const language = config.language_cfg.language;
    const initial = initialCodeOf(config, instance, language, givenCode);
    requireConfiguredModel(config, environment);
    const workshop = await openWorkshop({ config, environment, workingDirectory: process.cwd(), logger });
    try {
      const outcome = await runTask(
        {
          config,
          instance,
          language,
          initial,
          baseDir: args["base-dir"] ?? config.logging.trajectory_dir,
          start: args.resume ? "resume" : args.restart ? "restart" : "new",
          workshop,
          openLog: (file) => createLogger({ ...logOptions, file }),
        },
        interruptSignal,
      );
      if (args.output !== undefined) {
        await writeOutput(args.output, `${JSON.stringify(outcome.result, null, 2)}\n`);
      }
      if (args.json && args.output !== "-") await writeJson(outcome.result);
      else if (args.output !== "-" && args.quiet !== true) await writeStdout(runSummary(outcome));
      if (outcome.error !== null) throw outcome.error;
      if (args["fail-unless-faster"] && !outcome.result.success) process.exitCode = EXIT_CONDITION_NOT_MET;
    } finally {
      await workshop.close();
    }
  },
});
