import { describe, expect, test } from "bun:test";
import { PerfagentError } from "../src/errors.ts";
import { parseInstance, requireLanguage } from "../src/instance.ts";

const minimal = {
  description: "Print the sum.",
  generated_tests: [{ input: "1 2\n", output: "3\n" }],
};

function refusal(content: unknown, origin = "problem.json"): string {
  try {
    parseInstance(typeof content === "string" ? content : JSON.stringify(content), origin);
  } catch (error) {
    if (error instanceof PerfagentError && error.code === "instance") return error.message;
    throw error;
  }
  return "accepted";
}

describe("parseInstance()", () => {
  test("reads JSON strings and values alike", () => {
    const asStrings = { ...minimal, generated_tests: JSON.stringify(minimal.generated_tests) };
    const a = parseInstance(JSON.stringify(minimal), "p.json");
    const b = parseInstance(JSON.stringify(asStrings), "p.json");
    expect(a.tests).toEqual(b.tests);
    expect(a.tests).toEqual([{ input: "1 2\n", output: "3\n" }]);
  });

  test("names the task by its file, and standard input by the problem", () => {
    const text = JSON.stringify({ ...minimal, source: "aoj", id: 12, title_slug: "sum" });
    expect(parseInstance(text, "a/b/aoj_12_sum.v2.json").taskName).toBe("aoj_12_sum.v2");
    expect(parseInstance(text, "-").taskName).toBe("aoj_12_sum");
    expect(parseInstance(JSON.stringify(minimal), "-").taskName).toBe("stdin");
  });

  test("makes a task name that cannot leave its folder", () => {
    for (const name of ["..", ".", "../x", "a/b"]) {
      const text = JSON.stringify({ ...minimal, source: name });
      const task = parseInstance(text, "-").taskName;
      expect(task).not.toContain("/");
      expect([".", "..", ""]).not.toContain(task);
    }
  });

  test("prefers the markdown description and converts limits", () => {
    const instance = parseInstance(
      JSON.stringify({
        ...minimal,
        description_md: "**Print**",
        time_limit_nanos: 2_000_000_000,
        memory_limit_bytes: 1000,
      }),
      "p.json",
    );
    expect(instance.description).toBe("**Print**");
    expect(instance.timeLimitMs).toBe(2000);
    expect(instance.memoryLimitBytes).toBe(1000);
  });

  test("takes the fastest human program of a distribution that holds code", () => {
    const instance = parseInstance(
      JSON.stringify({
        ...minimal,
        solutions: {
          python3: {
            code: "given",
            runtimeDistribution: JSON.stringify([
              [5, 10, "slow"],
              [1, 1, ""],
              [2, 3, "fast"],
            ]),
            memoryDistribution: "not json",
          },
          cpp: "broken",
          ruby: { code: "alone" },
        },
      }),
      "p.json",
    );
    expect(instance.solutions).toEqual({
      python3: { code: "given", runtimeCanonical: "fast", memoryCanonical: "given" },
      ruby: { code: "alone", runtimeCanonical: "alone", memoryCanonical: "alone" },
    });
  });

  test.each([
    ["", "it is empty"],
    ["{", "it is not JSON"],
    ["[]", "a JSON object is wanted"],
    [{ ...minimal, generated_tests: undefined }, "its field 'generated_tests' holds nothing"],
    [{ ...minimal, generated_tests: [] }, "holds no test"],
    [{ ...minimal, generated_tests: "[]" }, "holds no test"],
    [{ ...minimal, generated_tests: "{" }, "holds a string that is not JSON"],
    [{ ...minimal, generated_tests: 7 }, "holds the number 7; a list of {input, output} pairs is wanted"],
    [{ ...minimal, generated_tests: [["a", "b"]] }, "'generated_tests.0"],
    [{ ...minimal, generated_tests: [{ input: "x" }] }, "'generated_tests.0.output' holds nothing"],
    [{ ...minimal, type: "interactive" }, "'io' or 'functional' is wanted"],
    [{ ...minimal, description: " " }, "are empty"],
    [{ ...minimal, time_limit_nanos: -1 }, "its field 'time_limit_nanos' holds the number -1"],
    [{ ...minimal, test_runners: "[1]" }, "its field 'test_runners"],
  ])("refuses %j", (content, words) => {
    const message = refusal(content);
    expect(message).toContain("'problem.json'");
    expect(message).toContain(words);
  });
});

describe("requireLanguage()", () => {
  test("refuses a functional instance without a runner, naming those it has", () => {
    const instance = parseInstance(
      JSON.stringify({ ...minimal, type: "functional", test_runners: { cpp: "==Code Submission==" } }),
      "p.json",
    );
    requireLanguage(instance, "cpp");
    expect(() => requireLanguage(instance, "python3")).toThrow(/python3.*holds cpp/);
  });
});
