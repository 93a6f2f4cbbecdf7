import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { generateTests } from "../../src/evaluate/generate-tests.ts";
import { createHeldOut } from "../../src/evaluate/held-out.ts";
import { createFakeSandbox } from "../../src/sandbox/fake.ts";
import type { Instance, Sandbox } from "../../src/types.ts";
import { ioInstance } from "../support/io-instance.ts";
import { MISSING_FOR_LOCAL, SILENT, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";

// Boxes on a busy machine: only a hang takes this long.
setDefaultTimeout(120_000);

/** Begins with the same two cases whatever the seed, as the benchmark's generators do, and prints, as none should. */
const GENERATOR = `
def generate_test_cases(num_cases: int, seed: int = 42) -> List[Dict]:
    random.seed(seed)
    print("noise on standard output")
    numbers = [1, 2] + [random.randint(10, 10**6) for _ in range(num_cases)]
    return [{"input": f"{n}\\n", "output": str(n * n)} for n in numbers[:num_cases]]
`;

const INSTANCE = ioInstance(
  [
    { input: "1", output: "1" },
    { input: "2", output: "4" },
  ],
  { generatorSource: GENERATOR },
);

const HONEST = "print(int(input()) ** 2)\n";
const CHEAT = "print({'1': '1', '2': '4'}.get(input().strip(), '0'))\n";
const HASHING_CHEAT = `import hashlib
table = {"${sha("1")}": 1, "${sha("2")}": 4}
print(table.get(hashlib.sha256(input().strip().encode()).hexdigest(), 0))
`;

function sha(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

let sandbox: Sandbox;
beforeAll(async () => {
  if (MISSING_FOR_LOCAL === null) sandbox = await startLocalSandbox();
});
afterAll(async () => await sandbox?.close());

const signal = new AbortController().signal;
const heldOut = (instance: Instance, reference: string | null) =>
  createHeldOut({
    instance,
    language: "python3",
    sandbox,
    timeLimitMs: null,
    memoryLimitBytes: null,
    trimRatio: 0.1,
    timeLimitFactor: null,
    outputBytes: 1e6,
    logger: SILENT,
    reference,
    count: 8,
    seed: 99,
  });

describe("generateTests()", () => {
  const generate = (generatorSource: string | null, count = 5, seed = 99) =>
    generateTests({ instance: { ...INSTANCE, generatorSource }, sandbox, count, seed, signal });

  optionalTest(MISSING_FOR_LOCAL)("makes new inputs only, the same ones for the same seed", async () => {
    const first = await generate(GENERATOR);
    expect(first.message).toBe("");
    expect(first.tests).toHaveLength(5);
    for (const { input, output } of first.tests) {
      expect(["1", "2"]).not.toContain(input.trim());
      expect(Number(output)).toBe(Number(input) ** 2);
    }
    expect(await generate(GENERATOR)).toEqual(first);
    expect((await generate(GENERATOR, 5, 100)).tests).not.toEqual(first.tests);
  });

  optionalTest(MISSING_FOR_LOCAL)("seeds a generator that takes no seed", async () => {
    const source =
      "import random\ndef generate_test_cases(n):\n    return [{'input': str(random.random()), 'output': ''} for _ in range(n)]";
    const first = await generate(source);
    expect(first.tests).toHaveLength(5);
    expect(await generate(source)).toEqual(first);
  });

  optionalTest(MISSING_FOR_LOCAL)("says in words why there are none, or too few", async () => {
    const words: Record<string, string> = {};
    for (const [name, source] of Object.entries({
      fixed: "def generate_test_cases(n, seed=1):\n    return [{'input': '1', 'output': '1'}] * n",
      raises: "def generate_test_cases(n, seed=1):\n    raise ValueError('no cases today')",
      exits: "import os\nos._exit(3)",
      "is no Python": "def generate_test_cases(",
      "defines nothing": "x = 1",
      "returns none": "def generate_test_cases(n, seed=1):\n    return 7",
    })) {
      const { tests, message } = await generate(source);
      expect(tests).toEqual([]);
      // Python words a syntax error differently from version to version.
      words[name] = message.replace(/(SyntaxError): .*/, "$1");
    }
    expect(words).toMatchInlineSnapshot(`
      {
        "defines nothing": "the generator failed: NameError: it defines no function 'generate_test_cases'",
        "exits": "the generator ended with runtime_error",
        "fixed": "0 instead of 5 new inputs: the generator made 7 tests with seed 99, 0 of them new",
        "is no Python": "the generator failed: SyntaxError",
        "raises": "the generator failed: ValueError: no cases today",
        "returns none": "the generator failed: TypeError: 'int' object is not iterable",
      }
    `);
    expect((await generate(null)).message).toBe("the instance has no test generator");
  });

  test("reports a machine without Python instead of failing", async () => {
    const fake = createFakeSandbox({ behave: () => ({ buildError: "python3 not found" }) });
    const { tests, message } = await generateTests({
      instance: INSTANCE,
      sandbox: fake,
      count: 3,
      seed: 1,
      signal,
    });
    expect(tests).toEqual([]);
    expect(message).toBe("Python does not work here: python3 not found");
  });
});

describe("createHeldOut().check()", () => {
  optionalTest(MISSING_FOR_LOCAL)(
    "passes an honest program and fails tables of the given answers",
    async () => {
      const check = heldOut(INSTANCE, HONEST);
      expect(await check.check(HONEST, signal)).toMatchObject({
        tests: 8,
        failed: 0,
        seed: 99,
        message: "",
      });
      for (const cheat of [CHEAT, HASHING_CHEAT]) {
        const result = await check.check(cheat, signal);
        expect(result).toMatchObject({ tests: 8, failed: 8, seed: 99 });
        expect(result.message).toStartWith(
          "it passes all given tests, but fails 8 of 8 new ones (seed 99; first: wrong answer)",
        );
        expect(result.evaluation?.passed).toBe(false);
      }
    },
  );

  optionalTest(MISSING_FOR_LOCAL)("names the table when the given tests stand in the source", async () => {
    const tests = ["red", "green", "blue", "black"].map((word) => ({
      input: `say ${word}`,
      output: `${word} word`,
    }));
    const instance = ioInstance(tests, {
      generatorSource:
        "def generate_test_cases(n, seed=1):\n    return [{'input': f'say {i}', 'output': f'{i} word'} for i in range(n)]",
    });
    const table = `print(${JSON.stringify(Object.fromEntries(tests.map(({ input, output }) => [input, output])))}.get(input(), ''))`;
    const honest = "print(input().split()[1], 'word')";
    expect((await heldOut(instance, null).check(table, signal)).message).toContain(
      "its source holds the given tests",
    );
    expect((await heldOut(instance, null).check(honest, signal)).failed).toBe(0);
  });

  optionalTest(MISSING_FOR_LOCAL)(
    "accepts agreement with the reference where that disputes the generator",
    async () => {
      const wrong = { ...INSTANCE, generatorSource: GENERATOR.replace("str(n * n)", "str(n * n + (n > 2))") };
      expect((await heldOut(wrong, HONEST).check(HONEST, signal)).failed).toBe(0);
      expect((await heldOut(wrong, null).check(HONEST, signal)).failed).toBe(8);
      expect((await heldOut(wrong, HONEST).check(CHEAT, signal)).failed).toBe(8);
    },
  );

  optionalTest(MISSING_FOR_LOCAL)("says that there is nothing to check with", async () => {
    const none = await heldOut({ ...INSTANCE, generatorSource: null }, HONEST).check(HONEST, signal);
    expect(none).toEqual({
      tests: 0,
      failed: 0,
      seed: 99,
      evaluation: null,
      message: "no held-out tests: the instance has no test generator",
    });
  });
});
