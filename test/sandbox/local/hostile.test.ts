/** Hostile programs in every tier that this machine allows, as the administrator and as an ordinary user. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tier } from "../../../src/sandbox/local/isolation.ts";
import { optionalTest } from "../../support/optional.ts";
import { HOSTILE_PROGRAMS, HOSTILE_SOURCES } from "./hostile-programs.ts";
import { type HostileReport, type HostileRunOptions, MEMORY_BYTES } from "./hostile-run.ts";

interface Variant {
  readonly tier: Tier;
  readonly measurement: "launcher" | "portable";
  readonly user: "root" | "nobody" | "ourselves";
  /** Whether compilers are attacked too, which takes long. */
  readonly sources: boolean;
}

const isRoot = process.geteuid?.() === 0;

const VARIANTS: readonly Variant[] = isRoot
  ? [
      { tier: "L2", measurement: "launcher", user: "root", sources: true },
      { tier: "L4", measurement: "launcher", user: "root", sources: false },
      { tier: "L3", measurement: "launcher", user: "nobody", sources: false },
      { tier: "L4", measurement: "launcher", user: "nobody", sources: true },
      { tier: "L3", measurement: "portable", user: "nobody", sources: false },
      { tier: "L4", measurement: "portable", user: "nobody", sources: false },
    ]
  : [
      { tier: "L3", measurement: "launcher", user: "ourselves", sources: true },
      { tier: "L4", measurement: "launcher", user: "ourselves", sources: false },
      { tier: "L3", measurement: "portable", user: "ourselves", sources: false },
      { tier: "L4", measurement: "portable", user: "ourselves", sources: false },
    ];

/** The whole of one variant, on a machine that does other things too. */
const VARIANT_TIMEOUT_MS = 180_000;

/** Whom ordinary users' programs run as, where the tests are run by the administrator. */
const NOBODY = 65534;

const folder = mkdtempSync(join(tmpdir(), "perfagent-hostile-"));
chmodSync(folder, 0o777);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(
  VARIANTS.map((variant) => [`${variant.tier}, ${variant.measurement}, ${variant.user}`, variant] as const),
)("hostile programs in %s", (_name, variant) => {
  let report: HostileReport;
  const missing = missingFor(variant);

  beforeAll(async () => {
    if (missing === null) report = await run(variant);
  }, VARIANT_TIMEOUT_MS);

  for (const program of HOSTILE_PROGRAMS) {
    if (variant.measurement === "portable" && program.launcherOnly !== undefined) continue;
    optionalTest(missing)(`${program.name} ends as ${program.status.join(" or ")}`, () => {
      const outcome = report.outcomes.find(({ name }) => name === program.name);
      const seen = { ...outcome, stderr: outcome?.stderr.slice(-500), stdout: outcome?.stdout.slice(0, 500) };
      expect(program.status, JSON.stringify(seen)).toContain(outcome?.status as never);
      if (program.stdout !== undefined) expect(outcome?.stdout).toBe(program.stdout);
      if (program.signal !== undefined) expect(outcome?.signal).toBe(program.signal);
      if (program.exitCode !== undefined) expect(outcome?.exitCode).toBe(program.exitCode);
      if (program.leastCpuUs !== undefined) expect(outcome?.cpuUs).toBeGreaterThan(program.leastCpuUs);
    });
  }

  for (const { name } of variant.sources ? HOSTILE_SOURCES : []) {
    optionalTest(missing)(`a source that ${name} does not build`, () => {
      const build = report.builds.find((entry) => entry.name === name);
      expect(build?.status).toBe("failed");
      expect(build?.message).not.toContain("root:");
    });
  }

  optionalTest(missing)("the sandbox is what was asked for", () => {
    expect(report).toMatchObject({ isolation: variant.tier, measurement: variant.measurement });
  });

  optionalTest(missing)("no process is left", () => {
    expect(leftovers()).toEqual([]);
  });

  optionalTest(missing)("perfagent stays small", () => {
    // 16 MB beside the outputs themselves, of which the tests hold 64 KiB each.
    expect(report.grownBytes).toBeLessThan(16e6 + 4 * 2 ** 20 + HOSTILE_PROGRAMS.length * 65536);
  });

  optionalTest(missing)("memory limits are held", () => {
    // A wide bound for a busy machine; the bench measures the overshoot.
    for (const { name, status, peakBytes } of report.outcomes) {
      if (status !== "memory_limit") continue;
      expect(peakBytes, name).toBeLessThan(MEMORY_BYTES * 3);
    }
  });

  optionalTest(missing)("the next program's time is unharmed", () => {
    // Both are the least of many runs of a program of a millisecond: a bomb that still goes off delays every one.
    expect(report.after).toBeLessThan(report.before * 4 + 60e6);
  });
});

test("hostile programs leave nothing outside their boxes", () => {
  expect(readdirSync("/tmp").filter((name) => name === "cache" || name === "escape")).toEqual([]);
});

// --- internal ---

function missingFor({ tier, user }: Variant): string | null {
  if (process.platform !== "linux") return "this is not Linux";
  if ((tier === "L2" || tier === "L3") && Bun.which("bwrap") === null) return "bubblewrap is not installed";
  if (user === "nobody" && Bun.which("setpriv") === null) return "setpriv is not installed";
  if (user === "nobody" && !readableByAll(import.meta.dir)) return "other users cannot read the project";
  if (Bun.which("g++") === null) return "g++ is not installed";
  return null;
}

function readableByAll(path: string): boolean {
  const check = [
    "setpriv",
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    "--clear-groups",
    "/usr/bin/test",
    "-r",
    path,
  ];
  return Bun.spawnSync(check).exitCode === 0;
}

async function run(variant: Variant): Promise<HostileReport> {
  const place = join(folder, variant.user);
  const options: HostileRunOptions = {
    tier: variant.tier,
    measurement: variant.measurement,
    cacheDir: join(place, "cache"),
    tmpDir: join(place, "tmp"),
    // Another user has no access to our version managers.
    path: variant.user === "nobody" ? "/usr/local/bin:/usr/bin:/bin" : (process.env.PATH ?? ""),
    only: [],
    sources: variant.sources,
  };
  const asUser =
    variant.user === "nobody" ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];
  const child = Bun.spawn(
    [...asUser, process.execPath, join(import.meta.dir, "hostile-run.ts"), JSON.stringify(options)],
    { stdout: "pipe", stderr: "pipe", env: { PATH: "/usr/bin:/bin", HOME: folder }, cwd: "/" },
  );
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as HostileReport;
}

/** Command lines of processes that hostile programs, or their boxes, left behind. */
function leftovers(): string[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return line.includes(folder) ? [line] : [];
    } catch {
      // Ended while we looked.
      return [];
    }
  });
}
