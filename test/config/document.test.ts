import { expect, setDefaultTimeout, test } from "bun:test";
import { parseConfigDocument } from "../../src/config/document.ts";
import { problemText } from "../../src/config/problem.ts";

/** Far above what a test needs, also on a busy machine. */
setDefaultTimeout(60_000);

const problems = (text: string) => parseConfigDocument(text, "p.yaml").problems.map(problemText);

const BROKEN: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "duplicate keys",
    "a: 1\nb:\n  c: 1\n  c: 2\na: 3",
    ["p.yaml:4: c: is given twice", "p.yaml:5: a: is given twice"],
  ],
  ["two documents", "a: 1\n---\nb: 2", ["p.yaml:2: holds a second YAML document; one is wanted"]],
  ["a list", "- 1", ["p.yaml:1: holds no keys at its top; 'key: value' lines are wanted"]],
  ["a word", "word", ["p.yaml:1: holds no keys at its top; 'key: value' lines are wanted"]],
  ["a tab", "a:\n\tb: 1", ["p.yaml:2: is not valid YAML: Tabs are not allowed as indentation"]],
  [
    "an unknown anchor",
    "a: *b",
    ["p.yaml:1: is not valid YAML: Unresolved alias (the anchor must be set before the alias): b"],
  ],
  ["an unknown tag", "a: 1\nb: !!python/object x", ["p.yaml:2: holds a tag that is not known here"]],
];

for (const [name, text, expected] of BROKEN) {
  test(`parseConfigDocument() refuses ${name}`, () => {
    expect(problems(text)).toEqual([...expected]);
  });
}

test("parseConfigDocument() never quotes the file: it may hold a key", () => {
  for (const text of [
    "a: 'sk-secret",
    'a: "sk-secret\n',
    "a: [sk-secret",
    "{a: sk-secret",
    "a: b: sk-secret",
    "a: @sk-secret",
  ]) {
    const found = problems(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join("\n")).not.toContain("sk-secret");
  }
});

// An unguarded expansion would take hours: here the time limit of the test is the assertion.
test("parseConfigDocument() stops bombs", () => {
  let aliases = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (let i = 1; i < 9; i++)
    aliases += `a${i}: &a${i} [${Array(9)
      .fill(`*a${i - 1}`)
      .join()}]\n`;
  expect(problems(aliases)).toEqual(["p.yaml:1: uses its aliases more than 100 times"]);
  expect(problems("[".repeat(100_000))).toHaveLength(1);
  expect(problems("a: ".concat("{a: ".repeat(20_000)))).toHaveLength(1);
});

test("parseConfigDocument() gives the line of every key", () => {
  const { root, lineOf } = parseConfigDocument(
    "# c\nmax_iterations: 1\n\nmodel:\n  name: x\n  api_base: |\n    y\n  stream: true\n",
    "p",
  );
  expect(root).toEqual({ max_iterations: 1, model: { name: "x", api_base: "y\n", stream: true } });
  expect(lineOf(["max_iterations"])).toBe(2);
  expect(lineOf(["model"])).toBe(4);
  expect(lineOf(["model", "name"])).toBe(5);
  expect(lineOf(["model", "stream"])).toBe(8);
  expect(lineOf(["model", "other"])).toBe(4);
});

test("parseConfigDocument() merges anchors, as the original's reader does", () => {
  const {
    root,
    lineOf,
    problems: none,
  } = parseConfigDocument("model: &m\n  name: x\nruntime:\n  <<: *m\n  num_runs: 3", "p");
  expect(none).toEqual([]);
  expect(root).toEqual({ model: { name: "x" }, runtime: { name: "x", num_runs: 3 } });
  expect(lineOf(["runtime", "name"])).toBe(3);
});

test("parseConfigDocument() takes an empty file, comments alone and null for no keys", () => {
  for (const text of ["", "# only\n", "---\n", "null", "~"]) {
    expect(parseConfigDocument(text, "p")).toMatchObject({ root: {}, problems: [] });
  }
});

test("parseConfigDocument() keeps names of objects as ordinary keys", () => {
  const { root } = parseConfigDocument("__proto__: {max_iterations: 1}\nconstructor: 2\n", "p");
  expect(Object.keys(root)).toEqual(["__proto__", "constructor"]);
});
