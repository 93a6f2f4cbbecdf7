import { defineCommand } from "citty";
import { EXIT_CODES, PerfagentError } from "../errors.ts";
import { listCached } from "../evaluate/canonical-cache.ts";
import { cacheDirectory } from "../lib/cache-directory.ts";
import { collectReport, type ReportInput } from "../record/report/collect.ts";
import type { Logger } from "../types.ts";
import { listOf, restArg, usageError } from "./line/shared.ts";
import { writeOutput } from "./process/files.ts";
import { createLogger } from "./process/logger.ts";
import { formatReport, REPORT_FORMATS, type ReportFormat } from "./report/format.ts";
import { compareGroups, type ScoredGroup, scoreGroups } from "./report/scores.ts";

export default defineCommand({
  meta: { name: "report" },
  args: {
    paths: restArg({
      valueHint: "PATH",
      description: "Result files, trajectories, journals, evaluations, batch summaries, or folders of them",
    }),
    format: {
      type: "enum",
      options: [...REPORT_FORMATS],
      description: "table (default), json, csv, latex, or html: one page that needs nothing else",
    },
    json: { type: "boolean", description: "The same as --format json" },
    scores: {
      type: "boolean",
      description: "Print ET, MP and MI: percent of the human solutions, as EffiBench-X scores them",
    },
    compare: {
      type: "string",
      valueHint: "PATH",
      description: "Compare the scores with those of this folder or file, problem by problem",
    },
    output: {
      type: "string",
      valueHint: "FILE",
      default: "-",
      description: "Where to; - is standard output",
    },
    quiet: { type: "boolean", description: "Write nothing but errors to standard error" },
  },
  async run({ args }) {
    const format = chosenFormat(args.format, args.json === true);
    const logger = createLogger({ quiet: args.quiet === true });
    const input = read(listOf(args.paths), logger);
    const other = args.compare === undefined ? null : read([args.compare], logger);
    const groups = args.scores === true || other !== null ? score(input, logger) : [];
    const comparisons = other === null ? [] : compareGroups(groups, score(other, logger));
    await writeOutput(args.output, formatReport({ input, groups, comparisons }, format));
    if (input.skipped.length + (other?.skipped.length ?? 0) > 0) process.exitCode = EXIT_CODES.instance;
  },
});

// --- internal ---

function chosenFormat(format: ReportFormat | undefined, json: boolean): ReportFormat {
  if (json && format !== undefined && format !== "json") {
    throw usageError("perfagent report", [`--json and --format ${format} exclude each other`]);
  }
  return json ? "json" : (format ?? "table");
}

/** Reads paths and says on standard error what could not be read. */
function read(paths: readonly string[], logger: Logger): ReportInput {
  const input = collectReport(paths);
  for (const { path, reason } of input.skipped) logger.warn(`'${path}' is left out: ${reason}`);
  for (const warning of input.warnings) logger.warn(warning);
  const shown = paths.map((path) => `'${path}'`).join(", ");
  if (input.runs.length === 0) {
    throw new PerfagentError("instance", `Cannot report on ${shown}: no run was found there`, {
      hint: "Name result files, trajectories, journals, or the folder that a run or a batch wrote into",
    });
  }
  for (const { instanceId, language, sources } of input.duplicates.slice(0, DUPLICATES_NAMED)) {
    const what = language === null ? instanceId : `${instanceId} in ${language}`;
    const places = sources.map((path) => `'${path}'`).join(", ");
    logger.warn(`${what} was run ${sources.length} times; scores take the newest run: ${places}`);
  }
  const unnamed = input.duplicates.length - DUPLICATES_NAMED;
  if (unnamed > 0) logger.warn(`${unnamed} more instances were run more than once`);
  return input;
}

/** Duplicates that are named one by one; a search over many candidates has hundreds. */
const DUPLICATES_NAMED = 5;

function score(input: ReportInput, logger: Logger): readonly ScoredGroup[] {
  const { groups, warnings } = scoreGroups(input, listCached(cacheDirectory("perfagent", process.env)));
  for (const warning of warnings) logger.warn(warning);
  return groups;
}
