import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseInstance } from "../../src/instance.ts";
import { runCli } from "../support/cli.ts";
import { zipOf } from "../support/zip-writer.ts";

// Only a hanging process may end a test by time: busy machines are slow.
setDefaultTimeout(60_000);

const root = mkdtempSync(join(tmpdir(), "perfagent-init-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SUM = "print(sum(map(int, input().split())))\n";

async function init(args: readonly string[], stdin = "") {
  const { exitCode, ...streams } = await runCli(["init", ...args], { cwd: root, stdin });
  return { ...streams, code: exitCode };
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

beforeAll(() => {
  write("sum.py", SUM);
  for (const [name, input, output] of [
    ["10", "5 5\n", "10\n"],
    ["2", "1 1\n", "2\n"],
    ["1", "1 2\n", "3\n"],
  ] as const) {
    write(`tests/${name}.in`, input);
    write(`tests/${name}.out`, output);
  }
});

describe("perfagent init", () => {
  test("prints an instance that perfagent reads, tests in natural order", async () => {
    const { stdout, stderr, code } = await init(["--program", "sum.py", "--tests", "tests"]);
    expect([stderr, code]).toEqual(["", 0]);
    const instance = parseInstance(stdout, "sum.json");
    expect(instance.tests).toEqual([
      { input: "1 2\n", output: "3\n" },
      { input: "1 1\n", output: "2\n" },
      { input: "5 5\n", output: "10\n" },
    ]);
    expect(instance).toMatchObject({
      taskName: "sum",
      type: "io",
      timeLimitMs: null,
      memoryLimitBytes: null,
      solutions: { python3: { code: SUM, runtimeCanonical: SUM, memoryCanonical: SUM } },
      evaluatorSource: expect.stringContaining("expected_output.split() == program_output.split()"),
    });
  });

  test("has the fields of the published files", async () => {
    const { stdout } = await init(["--program", "sum.py", "--tests", "tests"]);
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      "id",
      "title",
      "title_slug",
      "description",
      "description_md",
      "difficulty",
      "tags",
      "source",
      "url",
      "type",
      "release_timestamp",
      "release_date",
      "time_limit_nanos",
      "memory_limit_bytes",
      "starter_code",
      "solutions",
      "test_case_generator",
      "evaluator",
      "generated_tests",
      "test_runners",
    ]);
    expect(typeof document.generated_tests).toBe("string");
    // Without a statement the description says what is known, with the smallest test as an example.
    expect(document.description_md).toContain("Input:\n\n    1 2\n\nOutput:\n\n    3\n");
  });

  test("takes a statement, limits, a language and a checker of one's own", async () => {
    write("statement.md", "# A + B\n\nAdd the numbers.\n");
    write("check.py", "def evaluate(expected_output, program_output):\n    return True\n");
    const { stdout } = await init(
      [
        ...["--program", "-", "--language", "c++", "--tests", "tests", "--statement", "statement.md"],
        ...["--checker", "check.py", "--time-limit", "1.5", "--memory-limit", "64"],
      ],
      "int main() {}\n",
    );
    expect(parseInstance(stdout, "x.json")).toMatchObject({
      title: "A + B",
      description: "# A + B\n\nAdd the numbers.\n",
      timeLimitMs: 1500,
      memoryLimitBytes: 64_000_000,
      evaluatorSource: "def evaluate(expected_output, program_output):\n    return True\n",
      solutions: { cpp: { code: "int main() {}\n" } },
    });
  });

  test("reads *.ans, inputN.txt with outputN.txt, and a zip of them", async () => {
    const archive = zipOf([
      { name: "problem/", content: "", method: 0 },
      { name: "problem/secret/1.in", content: "1 2\n" },
      { name: "problem/secret/1.ans", content: "3\n" },
      { name: "problem/input2.txt", content: "2 2\n" },
      { name: "problem/output2.txt", content: "4\n" },
      { name: "problem/notes.pdf", content: new Uint8Array([0, 255]) },
    ]);
    write("tests.zip", archive);
    const { stdout, code } = await init(["--program", "sum.py", "--tests", "tests.zip"]);
    expect(code).toBe(0);
    expect(parseInstance(stdout, "x.json").tests).toEqual([
      { input: "2 2\n", output: "4\n" },
      { input: "1 2\n", output: "3\n" },
    ]);
  });

  test("keeps every character of a test", async () => {
    const input = "\uFEFF横浜\t\u2028 \r\n\u0001</script>\n\n";
    write("odd/1.in", input);
    write("odd/1.out", "");
    const { stdout } = await init(["--program", "sum.py", "--tests", "odd"]);
    expect(parseInstance(stdout, "x.json").tests).toEqual([{ input, output: "" }]);
  });

  test("writes to a file, says what comes next, and describes it as JSON", async () => {
    const { stdout, stderr, code } = await init([
      "--program",
      "sum.py",
      "--tests",
      "tests",
      "--output",
      "new.json",
      "--json",
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      instance_file: "new.json",
      task_name: "new",
      language: "python3",
      tests: 3,
      test_names: ["1.in", "2.in", "10.in"],
      checker: "tokens",
      time_limit: null,
      memory_limit: null,
    });
    expect(stderr).toContain("perfagent run --instance new.json --language python3 --initial-code sum.py");
    expect(parseInstance(readFileSync(join(root, "new.json"), "utf8"), "new.json").tests).toHaveLength(3);
  });

  test("does not overwrite without --force", async () => {
    write("taken.json", "mine");
    const args = ["--program", "sum.py", "--tests", "tests", "--output", "taken.json", "--quiet"];
    const refused = await init(args);
    expect([refused.code, refused.stdout]).toEqual([7, ""]);
    expect(refused.stderr).toContain("Cannot write 'taken.json': it exists already");
    expect(readFileSync(join(root, "taken.json"), "utf8")).toBe("mine");
    expect(await init([...args, "--force"])).toEqual({ stdout: "", stderr: "", code: 0 });
    expect(parseInstance(readFileSync(join(root, "taken.json"), "utf8"), "taken.json").tests).toHaveLength(3);
  });

  test("floats with a tolerance", async () => {
    const { stdout } = await init(["--program", "sum.py", "--tests", "tests", "--float-tolerance", "1e-3"]);
    expect(JSON.parse(stdout).evaluator).toContain("TOLERANCE = 0.001\n");
  });

  describe("refuses", () => {
    beforeAll(() => {
      write("half/1.in", "");
      write("half/2.in", "");
      write("half/2.out", "");
      write("half/3.ans", "");
      write("two/1.in", "");
      write("two/1.out", "");
      write("two/1.ans", "");
      write("none/readme.txt", "");
      write("binary/1.in", new Uint8Array([0xff, 0xfe]));
      write("binary/1.out", "");
      write("slip.zip", zipOf([{ name: "../1.in", content: "" }]));
      write("cut.zip", zipOf([{ name: "1.in", content: "" }]).subarray(0, 40));
      write("text.zip", "no archive");
      write("empty.py", " \n");
      write("program.xyz", "x");
      write("nothing.py", "def judge(): pass\n");
    });

    const program = ["--program", "sum.py"];
    const tests = ["--tests", "tests"];
    test.each([
      [
        "missing partners, each by name",
        [...program, "--tests", "half"],
        3,
        "'1.in' has no '1.out' or '1.ans'; '3.ans' has no '3.in'",
      ],
      [
        "two outputs for one input",
        [...program, "--tests", "two"],
        3,
        "'1.in' has more than one partner: '1.ans', '1.out'",
      ],
      ["a folder without tests", [...program, "--tests", "none"], 3, "it holds no test"],
      [
        "a folder that does not exist",
        [...program, "--tests", "nowhere"],
        3,
        "Cannot take the tests from 'nowhere'",
      ],
      ["tests that are no text", [...program, "--tests", "binary"], 3, "'1.in' is not UTF-8 text"],
      [
        "an archive that leads out of itself",
        [...program, "--tests", "slip.zip"],
        3,
        "which leads out of it",
      ],
      ["a damaged archive", [...program, "--tests", "cut.zip"], 3, "the archive is damaged"],
      [
        "a file that is no archive",
        [...program, "--tests", "text.zip"],
        3,
        "neither a folder nor a zip archive",
      ],
      ["an empty program", ["--program", "empty.py", ...tests], 3, "it is empty"],
      [
        "a program that does not exist",
        ["--program", "no.py", ...tests],
        3,
        "Cannot read the program from 'no.py'",
      ],
      [
        "a program of an unknown language",
        ["--program", "program.xyz", ...tests],
        2,
        "'program.xyz' does not tell it",
      ],
      [
        "a language that there is not",
        [...program, ...tests, "--language", "cobol"],
        2,
        "'cobol' is given; one of python3",
      ],
      [
        "a checker that is neither name nor file",
        [...program, ...tests, "--checker", "word"],
        2,
        "neither a checker",
      ],
      [
        "a checker file without evaluate",
        [...program, ...tests, "--checker", "nothing.py"],
        3,
        "it defines no 'evaluate'",
      ],
      [
        "a tolerance for tokens",
        [...program, ...tests, "--checker", "tokens", "--float-tolerance", "1"],
        2,
        "it belongs to",
      ],
      ["a limit of nothing", [...program, ...tests, "--time-limit", "0"], 2, "--time-limit: '0' is given"],
      [
        "standard input twice",
        ["--program", "-", ...tests, "--statement", "-", "--language", "py"],
        2,
        "cannot both be",
      ],
      ["no tests at all", program, 2, "--tests is missing"],
      [
        "a place that it cannot write to",
        [...program, ...tests, "--output", "no/where.json"],
        7,
        "Cannot write",
      ],
    ])("%s", async (_name, args, exitCode, message) => {
      const { stdout, stderr, code } = await init(args);
      expect([stdout, code]).toEqual(["", exitCode]);
      expect(stderr).toContain(message);
      expect(existsSync(join(root, "no"))).toBe(false);
    });
  });
});
