import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  canonicalCosts,
  compareScores,
  type ScoredProgram,
  scoreProgram,
  signFlipTest,
  summarizeScores,
} from "../../src/evaluate/score.ts";
import { createRandom } from "../../src/lib/random.ts";

// Only a hanging process may end a test by time: busy machines are slow.
setDefaultTimeout(60_000);

const OPTIONS = { seed: 1 };

function program(
  problem: string,
  language: string,
  own: readonly [number | null, number | null, number | null] | "failed",
  human: readonly [number | null, number | null, number | null] | null,
): ScoredProgram {
  const costs = (triple: readonly [number | null, number | null, number | null]) => ({
    runtime: triple[0],
    memory: triple[1],
    integral: triple[2],
  });
  return {
    problem,
    language,
    passed: own !== "failed",
    costs: costs(own === "failed" ? [1, 1, 1] : own),
    canonical: human === null ? null : costs(human),
  };
}

describe("scoreProgram()", () => {
  test("divides the human's cost by the program's, capped and not", () => {
    // ET = 1/2 = 50 %; MP = 30/20 = 150 %, capped 100; MI = 6/8 = 75 %.
    expect(scoreProgram(program("p", "cpp", [2, 20, 8], [1, 30, 6]))).toEqual({
      problem: "p",
      language: "cpp",
      passed: true,
      et: { capped: 50, uncapped: 50 },
      mp: { capped: 100, uncapped: 150 },
      mi: { capped: 75, uncapped: 75 },
    });
  });

  test("gives a failed program 0, also where no human was measured", () => {
    for (const human of [[1, 30, 6] as const, null]) {
      const scores = scoreProgram(program("p", "cpp", "failed", human));
      for (const name of ["et", "mp", "mi"] as const)
        expect(scores[name]).toEqual({ capped: 0, uncapped: 0 });
    }
  });

  test.each([
    ["no human", [1, 1, 1] as const, null],
    ["an unmeasured human", [1, 1, 1] as const, [null, null, null] as const],
    ["an unmeasured program", [null, null, null] as const, [1, 1, 1] as const],
    ["costs of zero, which are no measurement", [0, 0, 0] as const, [1, 1, 1] as const],
  ])("has no score with %s", (_name, own, human) => {
    const scores = scoreProgram(program("p", "cpp", own, human));
    for (const name of ["et", "mp", "mi"] as const)
      expect(scores[name]).toEqual({ capped: null, uncapped: null });
  });
});

describe("canonicalCosts()", () => {
  const fast = { passed: true, costs: { runtime: 1, memory: 50, integral: 40 } };
  const lean = { passed: true, costs: { runtime: 3, memory: 10, integral: 25 } };

  test("takes time from the fastest, memory from the leanest, the smaller integral of both", () => {
    expect(canonicalCosts(fast, lean)).toEqual({ runtime: 1, memory: 10, integral: 25 });
  });

  test("counts a human program that failed as not measured", () => {
    expect(canonicalCosts({ ...fast, passed: false }, lean)).toEqual({
      runtime: null,
      memory: 10,
      integral: 25,
    });
    expect(canonicalCosts(fast, { ...lean, passed: false })).toEqual({
      runtime: 1,
      memory: null,
      integral: 40,
    });
    expect(canonicalCosts({ ...fast, passed: false }, { ...lean, passed: false })).toEqual({
      runtime: null,
      memory: null,
      integral: null,
    });
  });
});

