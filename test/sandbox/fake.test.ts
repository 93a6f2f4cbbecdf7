import { describe, expect, test } from "bun:test";
import { createFakeSandbox, FAKE_DIRECTIVE, type FakeBehaviour } from "../../src/sandbox/fake.ts";
import type { ExecResult, Limits, Sandbox, SuccessfulBuild } from "../../src/types.ts";

const LIMITS: Limits = { wallMs: 1_000, memoryBytes: 50e6, outputBytes: 1_000 };
const NEVER = new AbortController().signal;

async function runs(sandbox: Sandbox, behaviour: FakeBehaviour, count = 1): Promise<ExecResult[]> {
  const code = `// ${FAKE_DIRECTIVE} ${JSON.stringify(behaviour)}`;
  const build = (await sandbox.build({ language: "cpp", code }, NEVER)) as SuccessfulBuild;
  const jobs = Array.from({ length: count }, () => ({ build, stdin: "in", limits: LIMITS }));
  return sandbox.run(jobs, { purpose: "time" }, NEVER);
}

describe("createFakeSandbox()", () => {
  test("gives exactly the numbers that the directive says", async () => {
    const [result] = await runs(createFakeSandbox(), { stdout: "8\n", wallMs: 3, cpuMs: 2, peakMb: 12 });
    expect(result).toMatchObject({
      status: "exited",
      exitCode: 0,
      wallNs: 3_000_000,
      cpuUs: 2_000,
      peakBytes: 12e6,
      integralByteS: 12e6 * 0.003,
    });
  });

  test("judges in the order of every sandbox: output, memory, time, own end", async () => {
    const all = { stdout: "x".repeat(2_000), peakMb: 60, wallMs: 2_000, exitCode: 1 };
    const { stdout: _stdout, ...withoutOutput } = all;
    const { peakMb: _peakMb, ...withoutMemory } = withoutOutput;
    const { wallMs: _wallMs, ...withoutTime } = withoutMemory;
    const statuses = [];
    for (const behaviour of [all, withoutOutput, withoutMemory, withoutTime]) {
      statuses.push((await runs(createFakeSandbox(), behaviour))[0]?.status);
    }
    expect(statuses).toEqual(["output_limit", "memory_limit", "timeout", "runtime_error"]);
  });

  test("spreads times by the jitter around the given one, the same for the same seed", async () => {
    const times = async (seed: number) =>
      (await runs(createFakeSandbox({ seed }), { wallMs: 10, jitter: 0.05 }, 400)).map(
        ({ wallNs }) => (wallNs ?? 0) / 1e6,
      );
    const [first, again, other] = [await times(3), await times(3), await times(4)];
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    const logs = first.map((ms) => Math.log(ms / 10));
    const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((a, b) => a + (b - mean) ** 2, 0) / logs.length);
    // 400 draws: the standard errors are 0.0025 and 0.0018.
    expect(Math.abs(mean)).toBeLessThan(0.0125);
    expect(Math.abs(deviation - 0.05)).toBeLessThan(0.009);
  });

  test("asks a function what a program does, before its directive", async () => {
    const seen: (string | null)[] = [];
    const sandbox = createFakeSandbox({
      behave(_source, stdin) {
        seen.push(stdin);
        return { stdout: stdin === "in" ? "from the function" : "" };
      },
    });
    const [result] = await runs(sandbox, { stdout: "from the directive" });
    expect(new TextDecoder().decode(result?.stdout)).toBe("from the function");
    expect(seen).toEqual([null, "in"]);
  });

  test("a directive that cannot be read is an error that shows it", async () => {
    const sandbox = createFakeSandbox();
    for (const text of ["{", '{"wallMs": "3"}', '{"walMs": 3}']) {
      const code = `# ${FAKE_DIRECTIVE} ${text}`;
      expect(sandbox.build({ language: "python3", code }, NEVER)).rejects.toThrow(
        `Cannot read the directive '${code}'`,
      );
    }
  });
});
