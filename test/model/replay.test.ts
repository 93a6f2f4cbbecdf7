import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../src/lib/hash.ts";
import { createModel } from "../../src/model/index.ts";
import { readRecording } from "../../src/model/recording.ts";
import { MESSAGES, modelOptions } from "../support/model-options.ts";

const folder = mkdtempSync(join(tmpdir(), "perfagent-replay-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SIGNAL = new AbortController().signal;

function texts(content: string): string[] {
  return readRecording(content, "file").map(({ text }) => text);
}

function lines(...values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}

describe("readRecording()", () => {
  const answers: readonly [string, unknown][] = [
    ["a string", "hi"],
    ["text", { text: "hi" }],
    ["content", { content: "hi" }],
    ["response", { response: "hi" }],
    ["reply", { reply: "hi" }],
    ["completion", { completion: { text: "hi" } }],
    ["a message", { role: "assistant", content: "hi" }],
    [
      "content parts",
      {
        role: "assistant",
        content: [
          { type: "text", text: "h" },
          { type: "text", text: "i" },
        ],
      },
    ],
    ["a reply of the API", { choices: [{ message: { content: "hi" }, finish_reason: "stop" }] }],
    ["a message inside", { message: { content: "hi" } }],
  ];
  for (const [name, value] of answers) {
    test(`takes ${name}`, () => {
      expect(texts(lines(value))).toEqual(["hi"]);
      expect(texts(lines("first", value))).toEqual(["first", "hi"]);
      expect(texts(JSON.stringify([value, value], null, 2))).toEqual(["hi", "hi"]);
    });
  }

  test("keeps why an answer ended, its reasoning, and the characters that end lines elsewhere", () => {
    const content = lines(
      { text: "<think>hmm</think>yes", finish_reason: "length" },
      { content: null, role: "assistant", refusal: "no" },
      "a\u2028b",
    );
    expect(readRecording(content, "file")).toEqual([
      { text: "yes", reasoning: "hmm", finishReason: "length", writtenFor: null },
      { text: "", reasoning: "Refusal: no", finishReason: "refusal", writtenFor: null },
      { text: "a\u2028b", reasoning: null, finishReason: "stop", writtenFor: null },
    ]);
  });

  test("takes blank lines, CRLF, a byte order mark and a missing last line end", () => {
    expect(texts('\ufeff"a"\r\n\r\n"b"')).toEqual(["a", "b"]);
  });

  const at = "2026-01-01T00:00:00Z";
  const reply = (text: string, base: string) => ({
    type: "reply",
    at,
    iteration: 1,
    retry: 0,
    messages: [],
    completion: {
      text,
      reasoning: "r",
      finishReason: "length",
      usage: {},
      model: "m",
      attempts: 1,
      durationMs: 1,
    },
    baseSha256: sha256(base),
  });

  test("takes the replies of a journal with the programs they were written for", () => {
    const journal = lines(
      { type: "run_started", at, initialCode: "p0" },
      reply("one", "p0"),
      { type: "iteration", at, iteration: 1, code: "p1" },
      reply("two", "p1"),
    );
    expect(readRecording(journal, "file")).toEqual([
      { text: "one", reasoning: "r", finishReason: "length", writtenFor: "p0" },
      { text: "two", reasoning: "r", finishReason: "length", writtenFor: "p1" },
    ]);
    expect(texts(`${journal}{"type":"reply","at":"2026`)).toEqual(["one", "two"]);
  });

  test("takes the replies of a trajectory, all of a round, and leaves out rounds without one", () => {
    const round = (output_data: unknown) => ({
      action: "generate_optimization",
      input_data: { code: "p0", messages: [] },
      output_data,
    });
    const trajectory = {
      metadata: {},
      steps: [
        { action: "initial_evaluation", input_data: { code: "p0" }, output_data: {} },
        round({ reply: "one", reasoning: "hmm", finish_reason: "stop" }),
        round({ reply: null, verdict: "model_failed" }),
        round({ reply: "three", replies: [{ text: "two" }, { text: "three" }] }),
      ],
    };
    for (const content of [JSON.stringify(trajectory), JSON.stringify(trajectory, null, 1)]) {
      expect(readRecording(content, "file").map(({ text, writtenFor }) => [text, writtenFor])).toEqual([
        ["one", "p0"],
        ["two", "p0"],
        ["three", "p0"],
      ]);
    }
  });

  test("takes a trajectory of the Python original", () => {
    const step = { step_id: "step_2", action: "generate_optimization", query: "q", code_snapshot: "after" };
    const original = {
      info: { instance_id: "x" },
      steps: [
        { step_id: "step_1", action: "initial_evaluation", response: "not an answer" },
        { ...step, response: "one", thought: "applied" },
        { ...step, response: null, error: "no answer" },
        { ...step, output_data: { response: "two" } },
      ],
      history: [{ role: "assistant", content: "one", message_type: "action" }],
    };
    expect(texts(JSON.stringify(original, null, 2))).toEqual(["one", "two"]);
    expect(texts(JSON.stringify({ ...original, steps: [] }))).toEqual(["one"]);
  });

  const refusals: readonly [string, string, RegExp][] = [
    ["nothing", "", /the file is empty/],
    ["blanks", " \n\n", /the file is empty/],
    ["a line that is not JSON", '"a"\noops\n', /its line 2 is not JSON/],
    ["a line without an answer", lines("a", { foo: 1 }), /its line 2 holds no answer/],
    ["a number", "5\n", /line 1 holds no answer/],
    ["an empty list", "[]", /holds no answer of a model/],
    [
      "a journal without replies",
      lines({ type: "run_started", at, initialCode: "" }),
      /holds no answer of a model/,
    ],
    ["a trajectory without rounds", '{"metadata":{},"steps":[]}', /holds no answer of a model/],
    ["an answer list that is cut", '"a"\n"b', /its line 2 is not JSON/],
  ];
  for (const [name, content, message] of refusals) {
    test(`refuses ${name}`, () => {
      expect(() => readRecording(content, "file")).toThrow(message);
      expect(() => readRecording(content, "file")).toThrow(
        expect.objectContaining({ code: "config", exitCode: 2 }),
      );
    });
  }
});

describe("replay:FILE", () => {
  test("gives its answers one after another and says when they are used up", async () => {
    const path = join(folder, "answers.jsonl");
    writeFileSync(path, lines("one", "two", "three"));
    const model = await createModel(modelOptions(null, { name: `replay:${path}`, answersUsed: 1 }));
    expect(model.name).toBe(`replay:${path}`);
    expect((await model.complete(MESSAGES, SIGNAL)).text).toBe("two");
    const last = await model.complete(MESSAGES, SIGNAL);
    expect(last).toMatchObject({ text: "three", attempts: 0, usage: { calls: 0, costUsd: 0 } });
    await expect(model.complete(MESSAGES, SIGNAL)).rejects.toMatchObject({
      code: "model_exhausted",
      message: `Cannot answer from '${path}': all of its 3 answers are used`,
    });
  });

  for (const [name, path, message] of [
    ["a missing file", join(folder, "none.jsonl"), /there is no such file/],
    ["a directory", folder, /it is a directory/],
    ["no file at all", "", /names no file/],
  ] as const) {
    test(`refuses ${name}`, async () => {
      const made = createModel(modelOptions(null, { name: `replay:${path}` }));
      await expect(made).rejects.toMatchObject({ code: "config", message: expect.stringMatching(message) });
    });
  }
});