describe("summarizeScores()", () => {
  // Human costs are runtime 1 s, memory 10 MB, integral 5 MB·s on every problem.
  const human = [1, 10, 5] as const;
  const programs = [
    program("a", "cpp", [2, 10, 5], human), //        ET 50, MP 100, MI 100
    program("b", "cpp", [0.5, 20, 10], human), //     ET 100 (uncapped 200), MP 50, MI 50
    program("c", "cpp", "failed", human), //          0, 0, 0
    program("a", "python3", [4, 40, 20], human), //   ET 25, MP 25, MI 25
    program("b", "python3", [1.25, 12.5, 6.25], human), // ET 80, MP 80, MI 80
  ];
  const summary = summarizeScores(programs, OPTIONS);
  const values = (scores: (typeof summary)["average"]) =>
    (["et", "mp", "mi"] as const).map((name) => [scores[name].capped.value, scores[name].uncapped.value]);

  test("averages over problems in each language", () => {
    const [cpp, python] = summary.languages;
    if (cpp === undefined || python === undefined) throw new Error("two languages are wanted");
    // C++: ET (50 + 100 + 0) / 3 = 50, uncapped (50 + 200 + 0) / 3 = 83.33; MP (100 + 50 + 0) / 3 = 50; MI the same.
    expect([cpp.language, cpp.problems, cpp.passed]).toEqual(["cpp", 3, 2]);
    expect(values(cpp)).toEqual([
      [50, 250 / 3],
      [50, 50],
      [50, 50],
    ]);
    // Python: (25 + 80) / 2 = 52.5 everywhere.
    expect([python.language, python.problems, python.passed]).toEqual(["python3", 2, 2]);
    expect(values(python)).toEqual([
      [52.5, 52.5],
      [52.5, 52.5],
      [52.5, 52.5],
    ]);
  });

  test("averages the languages' means, not the problems", () => {
    // (50 + 52.5) / 2 = 51.25, where the mean over the five programs would be (150 + 105) / 5 = 51.
    expect(values(summary.average)).toEqual([
      [51.25, (250 / 3 + 52.5) / 2],
      [51.25, 51.25],
      [51.25, 51.25],
    ]);
    expect(summary.average.et.problems).toBe(5);
  });

  test("keeps what was not measured out of a mean and out of its count", () => {
    const { languages, average } = summarizeScores(
      [
        ...programs.slice(0, 2),
        program("d", "cpp", [1, null, 5], human),
        program("e", "ruby", [1, 1, 1], null),
      ],
      OPTIONS,
    );
    const cpp = languages.find((one) => one.language === "cpp");
    const ruby = languages.find((one) => one.language === "ruby");
    // ET (50 + 100 + 100) / 3; MP of the two that have it (100 + 50) / 2.
    expect(cpp?.et).toMatchObject({ problems: 3, capped: { value: 250 / 3 } });
    expect(cpp?.mp).toMatchObject({ problems: 2, capped: { value: 75 } });
    expect(ruby?.et).toEqual({
      problems: 0,
      capped: { value: null, interval: null },
      uncapped: { value: null, interval: null },
    });
    expect(average.et.capped.value).toBe(250 / 3);
  });

  test("gives the same intervals for a seed, none for a single problem, and [x, x] for equal problems", () => {
    expect(summarizeScores(programs, OPTIONS)).toEqual(summary);
    expect(summarizeScores(programs.slice(0, 1), OPTIONS).average.et.capped).toEqual({
      value: 50,
      interval: null,
    });
    const equal = ["a", "b", "c"].map((name) => program(name, "cpp", [2, 10, 5], human));
    expect(summarizeScores(equal, OPTIONS).average.et.capped).toEqual({ value: 50, interval: [50, 50] });
  });

  test("has intervals that hold the true mean in about 95 of 100 samples", () => {
    // Scores uniform in (0, 100): the true mean is 50. Percentile intervals of 60 problems cover a little less than 95 %.
    const random = createRandom(99);
    let covered = 0;
    for (let sample = 0; sample < 200; sample++) {
      const drawn = Array.from({ length: 60 }, (_, i) =>
        program(`p${i}`, "cpp", [100 / (100 * random()), 10, 5], human),
      );
      const { interval } = summarizeScores(drawn, { seed: sample, resamples: 400 }).average.et.capped;
      if (interval !== null && interval[0] <= 50 && 50 <= interval[1]) covered++;
    }
    expect(covered).toBeGreaterThan(175);
    expect(covered).toBeLessThan(200);
  });

  test("resamples whole problems: languages that agree do not make the average surer", () => {
    const random = createRandom(5);
    const scores = Array.from({ length: 40 }, () => 1 + 9 * random());
    const inLanguages = (languages: readonly string[]) =>
      languages.flatMap((language) =>
        scores.map((own, i) => program(`p${i}`, language, [own, 10, 5], human)),
      );
    const one = summarizeScores(inLanguages(["cpp"]), OPTIONS).average.et.capped;
    const four = summarizeScores(inLanguages(["cpp", "java", "ruby", "golang"]), OPTIONS).average.et.capped;
    expect(four.value).toBeCloseTo(one.value ?? 0, 10);
    expect(four.interval?.[0]).toBeCloseTo(one.interval?.[0] ?? 0, 10);
  });

  test("scores nothing without programs", () => {
    const empty = summarizeScores([], OPTIONS);
    expect([empty.problems, empty.languages]).toEqual([[], []]);
    expect(empty.average.et.capped).toEqual({ value: null, interval: null });
  });

  test("averages the whole benchmark in moderate time", () => {
    const random = createRandom(3);
    const all = ["cpp", "java", "ruby", "golang", "python3", "javascript"].flatMap((language) =>
      Array.from({ length: 623 }, (_, i) => program(`p${i}`, language, [1 + random(), 20, 10], human)),
    );
    const started = performance.now();
    expect(summarizeScores(all, OPTIONS).languages).toHaveLength(6);
    // About 0.2 s alone on a core; the bound only catches a quadratic mistake.
    expect(performance.now() - started).toBeLessThan(15_000);
  }, 30_000);
});

