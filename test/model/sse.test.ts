import { describe, expect, test } from "bun:test";
import { createSseParser } from "../../src/model/sse.ts";

const ENCODER = new TextEncoder();

function parseAll(chunks: readonly Uint8Array[]): string[] {
  const parser = createSseParser(1000);
  return [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()];
}

describe("createSseParser()", () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ["LF", "data: a\n\ndata: b\n\n", ["a", "b"]],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
    ["mixed ends", "data: a\r\n\ndata: b\r\r\ndata: c\n\r\n", ["a", "b", "c"]],
    ["comments, ids and event names", ": hi\nevent: x\nid: 1\ndata: a\nretry: 5\n\n: bye\n\n", ["a"]],
    ["several data lines", "data: a\ndata: b\n\n", ["a\nb"]],
    ["one blank behind the colon only", "data:a\n\ndata:  b\n\n", ["a", " b"]],
    ["a field without a colon", "data\n\n", [""]],
    ["a byte order mark", "\ufeffdata: a\n\n", ["a"]],
    ["a missing last blank line", "data: a\n\ndata: b", ["a", "b"]],
    ["characters of several bytes", "data: é你🚀\n\n", ["é你🚀"]],
    ["nothing", "", []],
  ];

  test("gives the same events wherever the bytes are cut", () => {
    for (const [name, text, events] of cases) {
      const bytes = ENCODER.encode(text);
      expect({ name, events: parseAll([bytes]) }).toEqual({ name, events: [...events] });
      expect({ name, events: parseAll([...bytes].map((byte) => Uint8Array.of(byte))) }).toEqual({
        name,
        events: [...events],
      });
      for (let cut = 1; cut < bytes.length; cut++) {
        expect({ name, cut, events: parseAll([bytes.subarray(0, cut), bytes.subarray(cut)]) }).toEqual({
          name,
          cut,
          events: [...events],
        });
      }
    }
  });

  test("refuses an event without end, and takes any number of short ones", () => {
    const parser = createSseParser(1000);
    for (let i = 0; i < 1000; i++) parser.push(ENCODER.encode(`: comment ${i}\ndata: short\n\n`));
    expect(() => {
      for (let i = 0; i < 200; i++) parser.push(ENCODER.encode("data: long "));
    }).toThrow(RangeError);
  });

  test("replaces bytes that are not UTF-8", () => {
    expect(parseAll([Uint8Array.of(...ENCODER.encode("data: a"), 0xff, 0x0a, 0x0a)])).toEqual(["a\ufffd"]);
  });
});
