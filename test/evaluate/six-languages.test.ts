import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createEvaluator } from "../../src/evaluate/index.ts";
import { parseInstance } from "../../src/instance.ts";
import { LANGUAGE_IDS, LANGUAGES } from "../../src/languages.ts";
import type { Evaluation, Instance, Language, Sandbox } from "../../src/types.ts";
import { MISSING_FOR_LOCAL, SILENT, startLocalSandbox } from "../support/local-sandbox.ts";
import { optionalTest } from "../support/optional.ts";
import { UNIQUE_SUM, UNIQUE_SUM_SOLUTIONS } from "./functional-instance.ts";

const REAL = join(import.meta.dir, "../../../shared/data/aizu_1444_yokohama-phenomena.json");

/** Go's library may have to be compiled first, on a machine that does other things too. */
const TIMEOUT_MS = 300_000;

/** A hundred starts of these take most of a minute on two cores: every fourth test has to do. */
const SLOW_STARTERS: ReadonlySet<Language> = new Set(["java", "javascript", "ruby"]);

let sandbox: Sandbox;
beforeAll(async () => {
  if (MISSING_FOR_LOCAL === null) sandbox = await startLocalSandbox();
}, TIMEOUT_MS);
afterAll(() => sandbox?.close(), TIMEOUT_MS);

function missing(language: Language): string | null {
  const tool = LANGUAGES[language].tools.find(({ name }) => Bun.which(name) === null);
  return MISSING_FOR_LOCAL ?? (tool === undefined ? null : `${tool.name} is not installed`);
}

/** An io instance whose programs echo their input; the checker compares trimmed text. */
function echo(...inputs: readonly string[]): Instance {
  return {
    ...UNIQUE_SUM,
    taskName: "echo",
    type: "io",
    runners: {},
    evaluatorSource: null,
    tests: inputs.map((input) => ({ input, output: input })),
  };
}

async function evaluate(
  instance: Instance,
  language: Language,
  code: string,
  limits: { readonly timeLimitMs?: number; readonly memoryLimitBytes?: number } = {},
): Promise<Evaluation> {
  const evaluator = await createEvaluator({
    instance,
    language,
    sandbox,
    timeLimitMs: limits.timeLimitMs ?? 60_000,
    memoryLimitBytes: limits.memoryLimitBytes ?? null,
    trimRatio: 0.1,
    timeLimitFactor: null,
    outputBytes: 80e6,
    logger: SILENT,
  });
  return await evaluator.evaluate(code, { timedPasses: 0 }, new AbortController().signal);
}

interface Programs {
  /** Prints nothing of use. */
  readonly wrong: string;
  /** Ends by the runtime's own kind of failure. */
  readonly crashing: string;
  readonly crashWords: RegExp;
  readonly endless: string;
  /** Takes memory until somebody stops it. */
  readonly hungry: string;
  readonly broken: string;
  readonly compilerWords: RegExp;
  /** Opens its standard streams by name. */
  readonly streams: string;
  /** Copies standard input to standard output. */
  readonly copy: string;
}

