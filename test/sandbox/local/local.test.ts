/** The local sandbox as others use it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PerfagentError } from "../../../src/errors.ts";
import { createLocalSandbox, surveyIsolation } from "../../../src/sandbox/local/index.ts";
import type { Job, Sandbox, SuccessfulBuild } from "../../../src/types.ts";
import { optionalTest } from "../../support/optional.ts";

const NEVER = new AbortController().signal;
const LIMITS = { wallMs: 20_000, memoryBytes: 256 * 2 ** 20, outputBytes: 64 * 2 ** 20 };
const TIMEOUT_MS = 60_000;

const missing =
  process.platform !== "linux"
    ? "this is not Linux"
    : Bun.which("g++") === null
      ? "g++ is not installed"
      : null;

/** Signal 17 in the masks of /proc. */
const SIGCHLD_BIT = 1n << 16n;

/** Processes that this one has started, directly or not. */
function descendants(): { readonly pid: number; readonly name: string }[] {
  const all = readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const stat = readFileSync(join("/proc", pid, "stat"), "utf8");
      const end = stat.lastIndexOf(")");
      const parent = Number(stat.slice(end + 2).split(" ")[1]);
      return [{ pid: Number(pid), parent, name: stat.slice(stat.indexOf("(") + 1, end) }];
    } catch {
      return [];
    }
  });
  const below = (root: number): typeof all =>
    all.filter(({ parent }) => parent === root).flatMap((child) => [child, ...below(child.pid)]);
  return below(process.pid);
}

const folder = mkdtempSync(join(tmpdir(), "perfagent-local-"));
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const options = {
  allowUnsafe: false,
  cacheDir: join(folder, "cache"),
  tmpDir: folder,
  env: process.env,
  logger,
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the local sandbox", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    if (missing === null) sandbox = await createLocalSandbox(options);
  }, TIMEOUT_MS);
  afterAll(() => sandbox?.close());

  async function build(code: string): Promise<SuccessfulBuild> {
    const built = await sandbox.build({ language: "cpp", code }, NEVER);
    if (built.status !== "ok") throw new Error(built.message);
    return built;
  }

  async function run(code: string, job: Partial<Omit<Job, "build">> = {}, signal = NEVER) {
    const jobs = [{ build: await build(code), stdin: "", limits: LIMITS, ...job }];
    const [result] = await sandbox.run(jobs, { purpose: "check" }, signal);
    if (result === undefined) throw new Error("no result");
    return { ...result, stdout: Buffer.from(result.stdout), stderr: Buffer.from(result.stderr) };
  }

  optionalTest(missing)(
    "every thread of a launcher blocks SIGCHLD, so that none takes the end of a program away from the one that waits",
    async () => {
      await run("int main() {}\n");
      const launchers = descendants().filter(({ name }) => name === "launcher");
      expect(launchers.length).toBeGreaterThan(0);
      for (const { pid } of launchers) {
        for (const thread of readdirSync(join("/proc", String(pid), "task"))) {
          const status = readFileSync(join("/proc", String(pid), "task", thread, "status"), "utf8");
          const blocked = BigInt(`0x${/^SigBlk:\t(\w+)$/m.exec(status)?.[1] ?? "0"}`);
          expect({ thread, blocks: (blocked & SIGCHLD_BIT) !== 0n }).toEqual({ thread, blocks: true });
        }
      }
    },
    TIMEOUT_MS,
  );

  const ECHO =
    "#include <unistd.h>\nint main() { static char b[65536]; ssize_t n; while ((n = read(0, b, sizeof b)) > 0) if (write(1, b, n) != n) return 1; }\n";

  optionalTest(missing)(
    "run() hands input and output through unchanged",
    async () => {
      const large = Buffer.alloc(50 * 2 ** 20, "0123456789\r\n");
      for (const [stdin, expected] of [
        ["", "\n"],
        ["no newline", "no newline"],
        ["a\r\nb\r\n", "a\r\nb\r\n"],
        [new Uint8Array([0, 255, 254, 10]), Buffer.from([0, 255, 254, 10])],
        [large, large],
      ] as const) {
        const { status, stdout } = await run(ECHO, { stdin });
        expect(status).toBe("exited");
        expect(stdout.equals(Buffer.from(expected))).toBe(true);
      }
    },
    TIMEOUT_MS,
  );

  optionalTest(missing)(
    "run() keeps the order of the jobs and of the runs",
    async () => {
      const echo = await build(ECHO);
      const twice = await build(`${ECHO}// another program\n`);
      for (const purpose of ["check", "time"] as const) {
        const jobs = Array.from({ length: 30 }, (_, index) => ({
          build: index % 3 === 0 ? twice : echo,
          stdin: `${index}`,
          limits: LIMITS,
        }));
        const results = await sandbox.run(jobs, { purpose }, NEVER);
        expect(results.map(({ stdout }) => Buffer.from(stdout).toString())).toEqual(
          Array.from({ length: 30 }, (_, index) => `${index}`),
        );
      }
    },
    TIMEOUT_MS,
  );

  optionalTest(missing)(
    "run() measures a program",
    async () => {
      const burn =
        "#include <cstdlib>\n#include <ctime>\nint main() { volatile char *p = (volatile char *)malloc(50 << 20); for (int i = 0; i < 50 << 20; i += 4096) p[i] = 1; timespec t; do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); while (t.tv_sec * 1e3 + t.tv_nsec / 1e6 < 100); }\n";
      const { status, wallNs, cpuUs, peakBytes, integralByteS } = await run(burn);
      expect(status).toBe("exited");
      expect(wallNs).toBeGreaterThan(90e6);
      expect(cpuUs).toBeGreaterThan(90e3);
      expect(cpuUs).toBeLessThan(400e3);
      expect(peakBytes).toBeGreaterThan(50 * 2 ** 20);
      expect(peakBytes).toBeLessThan(60 * 2 ** 20);
      // Most of the memory for most of the time, and never more than all of it all the time.
      expect(integralByteS).toBeGreaterThan(0.3 * (peakBytes ?? 0) * ((wallNs ?? 0) / 1e9));
      expect(integralByteS).toBeLessThanOrEqual((peakBytes ?? 0) * ((wallNs ?? 0) / 1e9) * 1.01);
    },
    TIMEOUT_MS,
  );

  optionalTest(missing)(
    "run() keeps 64 KiB of an output over its limit, and all of one at it",
    async () => {
      const exactly = "#include <cstdio>\nint main() { for (int i = 0; i < 100000; i++) putchar('x'); }\n";
      const at = await run(exactly, { limits: { ...LIMITS, outputBytes: 100_000 } });
      expect([at.status, at.stdout.length, at.stdoutTruncated]).toEqual(["exited", 100_000, false]);
      const over = await run(exactly, { limits: { ...LIMITS, outputBytes: 99_999 } });
      expect([over.status, over.stdout.length, over.stdoutTruncated]).toEqual(["output_limit", 65_536, true]);
    },
    TIMEOUT_MS,
  );

  optionalTest(missing)(
    "run() ends at once when it is aborted",
    async () => {
      const endless = await build(
        "#include <unistd.h>\nint main() { if (fork() == 0) setsid(); for (;;) pause(); }\n",
      );
      for (const purpose of ["check", "time"] as const) {
        const controller = new AbortController();
        const jobs = Array.from({ length: 5 }, () => ({ build: endless, stdin: "", limits: LIMITS }));
        const running = sandbox.run(jobs, { purpose }, controller.signal);
        await Bun.sleep(300);
        const start = performance.now();
        controller.abort();
        const results = await running;
        expect(performance.now() - start).toBeLessThan(5000);
        expect(results.map(({ status }) => status)).toEqual(jobs.map(() => "cancelled"));
      }
      const after = await run(ECHO, { stdin: "x" });
      expect(after.stdout.toString()).toBe("x");
    },
    TIMEOUT_MS,
  );

  optionalTest(missing)(
    "run() gives a cancelled result for a signal that is aborted already",
    async () => {
      expect(await run(ECHO, { stdin: "x" }, AbortSignal.abort())).toMatchObject({
        status: "cancelled",
        wallNs: null,
      });
    },
    TIMEOUT_MS,
  );

  optionalTest(missing)(
    "surveyIsolation() says of each tier what stands in its way",
    async () => {
      const attempts = await surveyIsolation(options);
      expect(attempts.map(({ tier }) => tier)).toEqual(["L1", "L2", "L3", "L4", "L5"]);
      expect(attempts.find(({ tier }) => tier === sandbox.info.isolation)?.obstacle).toBeNull();
      for (const { obstacle } of attempts) expect(obstacle).not.toBe("");
    },
    TIMEOUT_MS,
  );
});

