import { describe, expect, test } from "bun:test";
import {
  cleanOutput,
  decodeOutput,
  programInput,
  SHOWN_BYTES,
  shownOutput,
} from "../../src/evaluate/output.ts";

describe("cleanOutput()", () => {
  test.each([
    ["8\n", "8"],
    ["  8  \r\n9\r\n\r\n", "8  \n9"],
    ["\u001b[31m8\u001b[0m\n", "8"],
    ["\u001b[2J\u001b[1;1H8\u001b[?25l", "8"],
    ["\u001bM8", "8"],
    ["a\rb", "a\rb"],
    ["a\r\r\nb", "a\nb"],
    ["\u001c\u0085\u3000 8 \u00a0\f", "8"],
    ["\ufeff8", "\ufeff8"],
    [" \n\t ", ""],
    ["", ""],
  ])("of %j", (text, cleaned) => {
    expect(cleanOutput(text)).toBe(cleaned);
  });
});

describe("programInput()", () => {
  test("an empty input becomes a newline, everything else stays", () => {
    expect(programInput("")).toBe("\n");
    expect(programInput("1 2")).toBe("1 2");
    expect(programInput("1\r\n2\r\n")).toBe("1\r\n2\r\n");
  });
});

describe("shownOutput()", () => {
  test("keeps 64 KiB and says when there was more", () => {
    const bytes = new Uint8Array(SHOWN_BYTES + 1).fill(65);
    expect(shownOutput(bytes, false)).toEqual({ text: "A".repeat(SHOWN_BYTES), truncated: true });
    expect(shownOutput(bytes.subarray(1), false).truncated).toBe(false);
    expect(shownOutput(new Uint8Array(), true)).toEqual({ text: "", truncated: true });
  });

  test("replaces bytes that are not UTF-8", () => {
    expect(decodeOutput(new Uint8Array([0x61, 0xff, 0x62]))).toBe("a\ufffdb");
  });
});
