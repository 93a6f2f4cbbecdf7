import { afterEach, describe, expect, test } from "bun:test";
import type { BatchEntry, BatchEvent } from "../../src/batch/index.ts";
import type { BatchTask } from "../../src/batch/tasks.ts";
import { batchEventDocument } from "../../src/commands/batch/events.ts";
import { type BatchView, createPlainView, createTerminalView } from "../../src/commands/batch/view.ts";
import type { JournalEvent } from "../../src/events.ts";

const views: BatchView[] = [];
afterEach(() => {
  for (const view of views.splice(0)) view.close();
});

function task(key: string): BatchTask {
  return { key, taskName: key, language: "python3", source: { path: `${key}.json`, line: null } };
}

function finished(key: string, more: Partial<BatchEntry> = {}): BatchEvent {
  const entry: BatchEntry = {
    task: task(key),
    status: "failed",
    skipped: null,
    result: null,
    error: { code: "model", message: "no answer\u001b[31m\nmore" },
    hint: "",
    wasFinished: false,
    seconds: 3,
    ...more,
  };
  return { type: "task_finished", entry };
}

function progress(key: string, event: Partial<JournalEvent>): BatchEvent {
  return { type: "task_progress", task: task(key), event: event as JournalEvent };
}

const REPLY = progress("a", {
  type: "reply",
  iteration: 1,
  completion: {
    text: "",
    reasoning: null,
    finishReason: "stop",
    model: "",
    attempts: 1,
    durationMs: 1,
    usage: {
      calls: 1,
      promptTokens: 10,
      cachedTokens: 0,
      completionTokens: 5,
      reasoningTokens: 0,
      costUsd: 0.25,
    },
  },
});
const NEVER_BEGUN = finished("z", {
  status: "not_run",
  error: null,
  skipped: { code: "interrupted", message: "" },
});

/** What a terminal shows after these bytes, as lines; only the two sequences that the view uses are known. */
function screen(text: string): readonly string[] {
  let lines: string[] = [""];
  // An escape sign that no other text has, so that the patterns can name it.
  for (const part of text.replaceAll("\u001b", "ESC").split(/(ESC\[\d*[AJ])/)) {
    const up = /^ESC\[(\d+)A$/.exec(part);
    if (up !== null) lines = [...lines.slice(0, lines.length - 1 - Number(up[1])), ""];
    else if (part !== "ESC[J") {
      const [first = "", ...rest] = part.split("\n");
      lines = [...lines.slice(0, -1), (lines.at(-1) ?? "") + first, ...rest];
    }
  }
  return lines;
}

function open(kind: "plain" | "terminal", columns = 80, rows = 24) {
  let text = "";
  let nowMs = 0;
  const output = {
    write: (more: string) => {
      text += more;
    },
    columns: () => columns,
    rows: () => rows,
  };
  const view = (kind === "plain" ? createPlainView : createTerminalView)(output, () => nowMs);
  views.push(view);
  return {
    view,
    text: () => text,
    after(ms: number, ...events: readonly BatchEvent[]) {
      nowMs += ms;
      for (const event of events) view.handle(event);
    },
  };
}

describe("createPlainView()", () => {
  test("writes one line for each instance that ends, and none for what was not begun", () => {
    const plain = open("plain");
    plain.after(
      0,
      { type: "batch_started", total: 3, workers: 2 },
      { type: "task_started", task: task("a") },
    );
    plain.after(3000, REPLY, finished("a"), NEVER_BEGUN);
    expect(plain.text()).toBe("3 instances, 2 at once\n[1/3] a: model: no answer\n");
    expect(plain.text()).not.toContain("\u001b");
  });

  test("tells of a long wait for a rate limit, once a minute", () => {
    const plain = open("plain");
    plain.after(0, { type: "rate_limited", wait: { ms: 1000 } });
    plain.after(0, { type: "rate_limited", wait: { ms: 42_000 } });
    plain.after(30_000, { type: "rate_limited", wait: { ms: 42_000 } });
    plain.after(40_000, { type: "rate_limited", wait: { ms: 8000 } });
    expect(plain.text()).toBe(
      "rate limit reached: the next request waits 0:42\nrate limit reached: the next request waits 0:08\n",
    );
  });
});

describe("createTerminalView()", () => {
  test("draws a bar, totals, waits and what each instance does, and leaves only finished lines", () => {
    const terminal = open("terminal");
    terminal.after(0, { type: "batch_started", total: 4, workers: 2 });
    terminal.after(200, { type: "task_started", task: task("a") }, { type: "task_started", task: task("b") });
    terminal.after(
      1000,
      progress("a", { type: "run_started", config: { max_iterations: 2 } }),
      progress("a", { type: "initial_evaluated" }),
      REPLY,
    );
    terminal.after(1000, { type: "rate_limited", wait: { ms: 30_000 } });
    terminal.after(1000, progress("a", { type: "iteration", iteration: 1, verdict: "not_improved" }));
    expect(screen(terminal.text())).toEqual([
      "░░░░░░░░░░░░░░░░░░░░░░░░ 0/4  0:03",
      "0 improved, 0 not improved, 0 failed; 1 calls, 15 tokens, 0.2500 USD",
      "rate limit reached: the next request waits 0:29",
      "  a  round 2: waiting for the model (last: not improved)  0:00",
      "  b  starting  0:03",
      "",
    ]);
    terminal.after(1000, progress("a", { type: "iteration", iteration: 2, verdict: "improved" }));
    expect(screen(terminal.text()).at(-3)).toBe("  a  checking the winner  0:00");
    terminal.after(1000, finished("a"));
    terminal.view.say("warning: something");
    expect(screen(terminal.text()).slice(0, 3)).toEqual([
      "a: model: no answer",
      "warning: something",
      "██████░░░░░░░░░░░░░░░░░░ 1/4  0:05",
    ]);
    terminal.view.close();
    expect(screen(terminal.text())).toEqual(["a: model: no answer", "warning: something", ""]);
  });

  test("never draws more lines or columns than the window has", () => {
    const terminal = open("terminal", 30, 8);
    terminal.after(0, { type: "batch_started", total: 40, workers: 40 });
    for (let i = 0; i < 40; i++)
      terminal.after(200, { type: "task_started", task: task(`長い名前の課題${i}`) });
    const lines = screen(terminal.text());
    expect(lines.length).toBeLessThanOrEqual(8);
    expect(Math.max(...lines.map((line) => Bun.stringWidth(line)))).toBeLessThanOrEqual(30);
    expect(lines.at(-2)).toMatch(/^ {2}and \d+ more$/);
  });
});

describe("batchEventDocument()", () => {
  test("gives one document for what a machine follows", () => {
    expect(batchEventDocument({ type: "batch_started", total: 3, workers: 2 })).toEqual({
      type: "batch_started",
      total_instances: 3,
      workers: 2,
    });
    expect(batchEventDocument(REPLY)).toBeNull();
    expect(batchEventDocument(NEVER_BEGUN)).toEqual({
      type: "task_skipped",
      task: "z",
      reason: { code: "interrupted", message: "" },
    });
    expect(batchEventDocument({ type: "rate_limited", wait: { ms: 1500 } })).toEqual({
      type: "rate_limited",
      seconds: 1.5,
    });
    expect(batchEventDocument(finished("a"))).toMatchObject({ type: "task_finished", verdict: "failed" });
  });
});
