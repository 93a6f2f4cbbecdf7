/** What the journal costs: a step at the beginning and after ten thousand, and reading ten thousand steps again. */
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { advance, initialState } from "../../src/agent/state.ts";
import type { IterationFinished, JournalEvent, ReplyReceived, RunStarted } from "../../src/events.ts";
import { foldRun } from "../../src/record/fold.ts";
import { openJournal, readJournal } from "../../src/record/journal.ts";
import { foldTrajectory } from "../../src/record/trajectory.ts";

const STEPS = 10_000;
/** Steps that are timed together, so that one slow write of a busy disk does not stand for all. */
const WINDOW = 500;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "perfagent-bench-"));
  try {
    const path = join(folder, "task.journal.jsonl");
    const { firstUs, lastUs } = writeSteps(path);
    const plainUs = plainAppend(join(folder, "plain.jsonl"));
    print(
      "a step of the journal, first 500",
      `${firstUs.toFixed(1)} µs`,
      `${(firstUs / plainUs).toFixed(2)}× a plain append`,
    );
    print(
      "a step of the journal, last 500 of 10,000",
      `${lastUs.toFixed(1)} µs`,
      `${(lastUs / firstUs).toFixed(2)}× the first (bar: about 1)`,
    );

    const readMs = timed(() => readJournal(path));
    const { events } = readJournal(path);
    const resumeMs = timed(() =>
      events.reduce(
        (state, event) => advance(state, event, { adoptOnlyIfImproved: true }),
        initialState("", false),
      ),
    );
    const foldMs = timed(() => foldRun(events));
    const trajectoryMs = timed(() => foldTrajectory(events));
    const totalMs = readMs + resumeMs + foldMs;
    print("open, resume and fold 10,000 steps", `${totalMs.toFixed(0)} ms`, "bar: 1,000 ms");
    print(
      "  of it: read, resume, fold",
      `${readMs.toFixed(0)} + ${resumeMs.toFixed(0)} + ${foldMs.toFixed(0)} ms`,
      "",
    );
    print("fold the trajectory of 10,000 steps", `${trajectoryMs.toFixed(0)} ms`, "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeSteps(path: string): { firstUs: number; lastUs: number } {
  const journal = openJournal(path);
  journal.append(STARTED);
  let firstUs = 0;
  let lastUs = 0;
  for (let from = 0; from < STEPS; from += WINDOW) {
    const us =
      (timed(() => {
        for (let n = from + 1; n <= from + WINDOW; n++)
          for (const event of stepEvents(n)) journal.append(event);
      }) *
        1000) /
      WINDOW;
    if (from === 0) firstUs = us;
    lastUs = us;
  }
  journal.close();
  return { firstUs, lastUs };
}

/** The floor: the same bytes appended without a journal. */
function plainAppend(path: string): number {
  const fd = openSync(path, "a");
  const lines = stepEvents(1).map((event) => `${JSON.stringify(event)}\n`);
  const us =
    (timed(() => {
      for (let n = 0; n < WINDOW; n++) for (const line of lines) writeSync(fd, line);
    }) *
      1000) /
    WINDOW;
  closeSync(fd);
  appendFileSync(path, "");
  return us;
}

const STARTED: RunStarted = {
  type: "run_started",
  at: "2026-01-01T00:00:00.000Z",
  owner: { pid: 1, host: "bench" },
  format: 1,
  instanceId: "task",
  instanceSha256: "",
  language: "python3",
  target: "runtime",
  unit: "s",
  metric: "runtime",
  model: "bench",
  perfagentVersion: "0",
  environment: { cpu: "", kernel: "", toolchain: "", isolation: "", measurement: "" },
  config: {},
  seed: 1,
  initialCode: "print(1)\n",
  placeholder: false,
};

function stepEvents(n: number): readonly JournalEvent[] {
  const code = `print(${n})\n`.repeat(40);
  const reply: ReplyReceived = {
    type: "reply",
    at: STARTED.at,
    iteration: n,
    retry: 0,
    messages: [
      { role: "system", content: "s".repeat(1500) },
      { role: "user", content: code },
    ],
    completion: {
      text: code,
      reasoning: null,
      finishReason: "stop",
      usage: {
        calls: 1,
        promptTokens: 1,
        cachedTokens: 0,
        completionTokens: 1,
        reasoningTokens: 0,
        costUsd: 0,
      },
      model: "bench",
      attempts: 1,
      durationMs: 1,
    },
    baseSha256: "",
  };
  const iteration: IterationFinished = {
    type: "iteration",
    at: STARTED.at,
    iteration: n,
    verdict: "failed_tests",
    reason: "1 of 1 tests fails",
    feedback: "f".repeat(300),
    edits: [
      {
        status: "applied",
        reason: null,
        block: null,
        blocks: 1,
        matched: ["exact"],
        diff: code,
        message: "",
      },
    ],
    baseSha256: "",
    code,
    evaluation: null,
    comparison: null,
    durationMs: 1,
  };
  return [reply, iteration];
}

function timed(body: () => unknown): number {
  const startedMs = performance.now();
  body();
  return performance.now() - startedMs;
}

function print(what: string, figure: string, bar: string): void {
  process.stdout.write(`${what.padEnd(46)} ${figure.padStart(20)}   ${bar}\n`);
}
