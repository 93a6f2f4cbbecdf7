import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineCommand } from "citty";
import { resolveLayers } from "../config/resolve.ts";
import type { Config } from "../config/schema.ts";
import { DEMO_PROBLEMS, type DemoProblem } from "../demo/index.ts";
import { parseInstance } from "../instance.ts";
import type { RunOutcome } from "../run/outputs.ts";
import { makeDirectory, writeFileWhole } from "../run/paths.ts";
import { runTask } from "../run/task.ts";
import { openWorkshop } from "../run/workshop.ts";
import { interruptSignal } from "./process/interrupt.ts";
import { createLogger, type LogLevel } from "./process/logger.ts";
import { writeJson, writeStdout } from "./process/stdout.ts";
import { runSummary } from "./run/summary.ts";

export default defineCommand({
  meta: { name: "demo" },
  args: {
    "base-dir": {
      type: "string",
      valueHint: "DIR",
      description: "Folder of all files; default: a new one in the system's temporary folder",
    },
    "log-level": {
      type: "enum",
      options: ["DEBUG", "INFO", "WARNING", "ERROR"],
      description: "Least level of the messages on standard error; default: INFO",
    },
    quiet: { type: "boolean", description: "Write nothing but errors to standard error" },
    json: { type: "boolean", description: "Print the results as a JSON list" },
  },
  async run({ args }) {
    const baseDir = args["base-dir"] ?? mkdtempSync(join(tmpdir(), "perfagent-demo-"));
    makeDirectory(baseDir);
    const logOptions = { level: (args["log-level"] ?? "INFO") as LogLevel, quiet: args.quiet === true };
    const logger = createLogger(logOptions);
    const outcomes: RunOutcome[] = [];
    for (const problem of DEMO_PROBLEMS) {
      logger.info(`--- ${problem.title}: a script answers in place of a model; everything else is real ---`);
      const files = writeProblem(problem, baseDir);
      const config = demoConfig(problem, files.answers);
      const instance = parseInstance(files.instanceText, files.instance);
      const workshop = await openWorkshop({
        config,
        environment: process.env,
        workingDirectory: process.cwd(),
        logger,
      });
      try {
        const outcome = await runTask(
          {
            config,
            instance,
            language: "python3",
            initial: { code: problem.initialCode, isPlaceholder: false },
            baseDir,
            start: "new",
            workshop,
            openLog: (file) => createLogger({ ...logOptions, file }),
          },
          interruptSignal,
        );
        outcomes.push(outcome);
        if (outcome.error !== null) throw outcome.error;
      } finally {
        await workshop.close();
      }
    }
    if (args.json) return writeJson(outcomes.map(({ result }) => result));
    return writeStdout(`${outcomes.map(runSummary).join("\n")}\n${nextStep(baseDir)}`);
  },
});

// --- internal ---

interface ProblemFiles {
  readonly instance: string;
  readonly instanceText: string;
  readonly answers: string;
}

/** Writes a problem as a user would have it, so that the same can be done with a real model. */
function writeProblem(problem: DemoProblem, baseDir: string): ProblemFiles {
  const instance = join(baseDir, `${problem.name}.json`);
  const answers = join(baseDir, `${problem.name}.answers.jsonl`);
  const instanceText = `${JSON.stringify(problem.instance, null, 1)}\n`;
  writeFileWhole(instance, instanceText);
  writeFileWhole(join(baseDir, `${problem.name}.py`), problem.initialCode);
  writeFileWhole(answers, `${problem.answers.map((answer) => JSON.stringify(answer)).join("\n")}\n`);
  return { instance, instanceText, answers };
}

/** The defaults, whatever the user's own configuration says: the demo shall show the same everywhere. */
function demoConfig(problem: DemoProblem, answersPath: string): Config {
  const values: Readonly<Record<string, unknown>> = {
    max_iterations: problem.answers.length,
    "model.name": `replay:${answersPath}`,
    "optimization.code_generation_mode": problem.mode,
    "optimization.held_out_tests": 8,
    "runtime.num_runs": 3,
    // Its programs and answers are perfagent's own: nothing here was written by a model.
    "runtime.unsafe_no_sandbox": true,
  };
  const layer = Object.entries(values).map(([name, value]) => ({
    name,
    value,
    source: { kind: "flag" as const, flag: "demo" },
  }));
  const { config, problems } = resolveLayers([layer]);
  if (config === null) throw new Error(`the demo's settings are wrong: ${JSON.stringify(problems)}`);
  return config;
}

function nextStep(baseDir: string): string {
  const [problem] = DEMO_PROBLEMS;
  const path = join(baseDir, problem?.name ?? "");
  return (
    "The same with a real model (its key in OPENAI_API_KEY, or see 'perfagent run --help'):\n" +
    `  perfagent run --instance ${path}.json --initial-code ${path}.py --model gpt-4.1 --max-iterations 5\n`
  );
}
