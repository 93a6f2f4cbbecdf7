import { describe, expect, test } from "bun:test";
import { parseLanguages, parseRange, parseShard, shardOfScheduler } from "../../src/commands/batch/flags.ts";

describe("parseLanguages()", () => {
  test("takes every spelling, each language once", () => {
    expect(parseLanguages(undefined)).toBeNull();
    expect(parseLanguages("python, c++,go,python3")).toEqual(["python3", "cpp", "golang"]);
    expect(() => parseLanguages("python3,cobol")).toThrow(/'cobol' is given; one or more of python3, cpp/);
  });
});

describe("parseRange()", () => {
  test("leaves either end out", () => {
    expect(parseRange("10:20")).toEqual({ from: 10, to: 20 });
    expect(parseRange(":5")).toEqual({ from: 0, to: 5 });
    expect(parseRange("7:")).toEqual({ from: 7, to: null });
  });
  for (const text of [":", "5", "5:5", "9:3", "a:b", "-1:3", "1:2:3", ""]) {
    test(`refuses '${text}'`, () => {
      expect(() => parseRange(text)).toThrow(/--range: .* A:B with A before B is wanted/);
    });
  }
});

describe("parseShard()", () => {
  test("counts from 1; the only part is everything", () => {
    expect(parseShard("2/8")).toEqual({ index: 2, count: 8 });
    expect(parseShard("1/1")).toBeNull();
  });
  for (const text of ["0/8", "9/8", "2", "a/b", "1/0", "-1/2", "1/2/3"]) {
    test(`refuses '${text}'`, () => {
      expect(() => parseShard(text)).toThrow(/--shard: .* I\/N with I from 1 to N is wanted/);
    });
  }
});

describe("shardOfScheduler()", () => {
  const array = (id: string, count: string, min?: string, step?: string) => ({
    SLURM_ARRAY_TASK_ID: id,
    SLURM_ARRAY_TASK_COUNT: count,
    SLURM_ARRAY_TASK_MIN: min,
    SLURM_ARRAY_TASK_STEP: step,
  });

  test("is nothing outside of an array job and in an array of one", () => {
    expect(shardOfScheduler({})).toBeNull();
    expect(shardOfScheduler({ SLURM_JOB_ID: "7" })).toBeNull();
    expect(shardOfScheduler(array("3", "1", "3"))).toBeNull();
  });

  test("gives every task of an array a part of its own, wherever the array starts and steps", () => {
    const parts = (ids: readonly number[], min: number, step: number) =>
      ids.map(
        (id) => shardOfScheduler(array(String(id), String(ids.length), String(min), String(step)))?.index,
      );
    expect(parts([0, 1, 2, 3], 0, 1)).toEqual([1, 2, 3, 4]);
    expect(parts([1, 2, 3], 1, 1)).toEqual([1, 2, 3]);
    expect(parts([10, 15, 20], 10, 5)).toEqual([1, 2, 3]);
  });

  test("refuses what tells no part instead of running everything in each task", () => {
    // --array=1,5,7
    expect(() => shardOfScheduler(array("5", "3", "1", "1"))).toThrow(/does not tell a part/);
    expect(() => shardOfScheduler({ SLURM_ARRAY_TASK_ID: "2" })).toThrow(/SLURM_ARRAY_TASK_COUNT is not set/);
  });
});
