import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { atomicWriteSync } from "../../src/lib/atomic-write.ts";
import { withFolder } from "../support/cli.ts";

test("atomicWriteSync() makes and replaces a file and leaves nothing else", async () => {
  await withFolder((folder) => {
    const path = join(folder, "a.txt");
    atomicWriteSync(path, "one");
    atomicWriteSync(path, new TextEncoder().encode("two ä"));
    expect(readFileSync(path, "utf8")).toBe("two ä");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });
});

test("atomicWriteSync() keeps the mode and follows links", async () => {
  await withFolder((folder) => {
    const target = join(folder, "target");
    const link = join(folder, "link");
    writeFileSync(target, "old");
    chmodSync(target, 0o640);
    symlinkSync("target", link);
    atomicWriteSync(link, "new");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, "utf8")).toBe("new");
    expect(statSync(target).mode & 0o777).toBe(0o640);
  });
});

test("atomicWriteSync() writes to a device directly", () => {
  atomicWriteSync("/dev/null", "x");
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  expect(() => atomicWriteSync("/dev/full", "x")).toThrow("ENOSPC");
});

test("atomicWriteSync() leaves the old file and no rest when it fails", async () => {
  await withFolder((folder) => {
    mkdirSync(join(folder, "dir"));
    expect(() => atomicWriteSync(join(folder, "dir"), "x")).toThrow();
    expect(() => atomicWriteSync(join(folder, "none/a"), "x")).toThrow("ENOENT");
    expect(readdirSync(folder)).toEqual(["dir"]);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
});

test("atomicWriteSync() never shows a reader a part", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.txt");
    const texts = ["a".repeat(300_000), "b".repeat(200_000)];
    atomicWriteSync(path, texts[0] ?? "");
    const script = `const fs = require("fs"); for (let i = 0; i < 300; i++) { const t = fs.readFileSync(process.argv[1], "utf8"); if (!/^(a{300000}|b{200000})$/.test(t)) process.exit(1); }`;
    const reader = Bun.spawn([process.execPath, "-e", script, path], { stdout: "ignore", stderr: "inherit" });
    let writes = 0;
    while (reader.exitCode === null && writes < 100_000) {
      atomicWriteSync(path, texts[writes % 2] ?? "");
      writes += 1;
      await Bun.sleep(0);
    }
    expect(await reader.exited).toBe(0);
    expect(writes).toBeGreaterThan(1);
  });
});
