/**
 * An evaluator of one's own, as a module: configure `evaluator: ./my-eval.ts`.
 *
 * It runs every test in the sandbox, accepts an output whose words are the expected ones, and measures the bytes that
 * the program prints. It needs nothing but types, so it also works beside the compiled executable, without a package.
 */

/** The parts used here; the whole interface is `Sandbox` in perfagent's src/types.ts. */
interface Sandbox {
  build(
    source: { language: string; code: string },
    signal: AbortSignal,
  ): Promise<{ status: string; message: string }>;
  run(
    jobs: {
      build: unknown;
      stdin: string;
      limits: { wallMs: number; memoryBytes: number; outputBytes: number };
    }[],
    options: { purpose: "check" | "time" },
    signal: AbortSignal,
  ): Promise<{ status: string; stdout: Uint8Array; wallNs: number | null }[]>;
}

interface Input {
  language: string;
  instance: { tests: { input: string; output: string }[] };
  limits: { timeLimitMs: number | null; memoryLimitBytes: number | null; outputBytes: number };
}

export default function createEvaluator(input: Input, { sandbox }: { sandbox: Sandbox }) {
  const { language, instance } = input;
  const limits = {
    wallMs: input.limits.timeLimitMs ?? 10_000,
    memoryBytes: input.limits.memoryLimitBytes ?? 2 ** 30,
    outputBytes: input.limits.outputBytes,
  };
  const words = (text: string): string => text.trim().split(/\s+/).join(" ");

  return {
    async evaluate(code: string, signal: AbortSignal) {
      const build = await sandbox.build({ language, code }, signal);
      if (build.status !== "ok") return { passed: false, pass_rate: 0, feedback: build.message };
      const jobs = instance.tests.map((test) => ({ build, stdin: test.input, limits }));
      const results = await sandbox.run(jobs, { purpose: "check" }, signal);
      let right = 0;
      let bytes = 0;
      for (const [index, result] of results.entries()) {
        bytes += result.stdout.length;
        const output = new TextDecoder().decode(result.stdout);
        if (result.status === "exited" && words(output) === words(instance.tests[index]?.output ?? ""))
          right++;
      }
      return {
        passed: right === jobs.length,
        pass_rate: right / jobs.length,
        // A number is exact; a list of numbers would be samples of something that varies. Lower is better.
        metrics: { output_bytes: bytes },
        feedback: `It prints ${bytes} bytes on all tests together; fewer are better.`,
      };
    },
  };
}
