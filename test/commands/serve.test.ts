import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServiceSandbox } from "../../src/sandbox/effibench.ts";
import { runCli, spawnCli } from "../support/cli.ts";
import { MISSING_FOR_LOCAL, SILENT } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";
import { protocolClient } from "../support/protocol-client.ts";

/** A service starts with real compilers and interpreters, on a busy machine too. */
const LONGEST_TEST_MS = 60_000;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A service as a user starts it; `line` is what it printed first. */
async function serve(...args: string[]) {
  const home = mkdtempSync(join(tmpdir(), "perfagent-serve-"));
  const child = spawnCli(["serve", "--port", "0", ...args], home);
  closers.push(async () => {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(home, { recursive: true, force: true });
  });
  const reader = child.stdout.getReader();
  let line = "";
  while (!line.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`serve ended: ${await new Response(child.stderr).text()}`);
    line += new TextDecoder().decode(value);
  }
  return { child, line: line.trim(), stderr: () => new Response(child.stderr).text() };
}

describe("perfagent serve", () => {
  const optional = optionalTest(MISSING_FOR_LOCAL);
  const localTest = (name: string, body: () => Promise<void>) => optional(name, body, LONGEST_TEST_MS);

  localTest("prints where it listens, serves, and stops on SIGTERM with exit code 0", async () => {
    const { child, line } = await serve();
    expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const client = protocolClient(line);
    const id = await client.submit({ code: "print(input())", language: "python", stdin: "hi" });
    expect((await client.ended([id], 50))[0]).toMatchObject({ status: "done", text: "hi\n" });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  localTest("--json prints one JSON line; --languages and --token hold", async () => {
    const { line, child, stderr } = await serve("--json", "--token", "s3cret-token", "--languages", "py,c++");
    const start = JSON.parse(line);
    expect(start).toMatchObject({ languages: ["python", "cpp"], workers: expect.any(Number) });
    expect((await fetch(`${start.url}/health`)).status).toBe(401);
    const client = protocolClient(start.url, { authorization: "Bearer s3cret-token" });
    expect(await client.health()).toEqual({ status: "ok", queue_size: 0 });
    expect(client.submit({ code: "x", language: "ruby" })).rejects.toThrow("allowed: python, cpp.");
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    expect(await stderr()).not.toContain("s3cret-token");
  });

  localTest("--compat measures by the published rules, and says so", async () => {
    const { line } = await serve("--json", "--compat", "effibench-x");
    const { url, measurement } = JSON.parse(line);
    expect(measurement).toBe("effibench-x");
    const client = protocolClient(url);
    const code = "import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr)";
    const [result] = await client.ended([await client.submit({ code, language: "python" })], 50);
    expect(result).toMatchObject({ status: "done", text: "out\nerr" });
    const sandbox = await createServiceSandbox({ urls: [url], logger: SILENT });
    expect(sandbox.info).toMatchObject({ measurement: "remote effibench-x", bytesPerMb: 1_024_000 });
    await sandbox.close();
  });

  test.each([
    [["--host", "0.0.0.0"], "without --token"],
    [["--languages", "cpp,pyton"], "did you mean 'python'?"],
    [["--port", "65536"], "--port"],
    [["--workers", "0"], "--workers"],
    [["--token"], "--token is given without its value"],
  ])(
    "%p is a usage error",
    async (args, words) => {
      const { exitCode, stdout, stderr } = await runCli(["serve", ...args]);
      expect(exitCode).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain(words);
    },
    LONGEST_TEST_MS,
  );

  localTest("a port that is taken is an error that says so", async () => {
    const { line } = await serve();
    const port = new URL(line).port;
    const { exitCode, stderr } = await runCli(["serve", "--port", port]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain(`Cannot serve on 127.0.0.1:${port}`);
  });
});
