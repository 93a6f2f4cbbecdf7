import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { profileProgram } from "../../src/evaluate/profile.ts";
import { createFakeSandbox } from "../../src/sandbox/fake.ts";
import type { Evaluation, Language, Sandbox, TestResult } from "../../src/types.ts";
import { ioInstance } from "../support/io-instance.ts";
import { MISSING_FOR_LOCAL, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

// Compilers on a busy machine: only a hang takes this long.
setDefaultTimeout(180_000);

const signal = new AbortController().signal;
const INSTANCE = ioInstance([
  { input: "1", output: "" },
  { input: "3000000", output: "" },
]);

const PROGRAMS: Readonly<Partial<Record<Language, { readonly code: string; readonly hot: string }>>> = {
  python3: {
    code: `import sys

def heavy(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

print(heavy(int(sys.stdin.read())))
`,
    hot: "total += i * i % 7",
  },
  javascript: {
    code: `const n = Number(require("fs").readFileSync(0, "utf8")) * 20;
function heavy(n) {
  let total = 0;
  for (let i = 0; i < n; i++) {
    total = (total + Math.sqrt(i) * i) % 1000003;
  }
  return total;
}
console.log(heavy(n));
`,
    hot: "total = (total + Math.sqrt(i) * i) % 1000003;",
  },
  cpp: {
    code: `#include <cmath>
#include <iostream>
int main() {
  long n;
  std::cin >> n;
  double total = 0;
  for (long i = 0; i < n * 10; i++) {
    total = std::fmod(total + std::sqrt((double)i) * i, 1000003.0);
  }
  std::cout << total << std::endl;
}
`,
    hot: "total = std::fmod(",
  },
  golang: {
    code: `package main

import (
	"fmt"
	"math"
)

func main() {
	var n int
	fmt.Scan(&n)
	total := 0.0
	for i := 0; i < n*10; i++ {
		total = math.Mod(total+math.Sqrt(float64(i)), 1000.5)
	}
	fmt.Println(total)
}
`,
    hot: "total = math.Mod(",
  },
};

const TOOLS: Readonly<Partial<Record<Language, readonly string[]>>> = {
  javascript: ["node"],
  cpp: ["g++", "addr2line"],
  golang: ["go"],
};

function missingFor(language: Language): string | null {
  const missing = (TOOLS[language] ?? []).find((tool) => Bun.which(tool) === null);
  return MISSING_FOR_LOCAL ?? (missing === undefined ? null : `${missing} is not installed`);
}

function passed(index: number, cpuUs: number): TestResult {
  return {
    index,
    status: "passed",
    exitCode: 0,
    signal: null,
    wallNs: cpuUs * 1000,
    cpuUs,
    peakBytes: null,
    integralByteS: null,
    stdout: "",
    stderr: "",
    stdoutTruncated: false,
    stderrTruncated: false,
    message: "",
  };
}

const EVALUATION: Evaluation = {
  passed: true,
  passRate: 1,
  build: { status: "ok", message: "" },
  tests: [passed(0, 10_000), passed(1, 500_000)],
  flaky: [],
  metrics: {},
  statistics: {},
  samples: [],
  runs: 0,
  isolation: "",
  measurement: "",
  feedback: "",
};

let sandbox: Sandbox;
beforeAll(async () => {
  if (MISSING_FOR_LOCAL === null) sandbox = await startLocalSandbox();
});
afterAll(async () => await sandbox?.close());

const profile = (language: Language, code: string, instance = INSTANCE, box = sandbox) =>
  profileProgram({ instance, language, code, evaluation: EVALUATION, sandbox: box, signal });

describe("profileProgram()", () => {
  for (const language of ["python3", "javascript", "cpp", "golang"] as const) {
    optionalTest(missingFor(language))(
      `finds the hot line of a ${language} program in its longest test`,
      async () => {
        const { code, hot } = PROGRAMS[language] ?? { code: "", hot: "" };
        const text = await profile(language, code);
        expect(text).toStartWith("Hottest lines on test 1 (");
        const lines = text.split("\n").filter((line) => line.startsWith("- ") && line.includes(", line "));
        const own = lines.filter((line) => line.includes(hot));
        expect(own).toHaveLength(1);
        expect(Number(/^- (\d+) %/.exec(own[0] ?? "")?.[1])).toBeGreaterThanOrEqual(20);
      },
    );
  }

  optionalTest(MISSING_FOR_LOCAL)("counts calls of a Python program's functions", async () => {
    expect(await profile("python3", PROGRAMS.python3?.code ?? "")).toMatch(
      /- heavy \(line 3\): 1 call, \d+\.\d+ s of its own/,
    );
  });

  optionalTest(MISSING_FOR_LOCAL)("works for a program that exits by itself and prints much", async () => {
    const code = `${PROGRAMS.python3?.code}\nprint("x" * 300000)\nraise SystemExit(0)\n`;
    expect(await profile("python3", code)).toStartWith("Hottest lines on test 1 (cProfile");
  });

  optionalTest(MISSING_FOR_LOCAL)("says in words why there is no profile", async () => {
    expect(await profile("ruby", "puts 1")).toBe("No profile is available: there is no profiler for Ruby.");
    const short = await profile("python3", "print(1)");
    expect(short).toMatch(
      /^No profile is available: test 1, the longest one, is too short for cProfile \(\d+ samples\)\.$/,
    );
    const gone = await profile("python3", "import os\nos._exit(7)\n");
    expect(gone).toContain("the program ended without a report under cProfile (runtime_error, exit code 7)");
    expect(await profile("golang", "package other")).toContain("no function main of package main is found");
  });

  test("says so where the toolchain is missing", async () => {
    const fake = createFakeSandbox({ behave: () => ({ buildError: "no such tool" }) });
    expect(await profile("python3", "x", INSTANCE, fake)).toContain("does not build: no such tool");
  });
});