describe("compareScores()", () => {
  const human = [1, 10, 5] as const;
  const a = [
    program("a", "cpp", [2, 10, 5], human), // ET 50
    program("b", "cpp", [4, 10, 5], human), // ET 25
    program("c", "cpp", "failed", human), //   ET 0
    program("only-a", "cpp", [1, 10, 5], human),
  ].map(scoreProgram);
  const b = [
    program("a", "cpp", [1, 10, 5], human), //    ET 100: +50
    program("b", "cpp", [2, 10, 5], human), //    ET 50:  +25
    program("c", "cpp", [1.25, 10, 5], human), // ET 80:  +80
    program("only-b", "cpp", [1, 10, 5], human),
  ].map(scoreProgram);

  test("takes the problems that both have", () => {
    const comparison = compareScores(a, b, OPTIONS);
    const et = comparison.rows.find((row) => row.language === "cpp" && row.score === "et")?.capped;
    expect(et).toMatchObject({ pairs: 3, meanA: 25, better: 3, worse: 0 });
    // (100 + 50 + 80) / 3 − 25 = 51.67; of the 8 sign patterns two are as extreme: all up and all down.
    expect(et?.meanB).toBeCloseTo(230 / 3, 10);
    expect(et?.difference.value).toBeCloseTo(155 / 3, 10);
    expect(et?.pValue).toBe(0.25);
    expect(comparison.rows.map((row) => row.language)).toEqual([
      "cpp",
      "cpp",
      "cpp",
      "average",
      "average",
      "average",
    ]);
  });

  test("finds nothing between a set and itself, and nothing in nothing", () => {
    for (const row of compareScores(a, a, OPTIONS).rows) {
      expect(row.capped).toMatchObject({ difference: { value: 0 }, pValue: 1, better: 0, worse: 0 });
    }
    expect(compareScores(a, [], OPTIONS).rows).toEqual([]);
  });

  test("sees past the cap only where asked", () => {
    const fast = [program("a", "cpp", [0.5, 10, 5], human)].map(scoreProgram);
    const faster = [program("a", "cpp", [0.25, 10, 5], human)].map(scoreProgram);
    const et = compareScores(fast, faster, OPTIONS).rows[0];
    // Both beat the human: 100 and 100 capped, 200 and 400 uncapped.
    expect(et?.capped.difference.value).toBe(0);
    expect(et?.uncapped.difference.value).toBe(200);
  });
});

describe("signFlipTest()", () => {
  test("is exact for few values", () => {
    // 1, 2, 3: |sum| ≥ 6 in 2 of 8 patterns; with −1, 2, 3 the sum is 4: +++ ++−… gives |sum| ≥ 4 in 4 of 8.
    expect(signFlipTest([1, 2, 3], 1)).toBe(0.25);
    expect(signFlipTest([-1, 2, 3], 1)).toBe(0.5);
    expect(signFlipTest([0, 0], 1)).toBe(1);
    expect(signFlipTest([5], 1)).toBe(1);
    expect(signFlipTest([], 1)).toBeNull();
  });

  test("counts patterns that tie although their sums differ in the last bit", () => {
    expect(signFlipTest([0.1, 0.2, 0.3], 1)).toBe(0.25);
    expect(signFlipTest([0.1, 0.1, 0.1, -0.1], 1)).toBe(10 / 16);
  });

  test("rejects a true difference-free set in at most about 5 of 100 cases and finds a real one", () => {
    const random = createRandom(11);
    const noise = () => random() + random() + random() - 1.5;
    let rejected = 0;
    for (let i = 0; i < 100; i++) {
      if ((signFlipTest(Array.from({ length: 30 }, noise), i) ?? 1) < 0.05) rejected++;
    }
    expect(rejected).toBeLessThan(13);
    expect(
      signFlipTest(
        Array.from({ length: 30 }, () => noise() + 1),
        1,
      ),
    ).toBeLessThan(0.001);
  });
});
