import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { applyPatch } from "diff";
import { unifiedDiff } from "../../src/edit/diff.ts";
import { createRandom } from "../../src/lib/random.ts";

setDefaultTimeout(120_000);

describe("unifiedDiff()", () => {
  test("shows a change with three lines of context", () => {
    const before = "a\nb\nc\nd\ne\nf\ng\nh\n";
    expect(unifiedDiff(before, before.replace("e\n", "E\nE2\n"), "x.py")).toMatchInlineSnapshot(`
"--- x.py
+++ x.py
@@ -2,7 +2,8 @@
 b
 c
 d
-e
+E
+E2
 f
 g
 h
"
`);
  });

  test("is empty for equal programs", () => {
    expect(unifiedDiff("a\n", "a\n", "x")).toBe("");
  });

  test("tells a missing final line end", () => {
    expect(unifiedDiff("a\nb", "a\nb\n", "x")).toMatchInlineSnapshot(`
"--- x
+++ x
@@ -1,2 +1,2 @@
 a
-b
\\ No newline at end of file
+b
"
`);
  });

  test("starts a program from nothing", () => {
    expect(unifiedDiff("", "a\n", "x")).toBe("--- x\n+++ x\n@@ -0,0 +1,1 @@\n+a\n");
  });

  test("applies to give the new program, for random changes", () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const random = createRandom(seed);
      const end = random() < 0.3 ? "\r\n" : "\n";
      const lines = Array.from({ length: Math.floor(random() * 40) }, () => `l${Math.floor(random() * 5)}`);
      const changed = lines.flatMap((line) => {
        const kind = random();
        if (kind < 0.1) return [];
        return kind < 0.2 ? [line, "new"] : [kind < 0.3 ? "other" : line];
      });
      const before = lines.join(end) + (random() < 0.5 ? end : "");
      const after = changed.join(end) + (random() < 0.5 ? end : "");
      const patch = unifiedDiff(before, after, "x");
      expect(patch === "" ? before : applyPatch(before, patch, { autoConvertLineEndings: false })).toBe(
        after,
      );
    }
  });

  test("shows a program that is written anew as one change, at once", () => {
    const before = Array.from({ length: 30_000 }, (_, at) => `old ${at}\n`).join("");
    const after = Array.from({ length: 30_000 }, (_, at) => `new ${at}\n`).join("");
    const patch = unifiedDiff(`head\n${before}tail`, `head\n${after}tail`, "x");
    expect(patch.split("\n")[2]).toBe("@@ -1,30002 +1,30002 @@");
    expect(applyPatch(`head\n${before}tail`, patch)).toBe(`head\n${after}tail`);
  });
});
