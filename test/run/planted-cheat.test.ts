import { expect, setDefaultTimeout } from "bun:test";
import { openFakeRun, wholeAnswer } from "../support/fake-run.ts";
import { MISSING_FOR_LOCAL, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

// Real pairs on a busy machine: only a hang takes this long.
setDefaultTimeout(600_000);

const work = (loops: number): string =>
  `n = int(input())\ns = 0\nfor i in range(${loops}):\n    s += i % 3\nprint(n * n)\n`;
const TESTS = ["345", "6789", "777"].map((input) => ({ input, output: String(Number(input) ** 2) }));
const CHEAT = `ANSWERS = ${JSON.stringify(Object.fromEntries(TESTS.map(({ input, output }) => [input, output])))}
print(ANSWERS.get(input().strip(), "0"))
`;
const GENERATOR = `
def generate_test_cases(num_cases: int, seed: int = 42):
    random.seed(seed)
    numbers = [random.randint(10**4, 10**6) for _ in range(num_cases)]
    return [{"input": str(n), "output": str(n * n)} for n in numbers]
`;

optionalTest(MISSING_FOR_LOCAL)(
  "a table of the expected outputs passes the tests and is demoted",
  async () => {
    const task = openFakeRun("squares");
    const sandbox = await startLocalSandbox();
    try {
      const honest = work(120_000);
      const { result } = await task.run({
        initial: work(400_000),
        answers: [wholeAnswer(honest), wholeAnswer(CHEAT)],
        instance: { generated_tests: TESTS, test_case_generator: GENERATOR },
        config: { "optimization.held_out_tests": 10 },
        sandbox,
      });
      expect(result.optimization_history).toMatchObject([{ verdict: "improved" }, { verdict: "improved" }]);
      expect(result).toMatchObject({
        success: true,
        optimized_code: honest,
        held_out: { tests: 10, failed: 0, demoted_iterations: [2] },
      });
      const checks = task.events().filter((event) => event.type === "held_out");
      expect(checks).toMatchObject([
        { iteration: 2, tests: 10, failed: 10 },
        { iteration: 1, tests: 10, failed: 0 },
      ]);
      expect(checks[0]?.message).toContain("its source holds the given tests themselves");
    } finally {
      await sandbox.close();
      task.remove();
    }
  },
);
