import type { Instance, TestCase } from "../../src/types.ts";

/** An instance of type `io` without checker and generator, judged by its text. */
export function ioInstance(tests: readonly TestCase[], changes: Partial<Instance> = {}): Instance {
  return {
    taskName: "sample",
    id: "1",
    title: "Sample",
    description: "Print what is wanted.",
    type: "io",
    tests,
    evaluatorSource: null,
    generatorSource: null,
    starterCode: {},
    runners: {},
    timeLimitMs: 10_000,
    memoryLimitBytes: 512e6,
    solutions: {},
    sha256: "",
    ...changes,
  };
}
