import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { createRandom } from "../../src/lib/random.ts";
import { emptyResult } from "../../src/sandbox/result.ts";
import {
  languageOfSandboxId,
  SubmissionAnswerSchema,
  SubmissionRequestSchema,
} from "../../src/sandbox/wire.ts";
import {
  buildOf,
  buildRequestOf,
  cleanTerminalText,
  compilerMessage,
  NotText,
  requestOf,
  resultOf,
} from "../../src/sandbox/wire-client.ts";
import { answerOf, type ServiceCaps, type Work, workOf } from "../../src/sandbox/wire-server.ts";
import type { Build, ExecResult, ExecStatus, Job, Language, Limits } from "../../src/types.ts";

const LIMITS: Limits = { wallMs: 1_234, memoryBytes: 65_000_000, outputBytes: 10_000 };
const CAPS: ServiceCaps = {
  languages: ["python3", "cpp", "java", "javascript", "golang", "ruby"],
  limits: { wallMs: 1e9, memoryBytes: 1e15, outputBytes: 1e12 },
};
const BUILD: Build = { status: "ok", key: "code", message: "", language: "python3" };

function jobOf(stdin: string | Uint8Array, language: Language = "python3"): Job {
  return { build: { ...BUILD, language, status: "ok", key: "code", message: "" }, stdin, limits: LIMITS };
}

/** Over the wire: JSON and the schema of the other side. */
function sent<T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  return v.parse(schema, JSON.parse(JSON.stringify(value)));
}

function workOfJob(job: Job): Work {
  const work = workOf(sent(SubmissionRequestSchema, requestOf(job, "time", true)), CAPS);
  if (typeof work === "string") throw new Error(work);
  return work;
}

describe("requestOf() and workOf()", () => {
  test.each([
    ["text", "3 5\n"],
    ["bytes that are text", new TextEncoder().encode("\u{FEFF}ä\n")],
    ["bytes that are not", new Uint8Array([0, 0xff, 0xfe, 10])],
  ])("carry %s and the exact limits to perfagent's own service", (_name, stdin) => {
    const work = workOfJob(jobOf(stdin));
    expect(work.limits).toEqual(LIMITS);
    expect(work).toMatchObject({ purpose: "time", buildOnly: false, extended: true });
    const bytes = (input: string | Uint8Array) => Buffer.from(input).toString("hex");
    expect(bytes(work.stdin)).toBe(bytes(stdin));
  });

  test("round limits up to the protocol's units for any other service", () => {
    const request = requestOf(jobOf("x"), "check", false);
    expect(request).toMatchObject({ time_limit: 2, memory_limit: 62, stdin: "x" });
    expect("perfagent" in request).toBe(false);
  });

  test("rename the class that an official service could not start", () => {
    const code = "class Codechef { public static void main(String[] a) {} }";
    const build = { status: "ok", key: code, message: "", language: "java" } as const;
    const job: Job = { build, stdin: "", limits: LIMITS };
    expect(requestOf(job, "check", false).code).toBe(code.replace("Codechef", "Main"));
    expect(requestOf(job, "check", true).code).toBe(code);
  });

  test("refuse input that no other service could read", () => {
    expect(() => requestOf(jobOf(new Uint8Array([0xff])), "check", false)).toThrow(NotText);
  });

  test.each(CAPS.languages.map((language) => [language]))(
    "name the language %s as the service does",
    (language) => {
      expect(languageOfSandboxId(requestOf(jobOf("", language), "check", false).language)).toBe(language);
    },
  );

  test("tell a build apart from a run", () => {
    const work = workOf(sent(SubmissionRequestSchema, buildRequestOf("cpp", "int main(){}")), CAPS);
    expect(work).toMatchObject({ buildOnly: true, source: { language: "cpp", code: "int main(){}" } });
  });

  test("take no other spelling of a language than the protocol's", () => {
    for (const language of ["python3", "golang", "Python", "c++", "__proto__"]) {
      expect(workOf({ code: "x", language }, CAPS)).toContain("is not allowed here");
    }
  });
});

