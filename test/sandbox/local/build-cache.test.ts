import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type BuildCache, clearCache, createBuildCache } from "../../../src/sandbox/local/build-cache.ts";
import type { Logger } from "../../../src/types.ts";
import { withFolder } from "../../support/cli.ts";
import { SILENT } from "../../support/local-sandbox.ts";

const KEY = "a".repeat(64);

/** A folder with files in it. */
function folderWith(root: string, name: string, files: Readonly<Record<string, string>>): string {
  const dir = join(root, name);
  mkdirSync(dir, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

function open(root: string, limitBytes?: number, logger: Logger = SILENT): BuildCache {
  return createBuildCache({
    cacheDir: join(root, "cache"),
    logger,
    ...(limitBytes === undefined ? {} : { limitBytes }),
  });
}

function entriesIn(root: string): string[] {
  return readdirSync(join(root, "cache"), { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(root, "cache", name)).isFile(),
  );
}

describe("createBuildCache()", () => {
  test("gives back files, modes and message, also to another process's cache", () =>
    withFolder((root) => {
      const from = folderWith(root, "from", { "a.out": "\0\xff binary", "p/B.class": "class" });
      chmodSync(join(from, "a.out"), 0o755);
      open(root).store(KEY, from, "warning: x");
      const into = folderWith(root, "into", {});
      expect(open(root).restore(KEY, into)).toEqual({ message: "warning: x" });
      expect(readFileSync(join(into, "a.out"), "utf8")).toBe("\0\xff binary");
      expect(statSync(join(into, "a.out")).mode & 0o777).toBe(0o755);
      expect(readFileSync(join(into, "p/B.class"), "utf8")).toBe("class");
    }));

  test("has nothing for another key", () =>
    withFolder((root) => {
      const dir = folderWith(root, "d", { f: "x" });
      const cache = open(root);
      expect(cache.restore(KEY, dir)).toBeNull();
      cache.store(KEY, dir, "");
      expect(cache.restore("b".repeat(64), dir)).toBeNull();
    }));

  test("keeps regular files only: no link out of the folder is followed", () =>
    withFolder((root) => {
      const from = folderWith(root, "from", { real: "1" });
      symlinkSync("/etc/hostname", join(from, "link"));
      open(root).store(KEY, from, "");
      const into = folderWith(root, "into", {});
      open(root).restore(KEY, into);
      expect(readdirSync(into)).toEqual(["real"]);
    }));

  test("an entry that was damaged is as good as none", () =>
    withFolder((root) => {
      const from = folderWith(root, "from", { f: "content of a program" });
      const cache = open(root);
      cache.store(KEY, from, "");
      const path = join(root, "cache", entriesIn(root)[0] ?? "");
      const whole = readFileSync(path);
      const flipped = Buffer.from(whole);
      flipped[whole.length - 2] = (flipped[whole.length - 2] ?? 0) ^ 1;
      for (const content of [
        whole.subarray(0, -1),
        whole.subarray(0, 10),
        Buffer.from(""),
        Buffer.from("{}\n"),
        flipped,
      ]) {
        writeFileSync(path, content);
        const into = folderWith(root, "into", {});
        expect(cache.restore(KEY, into)).toBeNull();
        expect(readdirSync(into)).toEqual([]);
      }
    }));

  test("stays within its limit by removing what was not used for longest", () =>
    withFolder((root) => {
      const from = folderWith(root, "from", { f: "x".repeat(1000) });
      const cache = open(root, 5500);
      const keys = ["1", "2", "3", "4"].map((digit) => digit.repeat(64));
      for (const [index, key] of keys.entries()) {
        cache.store(key, from, "");
        const path = join(root, "cache", entriesIn(root).find((name) => name.includes(key)) ?? "");
        utimesSync(path, 1000 + index, 1000 + index);
      }
      // The oldest is used again, so that the second one is now the oldest.
      expect(cache.restore(keys[0] ?? "", folderWith(root, "into", {}))).not.toBeNull();
      cache.store("5".repeat(64), from, "");
      const kept = entriesIn(root)
        .map((name) => name.slice(-1))
        .sort();
      expect(kept).not.toContain("2");
      expect(kept).toContain("1");
      expect(kept).toContain("5");
      const bytes = entriesIn(root).reduce((sum, name) => sum + statSync(join(root, "cache", name)).size, 0);
      expect(bytes).toBeLessThanOrEqual(5500);
    }));

  test("does not keep what is larger than all of it", () =>
    withFolder((root) => {
      open(root, 100).store(KEY, folderWith(root, "from", { f: "x".repeat(1000) }), "");
      expect(existsSync(join(root, "cache"))).toBe(false);
    }));

  test("a folder that cannot be written costs one warning", () =>
    withFolder((root) => {
      writeFileSync(join(root, "cache"), "a file, no folder");
      const warnings: string[] = [];
      const cache = open(root, undefined, { ...SILENT, warn: (message) => warnings.push(message) });
      const from = folderWith(root, "from", { f: "1" });
      cache.store(KEY, from, "");
      cache.store(KEY, from, "");
      expect(cache.restore(KEY, from)).toBeNull();
      expect(warnings.length).toBe(1);
      expect(warnings[0]).toContain("Cannot keep builds in");
    }));

  test(
    "several processes at once see whole entries or none",
    async () =>
      await withFolder(async (root) => {
        const script = join(root, "worker.ts");
        const module = join(import.meta.dir, "../../../src/sandbox/local/build-cache.ts");
        writeFileSync(
          script,
          `import { createBuildCache } from ${JSON.stringify(module)};
         import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
         const [root, name] = process.argv.slice(2);
         const logger = { debug() {}, info() {}, warn(m) { throw new Error(m); }, error() {} };
         const cache = createBuildCache({ cacheDir: root + "/cache", limitBytes: 400_000, logger });
         const dir = root + "/" + name;
         mkdirSync(dir);
         let hits = 0;
         for (let round = 0; round < 60; round++) {
           const key = String(round % 7).repeat(64);
           writeFileSync(dir + "/f", key.repeat(1000));
           cache.store(key, dir, key);
           const found = cache.restore(key, dir);
           if (found !== null && (found.message !== key || readFileSync(dir + "/f", "utf8") !== key.repeat(1000))) throw new Error("torn");
           if (found !== null) hits++;
         }
         console.log(hits);`,
        );
        const children = ["a", "b", "c"].map((name) =>
          Bun.spawn([process.execPath, "--config=/dev/null", script, root, name], {
            stdout: "pipe",
            stderr: "pipe",
          }),
        );
        for (const child of children) {
          const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
          expect(stderr).toBe("");
          expect(await child.exited).toBe(0);
          expect(Number(stdout)).toBeGreaterThan(0);
        }
      }),
    60_000,
  );
});

describe("clearCache()", () => {
  test("removes everything and says how much", () =>
    withFolder((root) => {
      open(root).store(KEY, folderWith(root, "from", { f: "x".repeat(1000) }), "");
      expect(clearCache(join(root, "cache")).bytes).toBeGreaterThan(1000);
      expect(existsSync(join(root, "cache"))).toBe(false);
      expect(clearCache(join(root, "cache"))).toEqual({ bytes: 0 });
    }));
});
