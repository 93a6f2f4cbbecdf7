/** From what a report has read to scores: which runs count, and which human measurement each is held against. Pure. */

import { PerfagentError } from "../../errors.ts";
import type { CanonicalMeasurement } from "../../evaluate/canonical-measurement.ts";
import {
  type Costs,
  compareScores,
  type ScoreComparison,
  type ScoredProgram,
  type ScoreSummary,
  summarizeScores,
} from "../../evaluate/score.ts";
import type { ReportInput } from "../../record/report/collect.ts";
import { newestOf } from "../../record/report/merge.ts";
import { type CanonicalRecord, passes, type ReportRun } from "../../record/report/run.ts";

/** Runs of one model and target: what a table of scores is about. */
export interface ScoredGroup {
  readonly model: string | null;
  readonly target: string | null;
  /** For a person: "model M, target T". */
  readonly label: string;
  readonly summary: ScoreSummary;
  /** Runs that cannot be scored, by the reason. */
  readonly unscored: readonly { readonly reason: UnscoredReason; readonly instanceIds: readonly string[] }[];
}

export type UnscoredReason = "no_human_measurement" | "unfinished" | "not_measured" | "no_language";

/** Seed of the intervals: fixed, so that a report says the same each time. */
export const REPORT_SEED = 20_250_101;

/**
 * Scores what was read, one group per model and target.
 *
 * @param cached Human measurements of this machine, for runs that no file of the report has one for.
 */
export function scoreGroups(
  input: ReportInput,
  cached: readonly CanonicalMeasurement[],
): { readonly groups: readonly ScoredGroup[]; readonly warnings: readonly string[] } {
  const yardsticks = new Yardsticks([...input.canonicals, ...cached.map(recordOfCache)]);
  const byGroup = Map.groupBy(input.runs, (run) => JSON.stringify([run.model, run.target]));
  const groups = [...byGroup.values()].map((runs) => scoreGroup(runs, yardsticks));
  return { groups, warnings: [...groups.flatMap(groupWarnings), ...yardsticks.warnings()] };
}

export interface GroupComparison {
  readonly a: ScoredGroup;
  readonly b: ScoredGroup;
  readonly comparison: ScoreComparison;
}

/**
 * Compares groups of the same model and target; where each side has one group, those two, whatever their model.
 * @throws PerfagentError `usage` when it is not clear which groups belong together.
 */
export function compareGroups(
  a: readonly ScoredGroup[],
  b: readonly ScoredGroup[],
): readonly GroupComparison[] {
  const [onlyA, onlyB] = [a[0], b[0]];
  const pairs =
    a.length === 1 && b.length === 1 && onlyA !== undefined && onlyB !== undefined
      ? [{ a: onlyA, b: onlyB }]
      : a.flatMap((first) => {
          const second = b.find((other) => other.model === first.model && other.target === first.target);
          return second === undefined ? [] : [{ a: first, b: second }];
        });
  if (pairs.length === 0) {
    const list = (groups: readonly ScoredGroup[]) =>
      groups.map((group) => group.label || "no model").join("; ");
    throw new PerfagentError(
      "usage",
      `Cannot compare the scores: one side has ${list(a)}, the other ${list(b)}; one group on each side, or the same ` +
        "model and target on both, is wanted",
      { hint: "Name the folders of the two batches to compare" },
    );
  }
  return pairs.map((pair) => ({
    ...pair,
    comparison: compareScores(pair.a.summary.problems, pair.b.summary.problems, { seed: REPORT_SEED }),
  }));
}

// --- internal ---

const REASONS: Readonly<Record<UnscoredReason, string>> = {
  no_human_measurement:
    "passed but have no measured human solution, and are left out of the scores ('perfagent eval --canonical' measures it)",
  unfinished: "have not ended, and are left out of the scores",
  not_measured: "passed but were not measured, and are left out of the scores",
  no_language: "name no language, and are left out of the scores",
};

/** Instances named in one warning; the rest is a number. */
const NAMED = 5;

