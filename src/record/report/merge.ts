/** Several files tell of one run; several folders may hold runs of the same instance. Pure. */
import { dirname, join } from "node:path";
import { type ReportRun, type ReportStep, ratioOf, type SourceKind } from "./run.ts";

/** Runs of one instance, language, target and model, of which a score can take only one. */
export interface Duplicate {
  readonly instanceId: string;
  readonly language: string | null;
  readonly sources: readonly string[];
}

export interface MergedRuns {
  /** Sorted by instance, language, then place; every run once. */
  readonly runs: readonly ReportRun[];
  readonly duplicates: readonly Duplicate[];
}

/**
 * Joins what result, trajectory and journal of one run say, drops repeated copies (a result that is in its own file and
 * in a batch summary), and notices instances that were run more than once.
 */
export function mergeRuns(read: readonly ReportRun[]): MergedRuns {
  const byFolder = groupBy(read, (run) => JSON.stringify([placeOf(run), run.instanceId, run.language ?? ""]));
  const joined = byFolder.flatMap((readings) => (areOneRun(readings) ? [joinSources(readings)] : readings));
  const distinct = groupBy(joined.map(adoptSubject(joined)), fingerprint)
    .flatMap(byModel)
    .map(joinSources);
  const runs = absorbBare(distinct);
  const sorted = [...runs].sort(
    (a, b) =>
      compareText(a.instanceId, b.instanceId) ||
      compareText(a.language ?? "", b.language ?? "") ||
      compareText(a.source, b.source),
  );
  return { runs: sorted, duplicates: findDuplicates(sorted) };
}

/** One run out of several readings of it: the best source first, its gaps filled from the others. */
export function joinSources(readings: readonly ReportRun[]): ReportRun {
  const [first, ...rest] = [...readings].sort((a, b) => RANK[a.kind] - RANK[b.kind]);
  if (first === undefined) throw new RangeError("At least one reading is wanted");
  return rest.reduce(fillGaps, first);
}

/** The newest of several runs; without times the last in the order of the paths. */
export function newestOf(runs: readonly ReportRun[]): ReportRun | undefined {
  return runs.reduce<ReportRun | undefined>((newest, run) => {
    if (newest === undefined) return run;
    return compareText(run.endTime ?? run.startTime ?? "", newest.endTime ?? newest.startTime ?? "") >= 0
      ? run
      : newest;
  }, undefined);
}

/** What two runs have to share to be runs of the same thing. */
export function subjectOf(run: ReportRun): string {
  return JSON.stringify([run.instanceId, run.language, run.target, run.model]);
}

// --- internal ---

/** A result has the last word on numbers; a trajectory and a journal know more of the way to them. */
const RANK: Readonly<Record<SourceKind, number>> = { result: 0, trajectory: 1, journal: 2, evaluation: 3 };

function fillGaps(run: ReportRun, other: ReportRun): ReportRun {
  const isGap = (value: unknown): boolean => value === null || value === "";
  const gaps = Object.entries(other).filter(([key]) => isGap(run[key as keyof ReportRun]));
  const joined: ReportRun = { ...run, ...Object.fromEntries(gaps) };
  return {
    ...joined,
    metrics: fillNumbers(run.metrics, other.metrics),
    usage: fillNumbers(run.usage, other.usage),
    steps: joinSteps(run.steps, other.steps),
    ratio: joined.ratio ?? ratioOf(joined.initial, joined.final),
  };
}

/** Both have the same keys; null is a gap. */
function fillNumbers<T extends { readonly [K in keyof T]: number | null }>(own: T, other: T): T {
  const gaps = Object.entries(other).filter(([key]) => own[key as keyof T] === null);
  return { ...own, ...Object.fromEntries(gaps) };
}

