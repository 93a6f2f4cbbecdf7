import { describe, expect, test } from "bun:test";
import { splitReasoning } from "../../src/model/reasoning.ts";

describe("splitReasoning()", () => {
  const cases: readonly [string, string, string, string | null][] = [
    ["nothing in a plain answer", "yes", "yes", null],
    ["a block", "<think>hmm\nwell</think>\n\nyes\n", "yes\n", "hmm\nwell"],
    ["a block behind blanks", "\n  <Thinking>hmm</Thinking> yes", " yes", "hmm"],
    ["several blocks", "<think>a</think>\n<think>b</think>\nyes", "yes", "a\n\nb"],
    ["an empty block", "<think>\n\n</think>\n\nyes", "yes", null],
    ["a block that is never closed", "<think>hmm", "", "hmm"],
    ["an end without a start", "hmm\nwell</think>\n\nyes", "yes", "hmm\nwell"],
    ["no end tag in the middle of a line", "the tag </think> ends it", "the tag </think> ends it", null],
    ["no tag inside code", "```html\n<p>\n</think>\n```", "```html\n<p>\n</think>\n```", null],
    [
      "no tag inside an edit",
      "<<<<<<< SEARCH\na\n</think>\n=======\nb\n>>>>>>> REPLACE",
      "<<<<<<< SEARCH\na\n</think>\n=======\nb\n>>>>>>> REPLACE",
      null,
    ],
    ["no block further on", "First.\n<think>x</think>", "First.\n<think>x</think>", null],
    [
      "a block whose text names the end of another tag",
      "<think>a </thinking> b</think>yes",
      "yes",
      "a </thinking> b",
    ],
  ];
  for (const [name, reply, text, reasoning] of cases) {
    test(`takes ${name}`, () => expect(splitReasoning(reply)).toEqual({ text, reasoning }));
  }

  test("changes nothing when it is done twice", () => {
    for (const [, reply] of cases) {
      const { text } = splitReasoning(reply);
      expect(splitReasoning(text).text).toBe(text);
    }
  });
});
