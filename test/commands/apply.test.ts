import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCli, withFolder } from "../support/cli.ts";

const PROGRAM = "import sys\n\ntotal = 0\nfor line in sys.stdin:\n    total += int(line)\nprint(total)\n";
const EDIT = "<<<<<<< SEARCH\ntotal = 0\n=======\ntotal = 1\n>>>>>>> REPLACE\n";
const MISS = EDIT.replace("total = 0", "totals = 0");
const DONE = PROGRAM.replace("total = 0", "total = 1");

/** Runs `perfagent apply` in a folder with a program, an answer, and one that does not match. */
function apply(args: readonly string[], options: { stdin?: string | Uint8Array; program?: string } = {}) {
  return withFolder((folder) => {
    writeFileSync(join(folder, "p.py"), options.program ?? PROGRAM);
    writeFileSync(join(folder, "good.md"), EDIT);
    writeFileSync(join(folder, "miss.md"), MISS);
    return runCli(["apply", ...args], {
      cwd: folder,
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    });
  });
}

describe("perfagent apply", () => {
  test("prints the new program and nothing else", async () => {
    const result = await apply(["--program", "p.py", "--response", "good.md"]);
    expect(result).toEqual({ exitCode: 0, stdout: DONE, stderr: "" });
  });

  test("reads the program or the answer from standard input", async () => {
    const program = await apply(["--program", "-", "--response", "good.md"], { stdin: PROGRAM });
    const answer = await apply(["--program", "p.py", "--response", "-"], { stdin: EDIT });
    expect([program.stdout, answer.stdout]).toEqual([DONE, DONE]);
  });

  test("refuses to read both from standard input", async () => {
    const result = await apply(["--program", "-", "--response", "-"], { stdin: PROGRAM });
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("--program and --response both read standard input");
  });

  test("--format diff prints a unified diff", async () => {
    const result = await apply(["--program", "p.py", "--response", "good.md", "--format", "diff"]);
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain(
      "--- p.py\n+++ p.py\n@@ -1,6 +1,6 @@\n import sys\n \n-total = 0\n+total = 1\n",
    );
  });

  for (const flags of [["--json"], ["--format", "json"], ["--format", "json", "--json"]]) {
    test(`${flags.join(" ")} prints what was applied and how`, async () => {
      const result = await apply(["--program", "p.py", "--response", "good.md", ...flags]);
      expect(result.exitCode).toBe(0);
      expect(JSON.parse(result.stdout)).toEqual({
        status: "applied",
        program: DONE,
        blocks: 1,
        matched: ["exact"],
      });
    });
  }

  test("--json prints a refusal, exit code 3", async () => {
    const result = await apply(["--program", "p.py", "--response", "miss.md", "--json"]);
    expect(result.exitCode).toBe(3);
    const outcome = JSON.parse(result.stdout);
    expect(outcome).toEqual({
      status: "rejected",
      reason: "no_match",
      block: 1,
      message: expect.any(String),
    });
    expect(outcome.message).toContain("3 | total = 0");
  });

  test("a refusal in words goes to standard error, exit code 3, with nothing on standard output", async () => {
    for (const format of ["program", "diff"]) {
      const result = await apply(["--program", "p.py", "--response", "miss.md", "--format", format]);
      expect(result.exitCode).toBe(3);
      expect(result.stdout).toBe("");
      expect(result.stderr).toContain("no_match");
      expect(result.stderr).toContain("3 | total = 0");
    }
  });

  test("--json and another format disagree", async () => {
    const result = await apply(["--program", "p.py", "--response", "good.md", "--json", "--format", "diff"]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("disagree");
  });

  test("--mode direct takes a whole program, in the language of the file's name or of --language", async () => {
    const java =
      "class Main {\n    public static void main(String[] a) {\n        System.out.print(1);\n    }\n}\n";
    const stdin = `Yes:\n\n\`\`\`java\n${java}\`\`\`\n`;
    const program = java.replace("1", "2");
    const byFlag = await apply(
      ["--program", "p.py", "--response", "-", "--mode", "direct", "--language", "java"],
      {
        stdin,
        program,
      },
    );
    const byName = await apply(["--program", "p.py", "--response", "-", "--mode", "direct", "--json"], {
      stdin,
      program,
    });
    expect(byFlag.stdout).toBe(java);
    expect(JSON.parse(byName.stdout).reason).toBe("no_blocks");
  });

  for (const [args, words] of [
    [["--program", "p.py"], "--response is missing"],
    [["--response", "good.md"], "--program is missing"],
    [["--program", "p.py", "--response", "good.md", "--mode", "patch"], "one of diff, direct"],
    [["--program", "p.py", "--response", "good.md", "--format", "xml"], "one of program, diff, json"],
    [["--program", "p.py", "--response", "good.md", "--language", "cobol"], "one of python3, cpp"],
  ] as const) {
    test(`${args.join(" ")} is a usage error`, async () => {
      const result = await apply(args);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain(words);
    });
  }

  test("a file that is missing or not UTF-8 is refused, exit code 3", async () => {
    const missing = await apply(["--program", "none.py", "--response", "good.md"]);
    expect([missing.exitCode, missing.stdout]).toEqual([3, ""]);
    expect(missing.stderr).toContain("Cannot read the program from 'none.py'");
    const binary = await apply(["--program", "-", "--response", "good.md"], {
      stdin: new Uint8Array([0x61, 0xff, 0x0a]),
    });
    expect([binary.exitCode, binary.stdout]).toEqual([3, ""]);
    expect(binary.stderr).toContain("it is not UTF-8 text");
  });

  test("line ends, byte order mark and a missing final line end come through", async () => {
    const program = `\uFEFF${PROGRAM.replaceAll("\n", "\r\n").trimEnd()}`;
    const result = await withFolder(async (folder) => {
      writeFileSync(join(folder, "good.md"), EDIT);
      const args = ["apply", "--program", "-", "--response", "good.md", "--json"];
      return runCli(args, { cwd: folder, stdin: program });
    });
    expect(JSON.parse(result.stdout).program).toBe(program.replace("total = 0", "total = 1"));
  });

  test("a file of 50 MB goes through a pipeline whole", async () => {
    const line = `    value = compute(${"x".repeat(60)})\r\n`;
    const half = line.repeat(Math.ceil(25e6 / line.length));
    const program = `${half}total = 0\r\n${half}`;
    const result = await apply(["--program", "-", "--response", "good.md"], { stdin: program });
    expect(result.exitCode).toBe(0);
    expect(result.stdout === program.replace("total = 0", "total = 1")).toBeTrue();
  }, 60_000);
});
