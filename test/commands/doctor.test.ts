import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Check, renderChecks, worstStatus } from "../../src/commands/doctor/check.ts";
import { checkIsolation, checkPlaces } from "../../src/commands/doctor/machine.ts";
import { noiseChecks, noiseOf } from "../../src/commands/doctor/noise.ts";
import { LANGUAGE_IDS } from "../../src/languages.ts";
import { TIERS } from "../../src/sandbox/local/isolation.ts";
import { findToolchain } from "../../src/sandbox/local/toolchain.ts";
import { emptyResult } from "../../src/sandbox/result.ts";
import { runCli, withFolder } from "../support/cli.ts";
import { MISSING_FOR_LOCAL } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

const localTest = optionalTest(MISSING_FOR_LOCAL);
const TIMEOUT_MS = 300_000;

const KEY = "sk-test-1234567890abcdef";

/** PATH with some tools alone, so that no other language costs time. */
async function withPath<T>(tools: readonly string[], body: (path: string) => Promise<T>): Promise<T> {
  return await withFolder(async (folder) => {
    if (tools.includes("python3")) {
      // Python itself: a version manager's shim would need the rest of PATH.
      const { tools: real } = await findToolchain("python3", { env: process.env });
      symlinkSync(real.python3 ?? "", join(folder, "python3"));
    }
    for (const tool of tools) {
      const path = Bun.which(tool);
      if (path !== null && tool !== "python3") symlinkSync(path, join(folder, tool));
    }
    return await body(folder);
  });
}

function find(checks: readonly Check[], name: string): Check | undefined {
  return checks.find((check) => check.name === name);
}

describe("perfagent doctor", () => {
  localTest(
    "--json says of each part what works, and what to do about the rest",
    async () =>
      await withPath(["bwrap", "cc", "as", "ld", "python3"], async (path) => {
        const result = await runCli(["doctor", "--json"], { env: { PATH: path }, timeoutMs: TIMEOUT_MS });
        expect(result.exitCode).toBe(0);
        const report = JSON.parse(result.stdout);
        expect(report).toMatchObject({
          usable: true,
          languages: ["python3"],
          isolation: expect.stringMatching(/^L\d$/),
        });
        expect(report.noise.wall_difference).toBeGreaterThanOrEqual(0);
        const checks: Check[] = report.checks;
        for (const language of LANGUAGE_IDS) {
          expect(find(checks, language)?.status).toBe(language === "python3" ? "ok" : "missing");
        }
        expect(find(checks, "ruby")?.advice).toContain("apt install ruby");
        expect([...new Set(checks.map(({ section }) => section))]).toEqual([
          "Languages",
          "Packages of the benchmark",
          "Isolation and measurement",
          "Clock and noise",
          "Cores",
          "Folders",
          "Model and backend",
        ]);
        for (const check of checks) {
          expect(["ok", "degraded", "missing"]).toContain(check.status);
          expect(check.detail).not.toBe("");
        }
        expect(find(checks, "model")).toMatchObject({
          status: "missing",
          advice: expect.stringContaining("OPENAI_API_KEY"),
        });
      }),
    TIMEOUT_MS,
  );

  test(
    "ends with exit code 4 when nothing can be run, and still reports",
    async () =>
      await withPath([], async (path) => {
        const result = await runCli(["doctor"], { env: { PATH: path }, timeoutMs: TIMEOUT_MS });
        expect(result.exitCode).toBe(4);
        expect(result.stdout).toContain("Nothing can be run here.");
        expect(result.stdout).toMatch(/missing +python3/);
        expect(result.stdout).toContain("apt install g++");
      }),
    TIMEOUT_MS,
  );

  test(
    "tries a configured key, and never shows it",
    async () => {
      const server = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: (request) => {
          const accepted = request.headers.get("authorization") === `Bearer ${KEY}`;
          const path = new URL(request.url).pathname;
          return new Response(`{"echo": "${KEY}"}`, {
            status: path !== "/v1/models" ? 500 : accepted ? 200 : 401,
          });
        },
      });
      try {
        await withPath([], async (path) => {
          const run = (key: string) =>
            runCli(
              [
                "doctor",
                "--json",
                "--llm-api-base",
                `http://127.0.0.1:${server.port}/v1`,
                "--llm-api-key",
                key,
              ],
              {
                env: { PATH: path },
                timeoutMs: TIMEOUT_MS,
              },
            );
          const good = await run(KEY);
          expect(find(JSON.parse(good.stdout).checks, "model")).toMatchObject({
            status: "ok",
            detail: expect.stringContaining("takes the key"),
          });
          expect(good.stdout + good.stderr).not.toContain(KEY);
          const bad = await run(`${KEY}9`);
          expect(find(JSON.parse(bad.stdout).checks, "model")).toMatchObject({
            status: "degraded",
            detail: expect.stringContaining("refuses the key (HTTP 401)"),
          });
          expect(bad.stdout + bad.stderr).not.toContain(KEY);
        });
      } finally {
        await server.stop(true);
      }
    },
    TIMEOUT_MS,
  );

  test("--clear-cache removes what is kept between runs", async () =>
    await withFolder(async (folder) => {
      mkdirSync(join(folder, "perfagent/builds"), { recursive: true });
      writeFileSync(join(folder, "perfagent/builds/x"), "x".repeat(1_500_000));
      const env = { XDG_CACHE_HOME: folder };
      const result = await runCli(["doctor", "--clear-cache"], { env });
      expect(result).toMatchObject({ exitCode: 0, stdout: `Removed 1.5 MB in '${folder}/perfagent'\n` });
      expect(existsSync(join(folder, "perfagent"))).toBe(false);
      const again = await runCli(["doctor", "--clear-cache", "--json"], { env });
      expect(JSON.parse(again.stdout)).toEqual({ cleared: `${folder}/perfagent`, bytes: 0 });
    }));
});

