import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandOptions, runCommand } from "../../src/lib/process.ts";

const run = (script: string, options: Partial<CommandOptions> = {}) =>
  runCommand({
    argv: ["/bin/sh", "-c", script],
    stdin: "",
    cwd: tmpdir(),
    env: { PATH: process.env.PATH },
    timeoutMs: 20_000,
    maxBytes: 100_000,
    signal: new AbortController().signal,
    ...options,
  });

describe("runCommand()", () => {
  test("hands over stdin, both streams, the exit code and only the given environment", async () => {
    const result = await run('cat; echo "$SECRET-$GIVEN" >&2; exit 3', {
      stdin: "text in\n",
      env: { PATH: process.env.PATH, GIVEN: "given" },
    });
    expect(result).toEqual({
      status: "exited",
      exitCode: 3,
      signal: null,
      stdout: "text in\n",
      stderr: "-given\n",
    });
  });

  test("takes megabytes on both streams at once", async () => {
    const script =
      "head -c 3000000 /dev/zero | tr '\\0' a & head -c 3000000 /dev/zero | tr '\\0' b >&2; wait";
    const { stdout, stderr } = await run(script, { maxBytes: 4_000_000 });
    expect([stdout.length, stderr.length]).toEqual([3_000_000, 3_000_000]);
  });

  test("ends a command that prints too much, and keeps the last part of standard error", async () => {
    expect((await run("yes")).status).toBe("output_limit");
    const { status, stderr } = await run("yes | head -c 500000 >&2; echo end >&2");
    expect(status).toBe("exited");
    expect(stderr.length).toBe(100_000);
    expect(stderr).toEndWith("end\n");
  });

  test("kills the whole group on timeout and on abort, also what holds the pipes", async () => {
    const dir = mkdtempSync(join(tmpdir(), "perfagent-test-"));
    try {
      const script = `(sleep 3; touch ${dir}/survivor) & sleep 30`;
      const started = performance.now();
      expect((await run(script, { timeoutMs: 200 })).status).toBe("timeout");
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 200);
      expect((await run(script, { signal: controller.signal })).status).toBe("aborted");
      expect((await run("echo never", { signal: AbortSignal.abort() })).status).toBe("aborted");
      expect(performance.now() - started).toBeLessThan(15_000);
      await Bun.sleep(3500);
      expect(await Bun.file(join(dir, "survivor")).exists()).toBe(false);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test("does not wait for a child that was left behind", async () => {
    const started = performance.now();
    expect((await run("sleep 30 & echo done")).stdout).toBe("done\n");
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test("names the signal that ended the command", async () => {
    expect(await run("kill -SEGV $$")).toMatchObject({ status: "exited", exitCode: null, signal: "SIGSEGV" });
  });
});
