import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createFakeSandbox } from "../../src/sandbox/fake.ts";
import { startSandboxServer } from "../../src/sandbox/server.ts";
import type { Sandbox } from "../../src/types.ts";
import { MISSING_FOR_LOCAL, SILENT, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";
import { protocolClient } from "../support/protocol-client.ts";
import { percentile, runLoad } from "../support/service-load.ts";

const SHARED = join(import.meta.dir, "../../../shared/data/adversarial");

async function withService(
  sandbox: Sandbox,
  workers: number,
  body: (url: string) => Promise<void>,
): Promise<void> {
  const server = startSandboxServer({
    sandbox,
    host: "127.0.0.1",
    port: 0,
    token: null,
    workers,
    languages: ["python3", "cpp"],
    limits: { wallMs: 30_000, memoryBytes: 2 ** 29, outputBytes: 2 ** 24 },
    logger: SILENT,
  });
  try {
    await body(server.url);
  } finally {
    await server.stop(0);
    await sandbox.close();
  }
}

describe("startSandboxServer() under load", () => {
  test("500 clients at once lose, double and mix up nothing, and /health keeps answering", async () => {
    await withService(createFakeSandbox({ behave: () => ({ echo: true }) }), 4, async (url) => {
      const healthMs: number[] = [];
      const load = runLoad({
        url,
        clients: 500,
        forMs: 1_500,
        pollMs: 200,
        echo: { code: "echo", language: "python" },
      });
      const probe = setInterval(async () => {
        const startedAt = performance.now();
        await protocolClient(url).health();
        healthMs.push(performance.now() - startedAt);
      }, 50);
      const { submitted, done, lost, doubled, wrong } = await load;
      clearInterval(probe);
      expect(submitted).toBeGreaterThan(500);
      expect({ done, lost, doubled, wrong }).toEqual({ done: submitted, lost: 0, doubled: 0, wrong: 0 });
      // The bar is 50 ms, measured by the bench in a process of its own; here clients and service share a thread.
      expect(percentile(healthMs, 0.5)).toBeLessThan(2_000);
    });
  }, 60_000);

  optionalTest(MISSING_FOR_LOCAL ?? (existsSync(SHARED) ? null : "the hostile programs are not there"))(
    "hostile programs change nothing for their neighbours",
    async () => {
      const hostile = readdirSync(SHARED).filter((name) => /^\d.*\.(py|cpp)$/.test(name));
      await withService(await startLocalSandbox(), 2, async (url) => {
        const client = protocolClient(url);
        const limits = { time_limit: 2, memory_limit: 128 };
        const neighbour = { code: "print(sum(range(int(input()))))", language: "python", ...limits };
        const submitted: { hostile: number; neighbour: number; name: string }[] = [];
        for (const name of hostile) {
          const code = readFileSync(join(SHARED, name), "utf8");
          const language = name.endsWith(".py") ? "python" : "cpp";
          submitted.push({
            name,
            hostile: await client.submit({ code, language, stdin: "x\n".repeat(1000), ...limits }),
            neighbour: await client.submit({ ...neighbour, stdin: "1000" }),
          });
        }
        const neighbours = await client.ended(
          submitted.map((pair) => pair.neighbour),
          100,
        );
        for (const result of neighbours) {
          expect(result).toMatchObject({ status: "done", exit_code: 0, text: "499500\n" });
          expect(result.runtime).toBeGreaterThan(0);
        }
        const ended = await client.ended(
          submitted.map((pair) => pair.hostile),
          100,
        );
        const statuses = Object.fromEntries(
          ended.map(({ status }, index) => [submitted[index]?.name, status]),
        );
        expect(statuses).toMatchObject({
          "01_cpu_loop.py": "timeout",
          "03_ignore_sigterm.py": "timeout",
          "05_mem_bomb.cpp": "oom",
          "09_daemon_setsid.py": "done",
          "11_output_flood.py": "error",
          "13_stdin_unread.py": "done",
          "27_exit_code_spoof.py": "error",
          "34_binary_output.py": "done",
        });
        expect(await client.health()).toEqual({ status: "ok", queue_size: 0 });
      });
    },
    120_000,
  );
});
