import { describe, expect, test } from "bun:test";
import {
  type CommandContext,
  LANGUAGE_IDS,
  LANGUAGES,
  languageOfFile,
  parseLanguage,
} from "../src/languages.ts";
import type { Language } from "../src/types.ts";

describe("parseLanguage()", () => {
  const spellings: readonly (readonly [Language, readonly string[]])[] = [
    ["python3", ["python", "py", "python3", "Python", "PY"]],
    ["cpp", ["cpp", "c++", "cxx", "C++", "CPP"]],
    ["java", ["java", "Java", " java "]],
    ["javascript", ["javascript", "js", "node", "JavaScript"]],
    ["golang", ["golang", "go", "Go"]],
    ["ruby", ["ruby", "rb", "Ruby"]],
  ];
  test.each(spellings)("knows every spelling of %s", (language, texts) => {
    for (const text of texts) expect(parseLanguage(text)).toBe(language);
  });

  test("refuses what is no language, prototype names included", () => {
    for (const text of ["", "rust", "constructor", "toString", "c", "javascript ruby"]) {
      expect(parseLanguage(text)).toBeNull();
    }
  });
});

describe("languageOfFile()", () => {
  test.each([
    ["a.py", "python3"],
    ["dir.js/a.CPP", "cpp"],
    ["a.cc", "cpp"],
    ["Main.java", "java"],
    ["a.mjs", "javascript"],
    ["main.go", "golang"],
    ["a.b.rb", "ruby"],
  ] as const)("reads the extension of %s", (name, language) => {
    expect(languageOfFile(name)).toBe(language);
  });

  test("gives null without a known extension", () => {
    for (const name of ["-", "README", "a.txt", ".py/a", "a."]) expect(languageOfFile(name)).toBeNull();
  });
});

describe("LANGUAGES", () => {
  const context = (code: string, language: Language, majorVersion = 21): CommandContext => ({
    tool: (name) => `/tools/${name}`,
    dir: "/box",
    layout: LANGUAGES[language].layout(code),
    memoryBytes: 256 * 2 ** 20,
    majorVersion,
  });

  test("a row is complete and found under its own key", () => {
    for (const language of LANGUAGE_IDS) {
      const spec = LANGUAGES[language];
      expect(spec.language).toBe(language);
      expect(parseLanguage(spec.sandboxId)).toBe(language);
      expect(spec.spellings.every((spelling) => spelling === spelling.toLowerCase())).toBe(true);
      expect(spec.tools.length).toBeGreaterThan(0);
      expect(spec.install.debian).toStartWith("apt install");
      expect(spec.timeLimitFactor).toBeGreaterThanOrEqual(1);
      expect(spec.placeholder("text")).toContain("text");
      for (const argv of [spec.build(context("", language)), spec.run(context("", language))]) {
        expect(argv[0]).toStartWith("/");
      }
    }
    expect(LANGUAGES.cpp.timeLimitFactor).toBe(1);
  });

  test("java has preview features from JDK 21 on, with the JDK's own release", () => {
    const build = (version: number) => LANGUAGES.java.build(context("", "java", version)).join(" ");
    const run = (version: number) => LANGUAGES.java.run(context("", "java", version)).join(" ");
    expect(build(17)).not.toContain("preview");
    expect(run(17)).not.toContain("preview");
    expect(build(21)).toContain("--enable-preview --release 21");
    expect(build(25)).toContain("--enable-preview --release 25");
    expect(run(21)).toContain("--enable-preview");
  });

  test("virtual machines are told the memory limit, and get room to be caught by it", () => {
    expect(LANGUAGES.java.run(context("", "java"))).toContain("-Xmx320m");
    expect(LANGUAGES.javascript.run(context("", "javascript"))).toContain("--max-old-space-size=320");
  });
});

describe("LANGUAGES.java.layout()", () => {
  test.each([
    ["public class Main { public static void main(String[] a) {} }", "Main.java", "Main"],
    ["class Codechef { public static void main(String[] a) {} }", "Codechef.java", "Codechef"],
    [
      "class A { int x; }\nclass B { static void f() {} public static void main(String... a) {} }",
      "B.java",
      "B",
    ],
    ["class Solve { public static void main(String[] a) {} }\npublic class Data {}", "Data.java", "Solve"],
    ["package a.b;\npublic class P { public static void main(String[] a) {} }", "P.java", "a.b.P"],
    [
      "// public class No {}\n/* class Nor {} */ public final class Yes { static void main() {} }",
      "Yes.java",
      "Yes",
    ],
    [
      'class S { String s = "class X { void main( }"; public static void main(String[] a) {} }',
      "S.java",
      "S",
    ],
    ["interface I { } record R(int a) { public static void main(String[] a) {} }", "R.java", "R"],
    ["class T { class Inner { void main(int x) {} } public static void main(String[] a) {} }", "T.java", "T"],
    [
      'import java.util.*;\n@SuppressWarnings("x") public class Ann { public static void main(String[] a) { Object o = Ann.class; } }',
      "Ann.java",
      "Ann",
    ],
    ["nothing", "Main.java", "Main"],
    ["", "Main.java", "Main"],
  ])("of %j", (code, fileName, entry) => {
    expect(LANGUAGES.java.layout(code)).toEqual({ fileName, entry });
  });
});