describe("noiseOf()", () => {
  const run = (wallMs: number, cpuMs: number | null) => ({
    ...emptyResult("exited"),
    wallNs: wallMs * 1e6,
    cpuUs: cpuMs === null ? null : cpuMs * 1000,
  });

  test("is the median difference of neighbours", () => {
    const noise = noiseOf(
      [run(100, 50), run(110, 50), run(100, 50), run(100, 51), run(100, 50), run(80, 55)],
      60,
    );
    expect(noise).toMatchObject({ pairs: 3, wallMs: 100, clockNs: 60 });
    expect(noise?.wallDifference).toBeCloseTo(Math.log(1.1), 9);
    expect(noise?.cpuDifference).toBeCloseTo(Math.log(51 / 50), 9);
  });

  test("is null where a run failed, and says so where CPU time is not measured", () => {
    expect(noiseOf([run(1, 1), emptyResult("timeout")], 1)).toBeNull();
    expect(noiseOf([run(1, null), run(1, null)], 1)?.cpuDifference).toBeNull();
    expect(noiseChecks(null)[0]?.status).toBe("missing");
  });

  test("above 5 % is degraded", () => {
    const status = (b: number) => noiseChecks(noiseOf([run(100, null), run(b, null)], 1)).at(-1)?.status;
    expect(status(104)).toBe("ok");
    expect(status(106)).toBe("degraded");
  });
});

describe("checkIsolation()", () => {
  test.each([
    ["L1", "ok"],
    ["L3", "ok"],
    ["L4", "degraded"],
    ["L5", "missing"],
  ])("%s is %s, with what would raise it", (isolation, status) => {
    const attempts = TIERS.map((name) => ({
      tier: name,
      obstacle: name < isolation ? `no ${name} here` : null,
    }));
    const [tier, measurement] = checkIsolation({ isolation, measurement: "portable" }, attempts);
    expect(tier?.status).toBe(status as Check["status"]);
    expect(tier?.advice === "").toBe(isolation === "L1");
    expect(tier?.advice.includes("L1: no L1 here")).toBe(isolation !== "L1");
    expect(measurement?.status).toBe("degraded");
  });
});

describe("checkPlaces()", () => {
  test("looks at the nearest folder that exists, and makes none", () =>
    withFolder((folder) => {
      writeFileSync(join(folder, "file"), "");
      const [deep, blocked] = checkPlaces({ a: join(folder, "x/y/z"), b: join(folder, "file/x") });
      expect(deep?.status).not.toBe("missing");
      expect(existsSync(join(folder, "x"))).toBe(false);
      expect(blocked).toMatchObject({
        status: "missing",
        detail: expect.stringContaining("cannot be written"),
      });
    }));
});

describe("renderChecks()", () => {
  test("lists checks under their sections, advice below", () => {
    const checks: Check[] = [
      { section: "A", name: "long name", status: "ok", detail: "fine", advice: "" },
      { section: "A", name: "x", status: "missing", detail: "not there", advice: "get it" },
      { section: "B", name: "y", status: "degraded", detail: "so so", advice: "" },
    ];
    expect(renderChecks(checks)).toBe(
      "A\n  ok        long name  fine\n  missing   x          not there\n            → get it\n\nB\n  degraded  y          so so\n",
    );
    expect(worstStatus(checks)).toBe("missing");
    expect(worstStatus(checks.slice(0, 1))).toBe("ok");
  });
});
