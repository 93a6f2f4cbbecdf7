import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createChecker, type Judgement } from "../../src/evaluate/checker.ts";
import { checkerProgram } from "../../src/evaluate/checker-program.ts";
import type { Sandbox } from "../../src/types.ts";
import { MISSING_FOR_LOCAL, SILENT, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

const test = optionalTest(MISSING_FOR_LOCAL);
/** A sandbox is probed when it is opened; a machine that is overwhelmed is no failure. */
const HOOK_TIMEOUT_MS = 60_000;

let sandbox: Sandbox;
beforeAll(async () => {
  if (MISSING_FOR_LOCAL === null) sandbox = await startLocalSandbox();
}, HOOK_TIMEOUT_MS);
afterAll(() => sandbox?.close(), HOOK_TIMEOUT_MS);

const signal = new AbortController().signal;

function judge(
  source: string | null,
  ...pairs: readonly (readonly [string, string])[]
): Promise<Judgement[]> {
  const checker = createChecker({ source, instanceName: "x", sandbox, logger: SILENT });
  return checker.judge(
    pairs.map(([expected, output]) => ({ expected, output })),
    signal,
  );
}

const RIGHT: Judgement = { verdict: "right" };
const WRONG: Judgement = { verdict: "wrong", message: "" };

describe("createChecker() judges", () => {
  test("by the parameters' names, whatever their order", async () => {
    const source = `
def evaluate(program_output, expected_output):
    return expected_output == "e" and program_output == "o"
`;
    expect(await judge(source, ["e", "o"], ["o", "e"])).toEqual([RIGHT, WRONG]);
  });

  test("by position, expected first, when the parameters have other names", async () => {
    expect(await judge("def evaluate(a, b):\n    return a == 'e' and b == 'o'", ["e", "o"])).toEqual([RIGHT]);
    expect(await judge("def evaluate(*both):\n    return both == ('e', 'o')", ["e", "o"])).toEqual([RIGHT]);
    expect(await judge("evaluate = lambda **kw: kw['program_output'] == 'o'", ["e", "o"])).toEqual([RIGHT]);
  });

  test("without the protocol minding what the checker prints or reads", async () => {
    const source = `
import os, sys
print("load")
def evaluate(expected_output, program_output):
    print("["); sys.stdout.flush(); os.write(1, b"[1]\\n")
    sys.stderr.write("words")
    return input is not None and sys.stdin.read() == "" and expected_output == program_output
`;
    expect(await judge(source, ["a", "a"], ["a", "b"], ["c", "c"])).toEqual([RIGHT, WRONG, RIGHT]);
  });

  test("any text: line ends, quotes, NUL, other scripts, a lone surrogate, huge numbers", async () => {
    const source =
      "def evaluate(expected_output, program_output):\n    return expected_output == program_output";
    for (const text of ["a\nb", "\r\n'\"\\", "\0", "é語\u2028😀", "\ud800", "x".repeat(300_000)]) {
      expect(await judge(source, [text, text], [text, `${text}.`])).toEqual([RIGHT, WRONG]);
    }
    const number =
      "def evaluate(expected_output, program_output):\n    return int(expected_output) == int(program_output)";
    expect(await judge(number, ["1".repeat(5000), `+${"1".repeat(5000)}`])).toEqual([RIGHT]);
  }, 60_000);

  test("with the benchmark's import block, in batches, in the order of the questions", async () => {
    const source = `
def evaluate(expected_output, program_output):
    return Counter(expected_output.split()) == collections.Counter(program_output.split()) and math.isclose(1, 1)
`;
    const pairs = Array.from({ length: 100 }, (_, n) => [`1 ${n}`, n % 3 === 0 ? "no" : `${n} 1`] as const);
    const expected = pairs.map((_, n) => (n % 3 === 0 ? WRONG : RIGHT));
    expect(await judge(source, ...pairs)).toEqual(expected);
  });

  test("text without a checker of the instance", async () => {
    expect(await judge(null, ["a\nb", "a\nb"], ["a", "b"])).toEqual([RIGHT, WRONG]);
  });
});

describe("createChecker() tells", () => {
  test("an output that the checker cannot read from a checker that is broken", async () => {
    const source = `
def evaluate(expected_output, program_output):
    if expected_output == "broken": raise RuntimeError("always")
    return int(expected_output) == int(program_output)
`;
    expect(await judge(source, ["1", "garbage"], ["broken", "1"], ["2", "2"])).toEqual([
      {
        verdict: "wrong",
        message:
          "the checker cannot read this output: ValueError: invalid literal for int() with base 10: 'garbage'",
      },
      { verdict: "error", message: "the checker raised RuntimeError: always" },
      RIGHT,
    ]);
  });

  test("a checker that ends its process, and goes on with the others", async () => {
    const source = `
import os
def evaluate(expected_output, program_output):
    if program_output == "exit": os._exit(7)
    if program_output == "kill": os.kill(os.getpid(), 9)
    if program_output == "quit": raise SystemExit(3)
    return True
`;
    expect(await judge(source, ["", "exit"], ["", "a"], ["", "kill"], ["", "b"], ["", "quit"])).toEqual([
      { verdict: "error", message: "its process ended with exit code 7" },
      RIGHT,
      { verdict: "error", message: "its process was ended by SIGKILL" },
      RIGHT,
      { verdict: "wrong", message: "the checker cannot read this output: SystemExit: 3" },
    ]);
  });

  test("a checker that always ends its process after three times", async () => {
    const source = "import os\ndef evaluate(expected_output, program_output):\n    os._exit(1)";
    const judgements = await judge(source, ["", "1"], ["", "2"], ["", "3"], ["", "4"], ["", "5"]);
    expect(judgements.map((judgement) => (judgement.verdict === "error" ? judgement.message : ""))).toEqual([
      "its process ended with exit code 1",
      "its process ended with exit code 1",
      "its process ended with exit code 1",
      "not judged: the checker ended early 3 times",
      "not judged: the checker ended early 3 times",
    ]);
  });

  test("a call that takes longer than 10 s, which no except catches", async () => {
    const source = `
def evaluate(expected_output, program_output):
    while program_output == "endless":
        try:
            while True: pass
        except BaseException:
            pass
    return True
`;
    expect(await judge(source, ["", "endless"], ["", "a"])).toEqual([
      { verdict: "error", message: "it took longer than 10 s for one output" },
      RIGHT,
    ]);
  }, 90_000);
});

describe("createChecker() refuses", () => {
  const refusals: readonly (readonly [what: string, source: string, code: string, message: RegExp])[] = [
    ["a syntax error", "def evaluate(:", "instance", /'evaluator' failed with SyntaxError/],
    ["source without evaluate", "def check(a, b): pass", "instance", /defines no function 'evaluate'/],
    ["source that raises on loading", "1 / 0", "instance", /failed with ZeroDivisionError/],
    ["source that exits on loading", "import sys; sys.exit(0)", "instance", /failed with SystemExit/],
    [
      "a missing package on loading",
      "import no_such_package.x\n",
      "backend",
      /needs the Python package 'no_such_package'/,
    ],
    [
      "a missing package in a call",
      "def evaluate(expected_output, program_output):\n    import no_such_package\n",
      "backend",
      /needs the Python package 'no_such_package', which is not installed/,
    ],
  ];
  for (const [what, source, code, message] of refusals) {
    test(what, async () => {
      const failure = await judge(source, ["a", "a"]).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    });
  }

  test("nothing when it is not asked", async () => {
    expect(await judge("1 / 0")).toEqual([]);
  });

  test("an interrupt", async () => {
    const checker = createChecker({
      source: "def evaluate(a, b): return True",
      instanceName: "x",
      sandbox,
      logger: SILENT,
    });
    const failure = await checker
      .judge([{ expected: "", output: "" }], AbortSignal.abort())
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "interrupted" });
  });
});

describe("checkerProgram()", () => {
  test("is ASCII, whatever the checker's source holds", () => {
    expect(/^[\n\x20-\x7e]*$/.test(checkerProgram("# é😀\u2028\ud800\0\t$& \\ \"'''"))).toBe(true);
  });
});