optionalTest(missing)(
  "createLocalSandbox() refuses to run without isolation, unless it is told to",
  async () => {
    const refused = createLocalSandbox({ ...options, tier: "L5" });
    await expect(refused).rejects.toBeInstanceOf(PerfagentError);
    await expect(refused).rejects.toMatchObject({
      code: "backend",
      hint: expect.stringContaining("bubblewrap"),
    });
    for (const measurement of ["launcher", "portable"] as const) {
      const unsafe = await createLocalSandbox({ ...options, tier: "L5", allowUnsafe: true, measurement });
      const code = '#include <cstdio>\nint main() { fopen("/tmp/x", "w"); puts("unsafe"); }\n';
      const built = await unsafe.build({ language: "cpp", code }, NEVER);
      expect(built).toMatchObject({ status: "ok" });
      if (built.status !== "ok") throw new Error(built.message);
      const [result] = await unsafe.run(
        [{ build: built, stdin: "", limits: LIMITS }],
        { purpose: "check" },
        NEVER,
      );
      expect(result).toMatchObject({ status: "exited", exitCode: 0 });
      expect(Buffer.from(result?.stdout ?? []).toString()).toBe("unsafe\n");
      await unsafe.close();
    }
  },
  TIMEOUT_MS,
);

optionalTest(missing)(
  "boxes die with the process that has them",
  async () => {
    const token = crypto.randomUUID();
    const script = join(import.meta.dir, "endless.ts");
    const child = Bun.spawn([process.execPath, script, folder, token], { stdout: "pipe", stderr: "inherit" });
    await child.stdout.getReader().read();
    await Bun.sleep(200);
    child.kill("SIGKILL");
    await child.exited;
    const deadline = performance.now() + 5000;
    while (boxesWith(token) > 0 && performance.now() < deadline) await Bun.sleep(20);
    expect(boxesWith(token)).toBe(0);
  },
  TIMEOUT_MS,
);

test("no folder of a sandbox is left", () => {
  expect(
    readdirSync(folder).filter((name) => name.startsWith("run-") || name.startsWith("scratch-")),
  ).toEqual([]);
});

// --- internal ---

function boxesWith(token: string): number {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(join("/proc", name, "root", "box", "code.cpp"), "utf8").includes(token);
    } catch {
      // Not in a box, or ended while we looked.
      return false;
    }
  }).length;
}
