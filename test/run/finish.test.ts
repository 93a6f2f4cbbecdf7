import { describe, expect, test } from "bun:test";
import { type Candidate, initialState, type LoopState } from "../../src/agent/state.ts";
import type { JournalEvent } from "../../src/events.ts";
import { chooseFinal, type FinishPorts } from "../../src/run/finish.ts";
import type { Comparison, Evaluation } from "../../src/types.ts";

const PASSED: Evaluation = {
  passed: true,
  passRate: 1,
  build: { status: "ok", message: "" },
  tests: [],
  flaky: [],
  metrics: { runtime: 1 },
  statistics: {},
  samples: [],
  runs: 1,
  isolation: "fake",
  measurement: "fake",
  feedback: "",
};

function candidate(iteration: number): Candidate {
  return { code: `program ${iteration}`, iteration, evaluation: PASSED };
}

/** The initial program and the programs of rounds 1 and 2 were accepted one after another. */
function stateOf(initialPasses: boolean): LoopState {
  const initial = { ...candidate(0), evaluation: initialPasses ? PASSED : { ...PASSED, passed: false } };
  const accepted = [...(initialPasses ? [initial] : []), candidate(1), candidate(2)];
  return {
    ...initialState(initial.code, false),
    initial,
    accepted,
    best: candidate(2),
    current: candidate(2),
  };
}

function comparison(verdict: Comparison["verdict"], failed: Comparison["failed"] = []): Comparison {
  return {
    verdict,
    metric: "runtime",
    ratio: 2,
    interval: [1.9, 2.1],
    pValue: 0.001,
    pairs: [],
    perTest: [],
    criterion: null,
    reason: verdict,
    failed,
    failures: [],
  };
}

interface Script {
  readonly confirm?: Readonly<Record<number, Comparison>>;
  readonly heldOutFailures?: Readonly<Record<number, number>>;
}

function play(state: LoopState, script: Script, earlier: readonly JournalEvent[] = []) {
  const recorded: JournalEvent[] = [];
  const references: (string | null)[] = [];
  const ports: FinishPorts = {
    confirm: async ({ iteration }) => script.confirm?.[iteration] ?? comparison("faster"),
    holdOut: async ({ iteration }, reference) => {
      references.push(reference);
      return { tests: 10, failed: script.heldOutFailures?.[iteration] ?? 0, seed: 7, message: "" };
    },
    summarize: () => ({ runtime: 1 }),
    record: (event) => recorded.push(event),
    timestamp: () => "now",
  };
  const done = chooseFinal(state, earlier, ports, new AbortController().signal);
  return done.then((final) => ({ final, recorded, references }));
}

describe("chooseFinal()", () => {
  test("takes the newest accepted program that is confirmed and holds on new inputs", async () => {
    const { final, recorded, references } = await play(stateOf(true), {});
    expect(final).toEqual({ program: candidate(2), success: true });
    expect(recorded.map(({ type }) => type)).toEqual(["confirmed", "held_out"]);
    expect(references).toEqual(["program 0"]);
  });

  test("demotes to the best program that holds", async () => {
    const { final, recorded } = await play(stateOf(true), { heldOutFailures: { 2: 3 } });
    expect(final).toEqual({ program: candidate(1), success: true });
    expect(recorded).toHaveLength(4);
  });

  test("claims nothing when no program is confirmed", async () => {
    const nothing = comparison("no_difference");
    const { final } = await play(stateOf(true), { confirm: { 1: nothing, 2: nothing } });
    expect(final).toEqual({ program: stateOf(true).initial, success: false });
  });

  test("needs no confirmation against an initial program that fails, and does not trust its word", async () => {
    const { final, recorded, references } = await play(stateOf(false), {});
    expect(final).toEqual({ program: candidate(2), success: true });
    expect(recorded.map(({ type }) => type)).toEqual(["held_out"]);
    expect(references).toEqual([null]);
  });

  test("an initial program that turns out to be flaky is no reference any more", async () => {
    const { final, references } = await play(stateOf(true), {
      confirm: { 2: comparison("incorrect", ["a"]) },
    });
    expect(final).toEqual({ program: candidate(2), success: true });
    expect(references).toEqual([null]);
  });

  test("a winner that fails a test in the confirmation is demoted", async () => {
    const { final } = await play(stateOf(true), { confirm: { 2: comparison("incorrect", ["b"]) } });
    expect(final.program).toEqual(candidate(1));
  });

  test("without success, a program that passes the given tests is still better than one that does not", async () => {
    const { final } = await play(stateOf(false), { heldOutFailures: { 1: 1, 2: 1 } });
    expect(final).toEqual({ program: candidate(2), success: false });
  });

  test("does not repeat checks that the journal has", async () => {
    const first = await play(stateOf(true), { heldOutFailures: { 2: 3 } });
    const again = await play(stateOf(true), {}, first.recorded);
    expect(again.final).toEqual(first.final);
    expect(again.recorded).toEqual([]);
  });
});