describe("answerOf() and resultOf()", () => {
  const random = createRandom(7);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const maybe = (value: number): number | null => (random() < 0.2 ? null : value);
  const bytes = (): Uint8Array =>
    random() < 0.5
      ? new TextEncoder().encode(pick(["", "8\n", "a\r\n", "\u{FEFF}x", "ä😀", "\u001b[1m"]))
      : Uint8Array.from({ length: Math.floor(random() * 20) }, () => Math.floor(random() * 256));

  function randomResult(): ExecResult {
    const statuses: ExecStatus[] = ["exited", "timeout", "memory_limit", "output_limit", "runtime_error"];
    return {
      status: pick([...statuses, "sandbox_error", "cancelled"]),
      exitCode: maybe(Math.floor(random() * 256)),
      signal: pick([null, "SIGSEGV", "SIGKILL"]),
      wallNs: maybe(Math.floor(random() * 1e10)),
      cpuUs: maybe(random() * 1e6),
      peakBytes: maybe(Math.floor(random() * 1e9)),
      integralByteS: maybe(random() * 1e9),
      stdout: bytes(),
      stderr: bytes(),
      stdoutTruncated: random() < 0.5,
      stderrTruncated: random() < 0.5,
      message: pick(["", "no box"]),
    };
  }

  test("give back every result as it was, over the wire (300 random ones, seed 7)", () => {
    const work = workOfJob(jobOf("x"));
    for (let n = 0; n < 300; n += 1) {
      const exec = randomResult();
      const answer = sent(SubmissionAnswerSchema, answerOf(n, work, { build: BUILD, exec, message: "" }));
      expect(resultOf(answer, "python3", LIMITS)).toEqual(exec);
    }
  });

  test("give back a build as it was", () => {
    const work = { ...workOfJob(jobOf("x")), buildOnly: true };
    const failed: Build = { status: "failed", message: "no", language: "cpp" };
    for (const build of [{ ...BUILD, message: "a warning" }, failed]) {
      const answer = sent(SubmissionAnswerSchema, answerOf(1, work, { build, exec: null, message: "" }));
      expect(buildOf(answer, build.language, "code")).toEqual(build);
    }
  });

  test("say that a service could not run a program, and never that the program failed", () => {
    const work = workOfJob(jobOf("x"));
    const answer = answerOf(1, work, { build: null, exec: null, message: "no compiler" });
    expect(resultOf(answer, "python3", LIMITS)).toEqual(emptyResult("sandbox_error", "no compiler"));
  });
});

describe("compilerMessage()", () => {
  test.each([
    ["cpp", "code.cpp:1:1: error: 'x' does not name a type", true],
    ["cpp", "/workspace/code.cpp: In function 'int main()':\n/workspace/code.cpp:1:12: error: no", true],
    ["cpp", "code.cpp:3: Assertion failed", false],
    ["java", "/workspace/Main.java:3: error: ';' expected\n", true],
    ["java", 'Exception in thread "main" java.lang.Error\n\tat Main.main(Main.java:3)', false],
    ["golang", "# command-line-arguments\n./main.go:3:2: undefined: x", true],
    ["golang", "panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/workspace/main.go:4 +0x1", false],
    ["python3", '  File "code.py", line 1\nSyntaxError: invalid syntax', false],
  ] as const)("%s: %j is a compile error: %p", (language, text, wanted) => {
    const answer = { submission_id: 1, status: "error" as const, exit_code: 1, text };
    expect(compilerMessage(answer, language) !== null).toBe(wanted);
    expect(compilerMessage({ ...answer, status: "done" }, language)).toBeNull();
  });
});

describe("cleanTerminalText()", () => {
  test.each([
    ["a\r\nb\r\r\nc\n", "a\nb\nc\n"],
    ["\u001b[31mred\u001b[0m\u001b[2K", "red"],
    ["a\rb", "a\rb"],
  ])("%j becomes %j", (text, wanted) => {
    expect(cleanTerminalText(text)).toBe(wanted);
  });
});