/** The longer account of the rounds, with what the other one knows of the same rounds. */
function joinSteps(own: readonly ReportStep[], other: readonly ReportStep[]): readonly ReportStep[] {
  const [base, extra] = other.length >= own.length ? [other, own] : [own, other];
  return base.map((step) => {
    const twin = extra.find((one) => one.iteration === step.iteration && one.action === step.action);
    if (twin === undefined) return step;
    return {
      ...step,
      verdict: step.verdict ?? twin.verdict,
      reason: step.reason === "" ? twin.reason : step.reason,
      diff: step.diff === "" ? twin.diff : step.diff,
      value: step.value ?? twin.value,
      durationSeconds: step.durationSeconds ?? twin.durationSeconds,
      metrics: fillNumbers(step.metrics, twin.metrics),
    };
  });
}

/** Result, trajectory and journal of a run lie in one folder; evaluations and summaries stand for themselves. */
function placeOf(run: ReportRun): string {
  return run.kind === "evaluation" ? run.source : dirname(run.source);
}

/** A folder of collected results may hold several runs of an instance: then each file stands for itself. */
function areOneRun(readings: readonly ReportRun[]): boolean {
  const kinds = new Set(readings.map((run) => run.kind));
  const models = new Set(readings.flatMap((run) => run.model ?? []));
  return kinds.size === readings.length && models.size <= 1;
}

/** Copies of one run agree in all of this. */
function fingerprint(run: ReportRun): string {
  return JSON.stringify([
    run.instanceId,
    run.language,
    run.target,
    run.kind === "evaluation" ? run.source : "",
    run.status,
    run.final,
    run.iterations,
    run.finalCode,
    run.error,
  ]);
}

/** Copies with different models are different runs; one that does not know its model is a copy of any. */
function byModel(copies: readonly ReportRun[]): ReportRun[][] {
  const groups = groupBy(
    copies.filter((run) => run.model !== null),
    (run) => run.model,
  );
  const nameless = copies.filter((run) => run.model === null);
  const [first = [], ...rest] = groups;
  return [[...first, ...nameless], ...rest];
}

/** All that a batch summary knows of an instance that has no result: its error, or that it was not begun. */
function isBare(run: ReportRun): boolean {
  return (
    run.finalCode === null &&
    run.steps.length === 0 &&
    (run.status === "error" || run.status === "unfinished")
  );
}

/** A summary's bare entry goes into the instance's own files below its folder, where there are any. */
function absorbBare(runs: readonly ReportRun[]): readonly ReportRun[] {
  const bare = runs.filter(isBare);
  const isSame = (own: ReportRun, entry: ReportRun): boolean =>
    !isBare(own) &&
    own.instanceId === entry.instanceId &&
    own.language === entry.language &&
    own.source.startsWith(join(dirname(entry.source), "/"));
  return runs
    .filter((run) => !bare.includes(run) || !runs.some((own) => isSame(own, run)))
    .map((own) => {
      const entry = own.status === "unfinished" ? bare.find((one) => isSame(own, one)) : undefined;
      // The process that wrote the summary saw the run end; the run's own files did not.
      return entry?.error == null ? own : { ...own, status: "error", error: entry.error };
    });
}

/**
 * An instance that ended before it began has only its error on record. Where all other runs have one language, target
 * and model, it was meant to have them too; without them its failure would be missing from their scores.
 */
function adoptSubject(runs: readonly ReportRun[]): (run: ReportRun) => ReportRun {
  const only = (key: "language" | "target" | "model"): string | null => {
    const values = new Set(runs.flatMap((run) => run[key] ?? []));
    return values.size === 1 ? ([...values][0] ?? null) : null;
  };
  const subject = { language: only("language"), target: only("target"), model: only("model") };
  return (run) =>
    isBare(run)
      ? {
          ...run,
          language: run.language ?? subject.language,
          target: run.target ?? subject.target,
          model: run.model ?? subject.model,
        }
      : run;
}

function findDuplicates(runs: readonly ReportRun[]): Duplicate[] {
  return groupBy(runs, subjectOf)
    .filter((group) => group.length > 1)
    .map((group) => ({
      instanceId: group[0]?.instanceId ?? "",
      language: group[0]?.language ?? null,
      sources: group.map((run) => run.source),
    }));
}

function groupBy<T>(items: readonly T[], key: (item: T) => unknown): T[][] {
  return [...Map.groupBy(items, key).values()];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
