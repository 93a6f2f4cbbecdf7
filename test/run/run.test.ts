import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JournalEvent } from "../../src/events.ts";
import { type FakeRun, fakeProgram, openFakeRun, wholeAnswer } from "../support/fake-run.ts";

let task: FakeRun;

beforeEach(() => {
  task = openFakeRun();
});
afterEach(() => task.remove());

const SLOW = fakeProgram({ wallMs: 300 }, "slow");
const FAST = fakeProgram({ wallMs: 100 }, "fast");
const FASTEST = fakeProgram({ wallMs: 20 }, "fastest");
const WRONG = fakeProgram({ stdout: "4\n", wallMs: 10 }, "wrong");

interface HistoryEntry {
  readonly verdict: string;
  readonly reason: string;
  readonly success: boolean;
}

function history(outcome: { readonly result: Readonly<Record<string, unknown>> }): readonly HistoryEntry[] {
  return outcome.result.optimization_history as readonly HistoryEntry[];
}

function verdicts(outcome: { readonly result: Readonly<Record<string, unknown>> }): readonly string[] {
  return history(outcome).map(({ verdict }) => verdict);
}

function replies(events: readonly JournalEvent[]) {
  return events.filter((event) => event.type === "reply");
}

/** The user message of a round. */
function promptOf(round: number): string {
  const reply = replies(task.events()).find((event) => event.iteration === round && event.retry === 0);
  return reply?.messages.at(-1)?.content ?? "";
}

