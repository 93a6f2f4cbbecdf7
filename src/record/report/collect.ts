/** Finding and reading the files that a report is made of. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf, PerfagentError } from "../../errors.ts";
import { type Duplicate, mergeRuns } from "./merge.ts";
import { parseReportFile } from "./parse-file.ts";
import type { CanonicalRecord, ReportRun } from "./run.ts";

/** Everything that a set of paths holds. */
export interface ReportInput {
  readonly runs: readonly ReportRun[];
  readonly canonicals: readonly CanonicalRecord[];
  readonly duplicates: readonly Duplicate[];
  /** Sentences about files that were read although something was wrong with them. */
  readonly warnings: readonly string[];
  /** Files that could not be read, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Reads result files, trajectories, journals and folders of them (with all folders below).
 *
 * In a folder, files that hold something else are passed over, and so are runs that were set aside for a new one; a file that was named and holds something else, or that
 * is corrupt wherever it is, is listed in `skipped`.
 *
 * @throws PerfagentError `usage` when a path does not exist.
 */
export function collectReport(paths: readonly string[]): ReportInput {
  const runs: ReportRun[] = [];
  const canonicals: CanonicalRecord[] = [];
  const warnings: string[] = [];
  const skipped: { path: string; reason: string }[] = [];
  const seen = new Set<string>();
  for (const given of paths) {
    for (const path of filesOf(given, skipped)) {
      if (seen.has(path)) continue;
      seen.add(path);
      const parsed = readFile(path);
      if (parsed.status === "corrupt") skipped.push({ path, reason: parsed.reason });
      else if (parsed.status === "ok") {
        runs.push(...parsed.runs);
        canonicals.push(...parsed.canonicals);
        warnings.push(...parsed.warnings);
      } else if (path === given) {
        skipped.push({
          path,
          reason: "it holds no result, trajectory, journal, evaluation or batch summary",
        });
      }
    }
  }
  return { ...mergeRuns(runs), canonicals, warnings, skipped };
}

// --- internal ---

/** Names that may hold something for a report; a folder of programs and logs has many that cannot. */
const WANTED = /\.(?:json|jsonl|traj)$/i;
/** The log of requests can be huge and is never part of a report. */
const UNWANTED = /^llm_io\.|\.owner$/;

/** `earlier/1`: files of a run that was begun anew, kept beside the new one's. */
function isSetAside(folder: string): boolean {
  return basename(dirname(folder)) === "earlier" && /^\d+$/.test(basename(folder));
}

function readFile(path: string): ReturnType<typeof parseReportFile> {
  try {
    return parseReportFile(readFileSync(path), path);
  } catch (error) {
    return { status: "corrupt", reason: messageOf(error) };
  }
}

function filesOf(path: string, skipped: { path: string; reason: string }[]): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw new PerfagentError("usage", `Cannot report on '${path}': ${messageOf(error)}`, {
      hint: "Name result files, trajectories, journals or folders that hold them",
    });
  }
  return isFolder ? walk(path, skipped) : [path];
}

/** All files below a folder, sorted; links to folders are not followed, since they may lead in a circle. */
function walk(folder: string, skipped: { path: string; reason: string }[]): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    return entries.flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return isSetAside(path) ? [] : walk(path, skipped);
      return WANTED.test(entry.name) && !UNWANTED.test(entry.name) && !entry.isFIFO() ? [path] : [];
    });
  } catch (error) {
    skipped.push({ path: folder, reason: messageOf(error) });
    return [];
  }
}
