import { describe, expect, test } from "bun:test";
import { normalize, programKey } from "../../src/evaluate/normalize.ts";
import type { Language } from "../../src/types.ts";

/** Programs that are the same but for layout and comments. */
const SAME: readonly (readonly [Language, string, string])[] = [
  ["python3", "if x:\n  y = 1 # note\n\n", "if x :\n        y=1\n"],
  ["python3", "f(1,\n   2)", "f(1, 2)"],
  ["python3", "x = a \\\n + b", "x = a+b"],
  ["python3", "if a:\n\tif b:\n\t\tc\n\td\n", "if a:\n  if b:\n    c\n  d\n"],
  ["python3", "if a:\n  if b:\n    c\n# note\n  d\n", "if a:\n  if b:\n    c\n  d\r\n"],
  ["cpp", "#include <a>\nint main(){return 0;}", "#include   <a>\n\nint main()\n{\n  return 0; // x\n}\n"],
  ["cpp", "int x = 1'000; char c='\\'';", "int x=1'000;char c = '\\'';/* a ' */"],
  ["cpp", "a;\n#define X 1\nb;", "a;#define X 1\nb;".replace("#", "\n  #")],
  ["java", "class A { void f() { int a = 1; } }", "class A\n{\n\tvoid f()\n\t{\n\t\tint a=1;\n\t}\n}"],
  ["javascript", "function f() {\n  return 1;\n}\n", "function f(){return 1;}"],
  ["javascript", "f(a,\n  b)", "f(a, b) // two"],
  ["golang", "func f() {\n\treturn 1 // c\n}", "func f() { return 1 }"],
  ["ruby", "def f\n  a # x\nend\n", "def f\n\n    a\nend"],
  ["ruby", "=begin\nwords\n=end\na", "a"],
];

/** Programs that do different things, or might. */
const DIFFERENT: readonly (readonly [Language, string, string])[] = [
  ["python3", "if x:\n  a\n  b\n", "if x:\n  a\nb\n"],
  ["python3", "if a:\n  if b:\n    c\n  d\n", "if a:\n  if b:\n    c\n    d\n"],
  ["python3", 'print("a  b")', 'print("a b")'],
  ["python3", 'print("# b")', 'print("# c")'],
  ["python3", "print('''a\n  b''')", "print('''a\n b''')"],
  ["python3", "a = - -b", "a = --b".replace("--", "-+")],
  ["python3", "not x", "notx"],
  ["python3", "x = 1\ny = 2", "x = 1 ; y = 3"],
  ["cpp", "#define F (x)\n", "#define F(x)\n"],
  ["cpp", "a - -b", "a --b"],
  ["cpp", 'f(R"(a  b)")', 'f(R"(a b)")'],
  ["cpp", 'f("//")', 'f("/")'],
  ["java", 'String a = """\n  x\n   y""";', 'String a = """\n  x\n  y""";'],
  ["javascript", "return\n1", "return 1"],
  ["javascript", "x = /a  b/", "x = /a b/"],
  ["javascript", "x = a / b; // c\n", "x = a / c;\n"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a program
  ["javascript", "`a  ${`x  y`}`", "`a  ${`x y`}`"],
  ["golang", "a\n-b", "a -b"],
  ["golang", "//go:noinline\nfunc f() {}", "func f() {}"],
  ["ruby", "# frozen_string_literal: true\nputs 1", "puts 1"],
  ["golang", "x := `a\n  b`", "x := `a\n b`"],
  ["ruby", "f -1", "f - 1"],
  ["ruby", "puts <<~A\n  x\n    y\nA\n", "puts <<~A\n  x\n  y\nA\n"],
  ["ruby", 'puts "#{a}"', 'puts "#{b}"'],
  ["ruby", "%w[a  b#c]", "%w[a b#d]"],
];

describe("programKey()", () => {
  for (const [language, one, other] of SAME) {
    test(`${language}: ${JSON.stringify(one)} is ${JSON.stringify(other)}`, () => {
      expect(normalize(other, language)).toBe(normalize(one, language));
      expect(programKey(other, language)).toBe(programKey(one, language));
    });
  }
  for (const [language, one, other] of DIFFERENT) {
    test(`${language}: ${JSON.stringify(one)} is not ${JSON.stringify(other)}`, () => {
      expect(programKey(other, language)).not.toBe(programKey(one, language));
    });
  }

  test("differs between languages", () => {
    expect(programKey("x", "ruby")).not.toBe(programKey("x", "python3"));
  });

  test("ends on any text, however broken", () => {
    const scraps = [
      "'",
      '"',
      "`",
      "`${",
      "/*",
      "/",
      "\\",
      "'''",
      'R"(',
      "<<~A",
      "%w[",
      "=begin\n",
      "#",
      "\t",
      "{",
      "(",
    ];
    for (const language of ["python3", "cpp", "java", "javascript", "golang", "ruby"] as const) {
      for (const one of scraps) for (const other of scraps) normalize(`${one}a ${other}b\n`, language);
    }
  });

  test("takes a large program in little time", () => {
    const line = 'for (int i = 0; i < n; i++) { s += "a"; /* c */ } // d\n';
    const started = performance.now();
    normalize(line.repeat(5000), "cpp");
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