function scoreGroup(runs: readonly ReportRun[], yardsticks: Yardsticks): ScoredGroup {
  const unscored = new Map<UnscoredReason, string[]>();
  const leaveOut = (reason: UnscoredReason, run: ReportRun): void => {
    unscored.set(reason, [...(unscored.get(reason) ?? []), run.instanceId]);
  };
  const programs: ScoredProgram[] = [];
  for (const same of Map.groupBy(runs, (run) => JSON.stringify([run.instanceId, run.language])).values()) {
    // A run that has not ended does not replace one that has.
    const ended = same.filter((run) => run.status !== "unfinished");
    const run = newestOf(ended.length > 0 ? ended : same);
    if (run === undefined) continue;
    const passed = passes(run);
    if (run.language === null) leaveOut("no_language", run);
    else if (passed === null) leaveOut(run.status === "unfinished" ? "unfinished" : "not_measured", run);
    else {
      const canonical = yardsticks.of(run);
      if (passed && canonical === null) leaveOut("no_human_measurement", run);
      else if (passed && isUnmeasured(run.metrics)) leaveOut("not_measured", run);
      programs.push({
        problem: run.instanceId,
        language: run.language,
        passed,
        costs: run.metrics,
        canonical,
      });
    }
  }
  const { model = null, target = null } = runs[0] ?? {};
  return {
    model,
    target,
    label: [
      ...(model === null ? [] : [`model ${model}`]),
      ...(target === null ? [] : [`target ${target}`]),
    ].join(", "),
    summary: summarizeScores(programs, { seed: REPORT_SEED }),
    unscored: [...unscored].map(([reason, instanceIds]) => ({ reason, instanceIds })),
  };
}

function isUnmeasured(costs: Costs): boolean {
  return costs.runtime === null && costs.memory === null && costs.integral === null;
}

function groupWarnings(group: ScoredGroup): string[] {
  return group.unscored.map(({ reason, instanceIds }) => {
    const named = instanceIds.slice(0, NAMED).join(", ");
    const more = instanceIds.length > NAMED ? ` and ${instanceIds.length - NAMED} more` : "";
    const about = group.label === "" ? "" : ` (${group.label})`;
    return `${instanceIds.length} instance${instanceIds.length === 1 ? "" : "s"}${about} ${REASONS[reason]}: ${named}${more}`;
  });
}

function recordOfCache(measurement: CanonicalMeasurement): CanonicalRecord {
  return {
    instanceId: measurement.instanceId,
    language: measurement.language,
    costs: measurement.costs,
    cpu: measurement.cpu,
    measuredAt: measurement.measuredAt,
    source: "cache",
  };
}

/** Finds the human measurement for a run: its own, else one of the same processor, else the newest. */
class Yardsticks {
  readonly #records: ReadonlyMap<string, readonly CanonicalRecord[]>;
  readonly #foreign = new Set<string>();

  constructor(records: readonly CanonicalRecord[]) {
    this.#records = Map.groupBy(records, (record) => JSON.stringify([record.instanceId, record.language]));
  }

  of(run: ReportRun): Costs | null {
    if (run.canonical !== null) return run.canonical;
    const records = this.#records.get(JSON.stringify([run.instanceId, run.language])) ?? [];
    // Files given to the report come before this machine's cache, and newer ones before older ones.
    const best = [...records].sort(
      (a, b) =>
        Number(b.cpu === run.cpu) - Number(a.cpu === run.cpu) ||
        Number(a.source === "cache") - Number(b.source === "cache") ||
        ((b.measuredAt ?? "") > (a.measuredAt ?? "") ? 1 : -1),
    )[0];
    if (best === undefined) return null;
    if (run.cpu !== null && best.cpu !== null && run.cpu !== best.cpu) this.#foreign.add(run.instanceId);
    return best.costs;
  }

  warnings(): string[] {
    const count = this.#foreign.size;
    return count === 0
      ? []
      : [
          `${count} instance${count === 1 ? " is" : "s are"} scored against human solutions measured on another ` +
            "processor; their ET and MI compare two machines",
        ];
  }
}