describe("runInstance()", () => {
  test("gives every verdict its place in history, and keeps the best program", async () => {
    const outcome = await task.run({
      initial: SLOW,
      answers: [
        "no code at all",
        wholeAnswer(WRONG),
        wholeAnswer(FAST),
        wholeAnswer(SLOW),
        wholeAnswer(FASTEST),
      ],
    });
    expect(verdicts(outcome)).toEqual(["edit_failed", "failed_tests", "improved", "unchanged", "improved"]);
    expect(outcome.result).toMatchObject({
      success: true,
      stop_reason: "max_iterations",
      total_iterations: 5,
      best_iteration: 5,
      optimized_code: FASTEST,
      initial_code: SLOW,
      performance_unit: "s",
      error: null,
    });
    expect(outcome.result.initial_performance).toBeCloseTo(0.6, 6);
    expect(outcome.result.final_performance).toBeCloseTo(0.04, 6);
    expect(task.file("task.pred")).toBe(FASTEST);
    expect(task.file("task.problem")).toBe("Print three.");
    expect(JSON.parse(task.file("result.json"))).toEqual(JSON.parse(JSON.stringify(outcome.result)));
  });

  test("writes a trajectory with the exact messages, reply, program and verdict of each round", async () => {
    await task.run({ initial: SLOW, answers: [wholeAnswer(FAST)] });
    const trajectory = JSON.parse(task.file("task.traj"));
    expect(trajectory.metadata).toMatchObject({
      instance_id: "task",
      total_iterations: 1,
      success: true,
      language: "python3",
      optimization_target: "runtime",
      error: null,
    });
    expect(trajectory.steps.map((step: { action: string }) => step.action)).toEqual([
      "initial_evaluation",
      "generate_optimization",
    ]);
    const [initial, round] = trajectory.steps;
    expect(initial).toMatchObject({ step_id: 1, input_data: { code: SLOW } });
    expect(initial.performance_metrics.pass_rate).toBe(1);
    expect(initial.performance_metrics.runtime).toBeCloseTo(0.6, 6);
    expect(round).toMatchObject({
      step_id: 2,
      input_data: { code: SLOW },
      output_data: { reply: wholeAnswer(FAST), code: FAST, verdict: "improved" },
    });
    expect(round.input_data.messages.map((message: { role: string }) => message.role)).toEqual([
      "system",
      "user",
    ]);
  });

  test("a tie keeps the older program, and the run claims nothing", async () => {
    const same = fakeProgram({ wallMs: 300 }, "the same cost");
    const outcome = await task.run({ initial: SLOW, answers: [wholeAnswer(same)] });
    expect(verdicts(outcome)).toEqual(["not_improved"]);
    expect(outcome.result).toMatchObject({
      success: false,
      optimized_code: SLOW,
      best_iteration: 0,
      speedup: null,
    });
  });

  test("starts from a placeholder: the model writes the program, whatever form its answer has", async () => {
    const emptySearch = `<<<<<<< SEARCH\n=======\n${FAST}>>>>>>> REPLACE\n`;
    for (const answer of [wholeAnswer(FAST), emptySearch]) {
      const outcome = await task.run({
        initial: null,
        answers: [answer],
        config: { "optimization.code_generation_mode": "diff" },
      });
      expect(verdicts(outcome)).toEqual(["improved"]);
      expect(outcome.result).toMatchObject({
        success: true,
        optimized_code: FAST,
        initial_performance: null,
      });
      expect(outcome.run.initial).toBeNull();
    }
    expect(promptOf(1)).toContain("There is no program yet");
  });

  test("when no program passes, the one that passes most tests is kept without success", async () => {
    const half = fakeProgram({ echo: true, stdout: "" }, "half");
    const none = fakeProgram({ stdout: "nothing" }, "none");
    const outcome = await task.run({
      initial: null,
      answers: [wholeAnswer(none), wholeAnswer(half), wholeAnswer(WRONG)],
      instance: {
        generated_tests: [
          { input: "3\n", output: "3" },
          { input: "2\n", output: "3" },
        ],
      },
    });
    expect(verdicts(outcome)).toEqual(["failed_tests", "failed_tests", "failed_tests"]);
    expect(outcome.result).toMatchObject({
      success: false,
      optimized_code: half,
      final_performance: null,
      final_metrics: { pass_rate: 0.5, runtime: null },
    });
  });

  test("after a rejected candidate the prompt shows the current program and says why", async () => {
    await task.run({ initial: SLOW, answers: [wholeAnswer(WRONG), wholeAnswer(FAST), wholeAnswer(SLOW)] });
    const second = promptOf(2);
    expect(second).toContain(SLOW.trim());
    expect(second).toContain("Round 1: failed_tests (not kept)");
    expect(second).toMatch(/expected/i);
    expect(second).toContain("The current program above is still the initial one.");
    const third = promptOf(3);
    expect(third).toContain(FAST.trim());
    expect(third).toContain("Round 2: improved (kept)");
  });

  test("prompts of all rounds begin with the same bytes", async () => {
    await task.run({ initial: SLOW, answers: [wholeAnswer(WRONG), "nothing", wholeAnswer(FAST)] });
    const systems = replies(task.events()).map((event) => event.messages[0]?.content);
    expect(systems).toHaveLength(3);
    expect(new Set(systems).size).toBe(1);
  });

  test("every kind of failure counts towards the early stop", async () => {
    const outcome = await task.run({
      initial: SLOW,
      answers: ["nothing", wholeAnswer(WRONG), wholeAnswer(SLOW), wholeAnswer(FAST)],
      config: { early_stop_no_improve: 3 },
    });
    expect(verdicts(outcome)).toEqual(["edit_failed", "failed_tests", "unchanged"]);
    expect(outcome.result.stop_reason).toBe("early_stop");
  });

  test("no rounds: it evaluates, and needs no model", async () => {
    const config = { max_iterations: 0, "model.name": "gpt-without-a-key" };
    const outcome = await task.run({ initial: SLOW, answers: ["unused"], config });
    expect(outcome.result).toMatchObject({
      total_iterations: 0,
      success: false,
      stop_reason: "max_iterations",
    });
    expect(outcome.result.initial_performance).toBeCloseTo(0.6, 6);
  });

  test("answers that run out end the run in order", async () => {
    const outcome = await task.run({
      initial: SLOW,
      answers: [wholeAnswer(FAST)],
      config: { max_iterations: 9 },
    });
    expect(outcome.error).toBeNull();
    expect(outcome.result).toMatchObject({
      stop_reason: "answers_exhausted",
      total_iterations: 1,
      success: true,
    });
  });

  test("an empty answer is a failure of the model, not of an edit", async () => {
    const outcome = await task.run({
      initial: SLOW,
      answers: [
        { choices: [{ message: { role: "assistant", content: null }, finish_reason: "content_filter" }] },
        wholeAnswer(FAST),
      ],
    });
    expect(verdicts(outcome)).toEqual(["model_failed", "improved"]);
    expect(promptOf(2)).toContain("refusal");
  });

  test("an answer cut at the token limit is used when it is whole, and the model is told", async () => {
    const outcome = await task.run({
      initial: SLOW,
      answers: [{ text: wholeAnswer(WRONG), finish_reason: "length" }, wholeAnswer(FAST)],
    });
    expect(verdicts(outcome)).toEqual(["failed_tests", "improved"]);
    expect(promptOf(2)).toContain("cut off at the token limit");
  });

  test("a failed edit is asked for again within its round when retries are allowed", async () => {
    const outcome = await task.run({
      initial: SLOW,
      answers: ["no block", wholeAnswer(FAST)],
      config: { "optimization.edit_retries": 1, max_iterations: 1 },
    });
    expect(verdicts(outcome)).toEqual(["improved"]);
    expect(outcome.result.total_iterations).toBe(1);
    expect(outcome.result.edits).toMatchObject({ answers: 2, applied: 1, apply_rate: 0.5 });
    const second = replies(task.events())[1];
    expect(second?.messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
    expect(second?.messages[2]?.content).toBe("no block");
  });

  test("after misses in a row the whole program is asked for", async () => {
    const outcome = await task.run({
      initial: SLOW,
      answers: ["none", "none", wholeAnswer(FAST)],
      config: {
        "optimization.code_generation_mode": "diff",
        "optimization.whole_program_after_misses": 2,
      },
    });
    expect(verdicts(outcome)).toEqual(["edit_failed", "edit_failed", "improved"]);
    expect(promptOf(2)).not.toContain("send the whole new program");
    expect(promptOf(3)).toContain("send the whole new program");
  });

  test("files of an earlier run are kept aside", async () => {
    await task.run({ initial: SLOW, answers: [wholeAnswer(FAST)] });
    const before = task.file("task.journal.jsonl");
    await task.run({ initial: SLOW, answers: [wholeAnswer(WRONG)] });
    const kept = join(task.folder, "out", "task", "earlier", "1");
    expect(readFileSync(join(kept, "task.journal.jsonl"), "utf8")).toBe(before);
    expect(existsSync(join(kept, "task.traj"))).toBe(true);
    await task.run({ initial: SLOW, answers: [wholeAnswer(WRONG)], start: "restart" });
    expect(readdirSync(join(task.folder, "out", "task", "earlier")).sort()).toEqual(["1", "2"]);
  });
});

describe("--resume", () => {
  const answers = ["nothing", wholeAnswer(WRONG), wholeAnswer(FAST), wholeAnswer(SLOW), wholeAnswer(FASTEST)];

  /** What must be equal in an interrupted and in an undisturbed run. */
  function essence(events: readonly JournalEvent[]) {
    return events.flatMap((event): readonly unknown[] => {
      if (event.type === "reply") return [{ reply: event.completion.text, messages: event.messages }];
      if (event.type !== "iteration") return [];
      return [{ n: event.iteration, verdict: event.verdict, code: event.code, edits: event.edits.length }];
    });
  }

  test("continues from every place at which a journal can be cut, with the same rounds and no second reply", async () => {
    await task.run({ initial: SLOW, answers });
    const whole = task.file("task.journal.jsonl");
    const expected = essence(task.events());
    const path = join(task.folder, "out", "task", "task.journal.jsonl");
    const lines = whole.split("\n");
    for (let cut = 0; cut < lines.length - 1; cut++) {
      // With a torn tail, as a kill in the middle of a write leaves it.
      const kept = lines.slice(0, cut).map((line) => `${line}\n`);
      writeFileSync(path, `${kept.join("")}${(lines[cut] ?? "").slice(0, 20)}`);
      const outcome = await task.run({ initial: SLOW, answers, start: "resume" });
      expect(essence(task.events())).toEqual(expected);
      expect(outcome.result).toMatchObject({ success: true, optimized_code: FASTEST, total_iterations: 5 });
    }
  });

  test("does nothing for a finished run, and goes on when the limit is raised", async () => {
    await task.run({ initial: SLOW, answers, config: { max_iterations: 2 } });
    const before = task.file("task.journal.jsonl");
    const again = await task.run({ initial: SLOW, answers, start: "resume", config: { max_iterations: 2 } });
    expect(again.wasFinished).toBe(true);
    expect(task.file("task.journal.jsonl")).toBe(before);
    const more = await task.run({ initial: SLOW, answers, start: "resume", config: { max_iterations: 5 } });
    expect(more.wasFinished).toBe(false);
    expect(more.result).toMatchObject({ total_iterations: 5, success: true, optimized_code: FASTEST });
    expect(replies(task.events()).map(({ completion }) => completion.text)).toEqual(answers);
  });

  test("writes files of a finished run again that are missing or of an earlier end, and removes unfinished ones", async () => {
    const config = { max_iterations: 2 };
    await task.run({ initial: SLOW, answers, config });
    const early = task.file("result.json");
    await task.run({ initial: SLOW, answers, start: "resume", config: { max_iterations: 5 } });
    const late = task.file("result.json");
    expect(late).not.toBe(early);
    // As a kill between the journal's end and the last document leaves them.
    const folder = join(task.folder, "out", "task");
    writeFileSync(join(folder, "result.json"), early);
    writeFileSync(join(folder, "task.pred"), SLOW);
    writeFileSync(join(folder, ".result.json.4711.3.tmp"), "{");
    const outcome = await task.run({
      initial: SLOW,
      answers,
      start: "resume",
      config: { max_iterations: 5 },
    });
    expect(outcome.wasFinished).toBe(true);
    expect(task.file("result.json")).toBe(late);
    expect(task.file("task.pred")).toBe(FASTEST);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("refuses other settings, naming them, and leaves everything as it was", async () => {
    await task.run({ initial: SLOW, answers, config: { max_iterations: 1 } });
    const before = task.file("task.journal.jsonl");
    const again = task.run({
      initial: SLOW,
      answers,
      start: "resume",
      config: { max_iterations: 1, "optimization.target": "memory" },
    });
    await expect(again).rejects.toThrow(/optimization.target was "runtime" and is "memory"/);
    const other = task.run({ initial: FAST, answers, start: "resume", config: { max_iterations: 1 } });
    await expect(other).rejects.toThrow(/the initial code is another one/);
    expect(task.file("task.journal.jsonl")).toBe(before);
  });
});

describe("an interrupt", () => {
  test("ends the run in order with what was reached", async () => {
    const controller = new AbortController();
    const outcome = await task.run({
      initial: SLOW,
      answers: [wholeAnswer(FAST), wholeAnswer(fakeProgram({ hang: true }, "hangs")), wholeAnswer(FASTEST)],
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === "reply" && event.iteration === 2) controller.abort();
      },
    });
    expect(outcome.error?.code).toBe("interrupted");
    expect(outcome.result).toMatchObject({
      stop_reason: "interrupted",
      optimized_code: FAST,
      total_iterations: 1,
    });
    expect(task.file("task.pred")).toBe(FAST);
    expect(task.events().at(-1)).toMatchObject({ type: "run_ended", stopReason: "interrupted" });
  });
});

describe("a replay", () => {
  test("applies each answer to the program it was written for, also where another program is the current one", async () => {
    const block = (before: string, after: string) =>
      `<<<<<<< SEARCH\n${before}=======\n${after}>>>>>>> REPLACE\n`;
    const config = { "optimization.code_generation_mode": "diff" };
    await task.run({ initial: SLOW, answers: [block(SLOW, FAST), block(FAST, FASTEST)], config });
    for (const file of ["task.traj", "task.journal.jsonl"])
      writeFileSync(join(task.folder, file), task.file(file));
    for (const file of ["task.traj", "task.journal.jsonl"]) {
      const again = await task.run({
        initial: SLOW,
        answers: ["unused"],
        // Nothing is good enough to be kept now, so the current program stays the slow one.
        config: {
          ...config,
          "model.name": `replay:${join(task.folder, file)}`,
          "optimization.min_effect": 0.9,
          "optimization.adopt_only_if_improved": true,
          max_iterations: 2,
        },
      });
      expect(verdicts(again)[0]).toBe("not_improved");
      expect(again.run.rounds.map(({ event }) => event.code)).toEqual([FAST, FASTEST]);
    }
  });

  test("of a trajectory or a journal gives the same programs and edits", async () => {
    const first = await task.run({
      initial: SLOW,
      answers: ["nothing", wholeAnswer(WRONG), wholeAnswer(FAST), wholeAnswer(FASTEST)],
    });
    const codes = (run: typeof first) =>
      run.run.rounds.map(({ event }) => ({ code: event.code, edits: event.edits, base: event.baseSha256 }));
    for (const file of ["task.traj", "task.journal.jsonl"]) {
      const copy = join(task.folder, file);
      writeFileSync(copy, task.file(file));
      const again = await task.run({
        initial: SLOW,
        answers: ["unused"],
        config: { "model.name": `replay:${copy}`, max_iterations: 4 },
      });
      expect(codes(again)).toEqual(codes(first));
      expect(verdicts(again)).toEqual(verdicts(first));
    }
  });
});
