import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PerfagentError } from "../../../src/errors.ts";
import { collectReport } from "../../../src/record/report/collect.ts";
import { originalTrajectory } from "./original-trajectory.ts";
import { type RecordedRunOptions, runFiles } from "./recorded-run.ts";

const root = mkdtempSync(join(tmpdir(), "perfagent-report-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: unknown): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

function writeRun(folder: string, options: RecordedRunOptions, only = /./): void {
  for (const [name, content] of Object.entries(runFiles(options))) {
    if (only.test(name)) write(`${folder}/${name}`, content);
  }
}

const IMPROVED = [{ verdict: "improved", runtime: 1 }] as const;

describe("collectReport()", () => {
  test("takes result, trajectory and journal of a folder as one run, each filling the others' gaps", () => {
    writeRun("one/task_1", { rounds: IMPROVED });
    const { runs, duplicates, skipped, warnings } = collectReport([join(root, "one")]);
    expect(runs).toHaveLength(1);
    // The model and the times are in the trajectory only; the numbers are the result's.
    expect(runs[0]).toMatchObject({
      kind: "result",
      model: "test-model",
      startTime: "2025-01-01T10:00:00.000Z",
      cpu: "Test CPU (2)",
      ratio: 2,
    });
    expect(runs[0]?.steps[1]).toMatchObject({ verdict: "improved", value: 1, durationSeconds: 1.5 });
    expect([duplicates, skipped, warnings]).toEqual([[], [], []]);
  });

  test("takes a batch folder with its summary as one set of runs", () => {
    for (const instanceId of ["a", "b"]) writeRun(`batch/${instanceId}`, { instanceId, rounds: IMPROVED });
    const resultOfTask = (instanceId: string) =>
      JSON.parse(runFiles({ instanceId, rounds: IMPROVED })["result.json"] ?? "");
    write("batch/summary.json", {
      total_instances: 3,
      results: {
        a: resultOfTask("a"),
        b: resultOfTask("b"),
        c: { error: { code: "instance", message: "no tests" } },
      },
    });
    const { runs, duplicates } = collectReport([join(root, "batch")]);
    expect(runs.map((run) => [run.instanceId, run.status])).toEqual([
      ["a", "improved"],
      ["b", "improved"],
      ["c", "error"],
    ]);
    // What never began is counted where the others are.
    expect(runs[2]).toMatchObject({ language: "python3", target: "runtime", model: "test-model" });
    expect(duplicates).toEqual([]);
  });

  test("puts what only the summary knows of an instance beside its own files", () => {
    const journal = (task: string) =>
      writeRun(`stopped/cpp/${task}`, { instanceId: task, language: "cpp", end: null }, /journal/);
    journal("crashed");
    journal("halfway");
    write("stopped/batch.json", {
      total_instances: 4,
      results: {
        "cpp/crashed": { error: { code: "bug", message: "it broke" } },
        "cpp/halfway": { skipped: true },
        "cpp/waiting": { skipped: true },
        "cpp/unusable": { error: { code: "instance", message: "no tests" } },
      },
    });
    expect(
      collectReport([join(root, "stopped")]).runs.map((run) => [
        run.instanceId,
        run.language,
        run.kind,
        run.status,
        run.error?.code,
      ]),
    ).toEqual([
      ["crashed", "cpp", "journal", "error", "bug"],
      ["halfway", "cpp", "journal", "unfinished", undefined],
      ["unusable", "cpp", "result", "error", "instance"],
      ["waiting", "cpp", "result", "unfinished", undefined],
    ]);
  });

  test("passes over runs that were set aside for a new one, unless they are named", () => {
    writeRun("anew/a", { instanceId: "a", rounds: IMPROVED });
    writeRun("anew/a/earlier/1", { instanceId: "a" });
    expect(collectReport([join(root, "anew")]).runs).toHaveLength(1);
    expect(collectReport([join(root, "anew/a/earlier/1")]).runs).toMatchObject([{ status: "not_improved" }]);
  });

  test("merges shards, and notices an instance that two of them ran", () => {
    writeRun("shards/0/a", { instanceId: "a", rounds: IMPROVED });
    writeRun("shards/0/b", { instanceId: "b", rounds: IMPROVED });
    writeRun("shards/1/b", { instanceId: "b", rounds: [{ verdict: "improved", runtime: 0.5 }] });
    writeRun("shards/1/c", { instanceId: "c", rounds: IMPROVED });
    const { runs, duplicates } = collectReport([join(root, "shards/0"), join(root, "shards/1")]);
    expect(runs.map((run) => run.instanceId)).toEqual(["a", "b", "b", "c"]);
    expect(duplicates).toEqual([
      {
        instanceId: "b",
        language: "python3",
        sources: [join(root, "shards/0/b/result.json"), join(root, "shards/1/b/result.json")],
      },
    ]);
  });

  test("does not take other languages and models of an instance for duplicates", () => {
    writeRun("langs/py/a", { instanceId: "a", rounds: IMPROVED });
    writeRun("langs/cpp/a", { instanceId: "a", language: "cpp", rounds: IMPROVED });
    writeRun("langs/other/a", { instanceId: "a", model: "other-model", rounds: IMPROVED });
    const { runs, duplicates } = collectReport([join(root, "langs")]);
    expect([runs.length, duplicates.length]).toEqual([3, 0]);
  });

  test("does not join the files of different models because they lie in one folder", () => {
    writeRun("flat", { instanceId: "a", model: "m1", rounds: IMPROVED }, /result/);
    writeRun("flat", { instanceId: "a", model: "m2", rounds: IMPROVED }, /traj/);
    expect(collectReport([join(root, "flat")]).runs.map((run) => [run.model, run.kind])).toEqual([
      ["m2", "trajectory"],
      ["m1", "result"],
    ]);
  });

  test("reads a mix: journals alone, the original's trajectories, evaluations", () => {
    writeRun("mix/j", { instanceId: "j", end: null }, /journal/);
    write("mix/deep/er/o.traj", originalTrajectory("o", [{ runtime: 2 }, { runtime: 1 }]));
    write("mix/e.json", {
      instance_id: "e",
      language: "cpp",
      passed: true,
      pass_rate: 1,
      runtime: 1,
      memory: 2,
      integral: 3,
    });
    write("mix/instance.json", { id: "1", generated_tests: [] });
    write("mix/notes.txt", "nothing");
    const { runs, skipped } = collectReport([join(root, "mix")]);
    expect(runs.map((run) => [run.instanceId, run.kind, run.status])).toEqual([
      ["e", "evaluation", "not_improved"],
      ["j", "journal", "unfinished"],
      ["o", "trajectory", "improved"],
    ]);
    expect(skipped).toEqual([]);
  });

  test("reads a file once, however often it is named", () => {
    writeRun("twice/a", { instanceId: "a" });
    const folder = join(root, "twice/a");
    expect(collectReport([folder, folder, join(folder, "result.json")]).runs).toHaveLength(1);
  });

  test("names corrupt files and goes on", () => {
    writeRun("bad/a", { instanceId: "a" });
    write("bad/b/result.json", '{"instance_id": "b", "optim');
    write("bad/c/c.journal.jsonl", "not a journal\n");
    const { runs, skipped } = collectReport([join(root, "bad")]);
    expect(runs.map((run) => run.instanceId)).toEqual(["a"]);
    expect(skipped.map(({ path }) => path)).toEqual([
      join(root, "bad/b/result.json"),
      join(root, "bad/c/c.journal.jsonl"),
    ]);
  });

  test("lists a named file that holds something else, and follows no links in a circle", () => {
    const file = write("else/instance.json", { id: "1" });
    expect(collectReport([file]).skipped).toHaveLength(1);
    expect(collectReport([join(root, "else")]).skipped).toHaveLength(0);
    symlinkSync(join(root, "else"), join(root, "else/loop"));
    expect(collectReport([join(root, "else")]).runs).toEqual([]);
  });

  test("refuses a path that does not exist", () => {
    expect(() => collectReport([join(root, "nowhere")])).toThrow(PerfagentError);
  });
});