const PROGRAMS: Readonly<Record<Language, Programs>> = {
  python3: {
    wrong: "print(12345)",
    crashing: "print(1 // 0)",
    crashWords: /ZeroDivisionError/,
    endless: "while True: pass",
    hungry: "a = []\nwhile True: a.append(b'x' * 10**6)",
    broken: "def f(:\n  pass",
    compilerWords: /code\.py", line 1[\s\S]*SyntaxError/,
    streams: "open('/dev/stdout', 'w', newline='').write(open('/dev/stdin', newline='').read())",
    copy: "import sys, shutil\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)",
  },
  cpp: {
    wrong: "int main() {}",
    crashing: "#include <cstdlib>\nint main() { std::abort(); }",
    crashWords: /^$/,
    endless: "int main() { volatile int x = 0; while (true) x = x + 1; }",
    hungry: "#include <cstring>\nint main() { while (true) memset(new char[1 << 20], 1, 1 << 20); }",
    broken: "int main() { return no_such_name; }",
    compilerWords: /code\.cpp:1:\d+: error: .*no_such_name/,
    streams:
      '#include <fstream>\nint main() { std::ifstream i("/dev/stdin"); std::ofstream o("/dev/stdout"); o << i.rdbuf(); }',
    copy: "#include <cstdio>\nchar b[65536];\nint main() { for (size_t n; (n = fread(b, 1, sizeof b, stdin)) > 0;) fwrite(b, 1, n, stdout); }",
  },
  java: {
    wrong: "class A { public static void main(String[] a) { System.out.println(12345); } }",
    crashing: 'public class Main { public static void main(String[] a) { Integer.parseInt("x"); } }',
    crashWords: /NumberFormatException/,
    endless: "public class Main { public static void main(String[] a) { while (true); } }",
    hungry:
      "import java.util.*; public class Main { public static void main(String[] a) { List<byte[]> l = new ArrayList<>(); while (true) { byte[] b = new byte[1 << 20]; Arrays.fill(b, (byte) 1); l.add(b); } } }",
    broken: "public class Main { public static void main(String[] a) { int x = ; } }",
    compilerWords: /Main\.java:1: error: illegal start of expression/,
    streams:
      'import java.io.*; public class Main { public static void main(String[] a) throws Exception { try (var i = new FileInputStream("/dev/stdin"); var o = new FileOutputStream("/dev/stdout")) { i.transferTo(o); } } }',
    copy: "public class Copier { public static void main(String[] a) throws Exception { System.in.transferTo(System.out); System.out.flush(); } }",
  },
  javascript: {
    wrong: "console.log(12345)",
    crashing: "null.x",
    crashWords: /TypeError/,
    endless: "while (true);",
    hungry: "const a = []; while (true) a.push(Buffer.alloc(1 << 20, 1));",
    broken: "const x = {;",
    compilerWords: /code\.js:1[\s\S]*SyntaxError/,
    streams:
      "const fs = require('fs'); fs.writeFileSync('/dev/stdout', fs.readFileSync('/dev/stdin', 'utf8'));",
    copy: "process.stdin.pipe(process.stdout);",
  },
  golang: {
    wrong: "package main\n\nfunc main() {}\n",
    crashing: "package main\n\nfunc main() {\n\tvar p *int\n\tprintln(*p)\n}\n",
    crashWords: /nil pointer dereference/,
    endless: "package main\n\nfunc main() {\n\tfor {\n\t}\n}\n",
    hungry:
      "package main\n\nfunc main() {\n\ta := [][]byte{}\n\tfor {\n\t\tb := make([]byte, 1<<20)\n\t\tfor i := range b {\n\t\t\tb[i] = 1\n\t\t}\n\t\ta = append(a, b)\n\t}\n}\n",
    broken: 'package main\n\nfunc main() {\n\tx := "s" + 1\n}\n',
    compilerWords: /main\.go:4:\d+: /,
    streams:
      'package main\n\nimport (\n\t"io"\n\t"os"\n)\n\nfunc main() {\n\ti, _ := os.Open("/dev/stdin")\n\to, _ := os.Create("/dev/stdout")\n\tio.Copy(o, i)\n}\n',
    copy: 'package main\n\nimport (\n\t"io"\n\t"os"\n)\n\nfunc main() { io.Copy(os.Stdout, os.Stdin) }\n',
  },
  ruby: {
    wrong: "puts 12345",
    crashing: "raise 'words of the program'",
    crashWords: /words of the program \(RuntimeError\)/,
    endless: "loop {}",
    hungry: "a = []; loop { a << 'x' * 1_000_000 }",
    broken: "def f(\n",
    compilerWords: /code\.rb:\d+: syntax error/,
    streams: "File.write('/dev/stdout', File.read('/dev/stdin'))",
    copy: "IO.copy_stream($stdin, $stdout)",
  },
};

