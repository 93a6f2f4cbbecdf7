import { expect, test } from "bun:test";
import { parseDotenv } from "../../src/config/dotenv.ts";

const VALUES: readonly (readonly [string, string, Record<string, string>])[] = [
  ["plain", "A=1", { A: "1" }],
  ["spaces around", "  A =  two words  ", { A: "two words" }],
  ["export", "export A=1", { A: "1" }],
  ["empty", "A=\nB=2", { A: "", B: "2" }],
  ["comment lines", "# A=1\n\n  # x\nB=2", { B: "2" }],
  ["comment behind", "A=1 # one", { A: "1" }],
  ["a hash inside a word", "A=a#b", { A: "a#b" }],
  ["only a comment as value", "A=# none", { A: "" }],
  ["single quotes are literal", "A='x # \\n $Y'", { A: "x # \\n $Y" }],
  ["double quotes have escapes", 'A="a\\nb\\"c\\\\d\\$e"', { A: 'a\nb"c\\d$e' }],
  ["quoted over lines", "A=\"one\ntwo\"\nB='three\nfour'\nC=5", { A: "one\ntwo", B: "three\nfour", C: "5" }],
  ["comment behind quotes", "A='x' # y", { A: "x" }],
  ["carriage returns", "A=1\r\nB=2\r", { A: "1", B: "2" }],
  ["byte order mark", "\uFEFFA=1", { A: "1" }],
  ["equals signs in the value", "A=b=c==", { A: "b=c==" }],
  ["the last one counts", "A=1\nA=2", { A: "2" }],
  ["names of objects are ordinary names", "toString=1\n__proto__=2", { toString: "1", ["__proto__"]: "2" }],
  ["nothing", "", {}],
];

for (const [name, text, values] of VALUES) {
  test(`parseDotenv() reads ${name}`, () => {
    const result = parseDotenv(text);
    expect([...result.values]).toEqual(Object.entries(values));
    expect(result.badLines).toEqual([]);
  });
}

const BAD: readonly (readonly [string, readonly number[]])[] = [
  ["no assignment", [1]],
  ["A=1\n1A=2\nB=3", [2]],
  ["A='open\nB=1", [1]],
  ['A="one\ntwo"\nbad line\nC=1', [3]],
  ["=x", [1]],
];

for (const [text, lines] of BAD) {
  test(`parseDotenv() numbers the bad lines of ${JSON.stringify(text)}`, () => {
    expect(parseDotenv(text).badLines).toEqual([...lines]);
  });
}

test("parseDotenv() ends on any text", () => {
  // A linear congruential generator: the same texts in every run.
  let state = 7;
  const next = (bound: number) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state % bound;
  };
  const alphabet = "A=\"'\\\n # x$".split("");
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: next(40) }, () => alphabet[next(alphabet.length)]).join("");
    const { badLines } = parseDotenv(text);
    for (const line of badLines) expect(line).toBeLessThanOrEqual(text.split("\n").length);
  }
});
