import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createRandom } from "../../src/lib/random.ts";
import { isZip, readZip, ZipError } from "../../src/lib/zip.ts";
import { zipOf } from "../support/zip-writer.ts";

// Only a hanging process may end a test by time: busy machines are slow.
setDefaultTimeout(60_000);

const LIMITS = { maxEntries: 100, maxBytes: 10_000 };

/** Made by Python's zipfile: a folder, two short members, one with a name outside ASCII, and an archive comment. */
const BY_PYTHON = Buffer.from(
  "UEsDBBQAAAAAAAAAIVoAAAAAAAAAAAAAAAAGAAAAdGVzdHMvUEsDBBQAAAAIAAAAIVpXuztcBgAAAAQAAAAKAAAAdGVzdHMvMS5pbjNUMOICAFBLAwQU" +
    "AAAACAAAACFa0Z5nVQQAAAACAAAACwAAAHRlc3RzLzEuYW5zM+YCAFBLAwQUAAAICAAAACFaEy1DGwcAAAAsAQAACwAAAHRlc3RzL8O8Lmluq6gYBcQC" +
    "AFBLAQIUAxQAAAAAAAAAIVoAAAAAAAAAAAAAAAAGAAAAAAAAAAAAAACAAQAAAAB0ZXN0cy9QSwECFAMUAAAACAAAACFaV7s7XAYAAAAEAAAACgAAAAAA" +
    "AAAAAAAAgAEkAAAAdGVzdHMvMS5pblBLAQIUAxQAAAAIAAAAIVrRnmdVBAAAAAIAAAALAAAAAAAAAAAAAACAAVIAAAB0ZXN0cy8xLmFuc1BLAQIUAxQA" +
    "AAgIAAAAIVoTLUMbBwAAACwBAAALAAAAAAAAAAAAAACAAX8AAAB0ZXN0cy/DvC5pblBLBQYAAAAABAAEAN4AAACvAAAACQBhIGNvbW1lbnQ=",
  "base64",
);

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const read = (archive: Uint8Array, limits = LIMITS) =>
  readZip(archive, limits).map(({ name, bytes }) => [name, textOf(bytes)]);

describe("readZip()", () => {
  test("reads what another program wrote", () => {
    expect(isZip(BY_PYTHON)).toBe(true);
    expect(read(BY_PYTHON)).toEqual([
      ["tests/1.in", "1 2\n"],
      ["tests/1.ans", "3\n"],
      ["tests/ü.in", "x".repeat(300)],
    ]);
  });

  test("reads stored members and leaves out what is not wanted", () => {
    const archive = zipOf([
      { name: "a", content: "A", method: 0 },
      { name: "b", content: "B" },
    ]);
    expect(read(archive)).toEqual([
      ["a", "A"],
      ["b", "B"],
    ]);
    expect(readZip(archive, LIMITS, (name) => name === "b").map(({ name }) => name)).toEqual(["b"]);
    expect(read(zipOf([]))).toEqual([]);
  });

  test.each(["../evil.in", "a/../../evil.in", "/etc/passwd", "C:\\evil.in", "a\\..\\..\\evil.in", "a\0b"])(
    "refuses the path %p",
    (name) => {
      expect(() => read(zipOf([{ name, content: "x" }]))).toThrow("leads out of it");
    },
  );

  test("unpacks no more than it may: honest bombs, lying bombs, too many members", () => {
    const megabyte = new Uint8Array(2 ** 20);
    expect(() => read(zipOf([{ name: "a", content: megabyte }]))).toThrow("unpacks to more than 10000 bytes");
    expect(() => read(zipOf([{ name: "a", content: megabyte, claimedSize: 10 }]))).toThrow(
      "is damaged at 'a'",
    );
    const many = Array.from({ length: 3 }, (_, i) => ({ name: String(i), content: "x".repeat(4000) }));
    expect(() => read(zipOf(many))).toThrow("unpacks to more than 10000 bytes");
    expect(() => readZip(zipOf(many), { maxEntries: 2, maxBytes: 1e6 })).toThrow(
      "holds 3 entries; at most 2 are read",
    );
  });

  test.each([
    ["a wrong checksum", { name: "a", content: "x", claimedCrc: 1 }, "is damaged at 'a'"],
    ["a wrong size", { name: "a", content: "x", claimedSize: 2 }, "is damaged at 'a'"],
    ["encryption", { name: "a", content: "x", flags: 1 }, "is encrypted ('a')"],
    ["another method", { name: "a", content: "x", method: 12 }, "packs 'a' by method 12"],
    ["zip64", { name: "a", content: "x", claimedSize: 0xffffffff }, "zip64"],
  ])("refuses %s", (_name, member, message) => {
    expect(() => read(zipOf([member]))).toThrow(message);
  });

  test("ends in a ZipError, whatever the bytes", () => {
    const random = createRandom(7);
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.from(BY_PYTHON);
      for (let change = 0; change < 3; change++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const cut = i % 4 === 0 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
      try {
        read(cut);
      } catch (error) {
        if (!(error instanceof ZipError)) throw error;
      }
    }
    expect(() => read(new Uint8Array())).toThrow("is damaged or no zip archive");
  });
});