describe("createEvaluator() with real programs", () => {
  for (const language of LANGUAGE_IDS) {
    const test = optionalTest(missing(language));
    const programs = PROGRAMS[language];

    test(
      `${language}: a right functional solution passes, a wrong one does not`,
      async () => {
        const right = UNIQUE_SUM_SOLUTIONS[language];
        const evaluation = await evaluate(UNIQUE_SUM, language, right);
        expect(evaluation.build).toEqual({ status: "ok", message: evaluation.build.message });
        expect(evaluation.tests.map(({ status, stderr, message }) => [status, stderr, message])).toEqual(
          Array(4).fill(["passed", "", ""]),
        );
        const wrong = right.replace(/ (?:== 1|=== 1|!= v)\b/, " == 2");
        expect(wrong).not.toBe(right);
        expect((await evaluate(UNIQUE_SUM, language, wrong)).passed).toBe(false);
      },
      TIMEOUT_MS,
    );

    test(
      `${language}: a wrong, a crashing and a broken program get their status and words`,
      async () => {
        const wrong = await evaluate(echo("a"), language, programs.wrong);
        expect(wrong.tests[0]?.status).toBe("wrong_answer");
        const crashing = await evaluate(echo("a"), language, programs.crashing);
        expect(crashing.tests[0]?.status).toBe("runtime_error");
        expect(crashing.tests[0]?.stderr ?? "").toMatch(programs.crashWords);
        expect(crashing.tests[0]?.exitCode !== 0 || crashing.tests[0]?.signal !== null).toBe(true);
        const broken = await evaluate(echo("a", "b"), language, programs.broken);
        expect(broken.build.status).toBe("failed");
        expect(broken.build.message).toMatch(programs.compilerWords);
        expect(broken.build.message).not.toContain("/box");
        expect(broken.tests.map(({ status }) => status)).toEqual(["compile_error", "compile_error"]);
      },
      TIMEOUT_MS,
    );

    test(
      `${language}: an endless and a memory-hungry program are stopped`,
      async () => {
        const endless = await evaluate(echo("a"), language, programs.endless, { timeLimitMs: 1500 });
        expect(endless.tests[0]?.status).toBe("timeout");
        const hungry = await evaluate(echo("a"), language, programs.hungry, { memoryLimitBytes: 256e6 });
        expect(hungry.tests[0]?.status).toBe("memory_limit");
      },
      TIMEOUT_MS,
    );

    test(
      `${language}: /dev/stdin and /dev/stdout, empty input, no final newline, CRLF`,
      async () => {
        const instance = echo("two\nlines\n", "", "no newline", "a\r\nb\r\n", "\n\n");
        for (const code of [programs.streams, programs.copy]) {
          const evaluation = await evaluate(instance, language, code);
          expect(evaluation.tests.map(({ status, stderr }) => [status, stderr])).toEqual(
            Array(5).fill(["passed", ""]),
          );
          expect(evaluation.tests.map(({ stdout }) => stdout)).toEqual([
            "two\nlines\n",
            "\n",
            "no newline",
            "a\r\nb\r\n",
            "\n\n",
          ]);
        }
      },
      TIMEOUT_MS,
    );
  }

  optionalTest(missing("cpp"))(
    "50 MB of input reach the program, and its output the checker",
    async () => {
      const line = `${"x".repeat(99)}\n`;
      const evaluation = await evaluate(echo(line.repeat(500_000)), "cpp", PROGRAMS.cpp.copy, {
        memoryLimitBytes: 2 ** 30,
      });
      expect(evaluation.tests[0]).toMatchObject({ status: "passed", stdoutTruncated: true });
      expect(evaluation.tests[0]?.stdout.length).toBe(65_536);
    },
    TIMEOUT_MS,
  );

  const real = existsSync(REAL) ? null : "the published instance is not beside the project";
  for (const language of LANGUAGE_IDS) {
    optionalTest(real ?? missing(language))(
      `${language}: the human solution of a published instance passes`,
      async () => {
        const instance = parseInstance(readFileSync(REAL, "utf8"), REAL);
        const every = SLOW_STARTERS.has(language) ? 4 : 1;
        const tests = instance.tests.filter((_, index) => index % every === 0);
        const code = instance.solutions[language]?.code ?? "";
        const evaluation = await evaluate({ ...instance, tests }, language, code);
        expect(evaluation.tests.filter(({ status }) => status !== "passed")).toEqual([]);
        expect(evaluation.passed).toBe(true);
      },
      TIMEOUT_MS,
    );
  }
});
